#include "incident_service/workflow/instance_directory.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

constexpr absl::Duration kRemembered = absl::Seconds(30);

}  // namespace

absl::StatusOr<std::vector<::opcon::v1::Instance>> InstanceDirectory::OpCons(
    bool anyway) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!anyway && clock_->SteadyNow() < opcons_.until) return opcons_.entries;
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto reply, opcon_->ListInstances({}));
  const std::lock_guard<std::mutex> lock(mutex_);
  opcons_.entries.assign(reply.instances().begin(), reply.instances().end());
  opcons_.until = SteadyAfter(clock_->SteadyNow(), kRemembered);
  return opcons_.entries;
}

absl::StatusOr<std::vector<::servicenow::v1::Instance>>
InstanceDirectory::ServiceNows(bool anyway) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!anyway && clock_->SteadyNow() < servicenows_.until) {
      return servicenows_.entries;
    }
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto reply, servicenow_->ListInstances({}));
  const std::lock_guard<std::mutex> lock(mutex_);
  servicenows_.entries.assign(reply.instances().begin(),
                              reply.instances().end());
  servicenows_.until = SteadyAfter(clock_->SteadyNow(), kRemembered);
  return servicenows_.entries;
}

absl::StatusOr<std::string> InstanceDirectory::PublicAddress(
    const std::string& opcon) {
  for (const bool anyway : {false, true}) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const auto instances, OpCons(anyway));
    for (const ::opcon::v1::Instance& instance : instances) {
      if (instance.name() == opcon) return instance.public_address();
    }
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("the OpCon gateway has no instance \"", opcon,
                   "\": add it there, or mend --opcon in the command that "
                   "reports, then retry the report"),
      {.reason = "UNKNOWN_OPCON",
       .domain = "incident-service",
       .metadata = {{"instance", opcon}}});
}

std::string InstanceDirectory::LastPublicAddress(const std::string& opcon) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const ::opcon::v1::Instance& instance : opcons_.entries) {
    if (instance.name() == opcon) return instance.public_address();
  }
  return "";
}

absl::StatusOr<std::string> InstanceDirectory::ServiceNowName(
    const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto instances,
                              ServiceNows(/*anyway=*/false));
  for (const ::servicenow::v1::Instance& instance : instances) {
    if (instance.is_default()) return instance.name();
  }
  return MakeError(
      absl::StatusCode::kInternal,
      "the ServiceNow gateway names no default instance: name "
      "one in the template (servicenow)",
      {.reason = "UNKNOWN_INSTANCE", .domain = "incident-service"});
}

absl::StatusOr<std::string> InstanceDirectory::IntegrationUser(
    const std::string& name) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto instances,
                              ServiceNows(/*anyway=*/false));
  for (const ::servicenow::v1::Instance& instance : instances) {
    if (instance.name() == name) return instance.integration_user();
  }
  return "";
}

absl::StatusOr<std::string> InstanceDirectory::ServiceNowAddress(
    const std::string& name) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto instances,
                              ServiceNows(/*anyway=*/false));
  for (const ::servicenow::v1::Instance& instance : instances) {
    if (instance.name() == name) return instance.base_url();
  }
  return "";
}

}  // namespace opcon_snow::incident
