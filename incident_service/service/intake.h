#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_INTAKE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_INTAKE_H_

// Takes reports in: checks them, stores them, and says so. No upstream is
// asked: what is acknowledged here must not depend on anything being up.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/store/store.h"
#include "incident_service/templates/template_set.h"

namespace opcon_snow::incident {

struct IntakeOptions {
  // The OpCon instance of reports that name none.
  std::string default_opcon;
  std::int64_t max_open_reports = 1000000;
  // How long failures settle before they are looked into.
  absl::Duration settle_delay = absl::ZeroDuration();
};

// Thread-safe.
class Intake {
 public:
  // All pointers must outlive it.
  Intake(IntakeOptions options, Store* store,
         std::function<std::shared_ptr<const TemplateSet>()> templates);

  // `reported_by` is the principal that calls; empty if nobody had to say who
  // he is. `trace_parent` is the span of the call, which what becomes of the
  // report belongs to; empty if there is none. Does not block. Calls `done`
  // once: when the report is durable, on a thread of the store's that must not
  // be held up, or before it returns if there is nothing to store.
  using Done = std::function<void(
      absl::StatusOr<::incident::v1::ReportJobEventResponse>)>;
  void Report(const ::incident::v1::ReportJobEventRequest& request,
              absl::string_view reported_by, Done done,
              const std::string& trace_parent = "");

 private:
  Store::NewReport ReportOf(
      const ::incident::v1::ReportJobEventRequest& request) const;

  const IntakeOptions options_;
  Store* const store_;
  const std::function<std::shared_ptr<const TemplateSet>()> templates_;
};

// The event with the defaults for what it leaves out.
::incident::v1::JobEvent CompleteEvent(::incident::v1::JobEvent event,
                                       const std::string& default_opcon);

// What is wrong with the request: INVALID_ARGUMENT with a violation for each
// field.
absl::Status ValidateReport(
    const ::incident::v1::ReportJobEventRequest& request);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_INTAKE_H_
