#ifndef OPCON_SNOW_SNOW_GATEWAY_CREATE_INCIDENT_FIXTURE_H_
#define OPCON_SNOW_SNOW_GATEWAY_CREATE_INCIDENT_FIXTURE_H_

// A create, and the incident that comes of it. Tests only.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "snow_gateway/create_incident.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {

inline constexpr char kMarker[] = "[failure 4711-0815]";
inline constexpr char kCorrelation[] = "opcon:9010,20260105|16|1|JOB 1";

class CreateIncidentTest : public GatewayTest {
 protected:
  CreateIncidentTest() : instance_(MakeInstance()) {
    ::servicenow::v1::Incident& incident = *request_.mutable_incident();
    incident.set_sys_id(kSysId);
    incident.set_short_description("Job failed");
    incident.set_description(absl::StrCat("It failed.\n", kMarker));
    incident.set_correlation_id(kCorrelation);
    incident.set_correlation_display("SMA_OPCON");
    request_.set_marker(kMarker);
  }

  // The incident as the instance shows it.
  nlohmann::json Row() const {
    return {{"sys_id", kSysId},
            {"number", "INC0010001"},
            {"state", "1"},
            {"active", "true"},
            {"short_description", "Job failed"},
            {"description", absl::StrCat("It failed.\n", kMarker)},
            {"correlation_id", kCorrelation},
            {"correlation_display", "SMA_OPCON"},
            {"sys_created_on", "2026-01-05 12:00:00"},
            {"sys_updated_on", "2026-01-05 12:00:00"},
            {"sys_mod_count", "0"}};
  }

  absl::StatusOr<::servicenow::v1::CreateIncidentResponse> Create() {
    return Run(CreateIncident(instance_, request_, Scope()));
  }

  // The fields that a refused request names.
  static std::string Violations(
      const absl::StatusOr<::servicenow::v1::CreateIncidentResponse>& reply) {
    std::string fields;
    const auto details = GetErrorDetails(reply.status());
    if (!details.has_value()) return "";
    for (const FieldViolation& violation : details->violations) {
      absl::StrAppend(&fields, violation.field, " ");
    }
    return fields;
  }

  std::shared_ptr<Instance> instance_;
  ::servicenow::v1::CreateIncidentRequest request_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_CREATE_INCIDENT_FIXTURE_H_
