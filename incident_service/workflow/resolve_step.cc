// RESOLVE: which run failed, and who deals with it.

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// What the reporter said and OpCon shows differently. OpCon is believed.
void NoteDifferences(const v1::JobEvent& event,
                     const ::opcon::v1::DailyJob& job, v1::Report* report) {
  const auto differs = [&](absl::string_view what, const std::string& said,
                           const std::string& shown) {
    if (said.empty() || shown.empty() || said == shown) return;
    report->add_warnings(absl::StrCat("the reporter said ", what, " \"", said,
                                      "\", OpCon shows \"", shown,
                                      "\"; OpCon's is used"));
  };
  differs("schedule", event.schedule_name(), job.schedule().name());
  differs("machine", event.machine(), job.start_machine());
  differs("termination code", event.termination(), job.termination());
}

StepCommit Merged(const ClaimedStep& claimed, v1::Report report,
                  const std::string& owner) {
  StepCommit commit =
      Succeeded(claimed, absl::StrCat("the same failure as report ", owner));
  report.set_merged_into_report_id(owner);
  report.set_summary(
      absl::StrCat("Report ", owner, " deals with the same failure already."));
  commit.report = std::move(report);
  commit.final_state = v1::REPORT_STATE_MERGED;
  return commit;
}

}  // namespace

absl::StatusOr<std::string> Steps::PublicAddress(
    const std::string& opcon) const {
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto reply, d_.opcon->ListInstances({}));
  for (const ::opcon::v1::Instance& instance : reply.instances()) {
    if (instance.name() == opcon) return instance.public_address();
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

absl::StatusOr<std::string> Steps::ServiceNowName(
    const std::string& wanted) const {
  if (!wanted.empty()) return wanted;
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto reply,
                              d_.servicenow->ListInstances({}));
  for (const ::servicenow::v1::Instance& instance : reply.instances()) {
    if (instance.is_default()) return instance.name();
  }
  return MakeError(
      absl::StatusCode::kInternal,
      "the ServiceNow gateway names no default instance: name "
      "one in the template (servicenow)",
      {.reason = "UNKNOWN_INSTANCE", .domain = "incident-service"});
}

absl::StatusOr<StepCommit> Steps::Resolve(const ClaimedStep& claimed) {
  v1::Report report = claimed.stored.report;
  const v1::JobKey& key = report.event().job_key();
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(report.requested_template()));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string public_address,
                              PublicAddress(key.opcon()));

  ::opcon::v1::GetDailyJobRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto found, d_.opcon->GetDailyJob(request));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string servicenow,
                              ServiceNowName(chosen->config().servicenow()));

  const v1::Failure failure = IdentifyFailure(report, found.job());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::string owner,
      d_.store->OwnFailure(claimed.claim, failure, servicenow));
  report.set_failure_id(failure.failure_id());
  if (owner != report.report_id()) {
    return Merged(claimed, std::move(report), owner);
  }
  NoteDifferences(report.event(), found.job(), &report);
  if (failure.provisional()) {
    report.add_warnings(
        "OpCon no longer shows the run that was reported: the failure is "
        "known by its report only");
  }

  StepCommit commit = Succeeded(
      claimed, absl::StrCat(found.job().id(), " run ", failure.job_number(),
                            ": ", found.job().status().description()));
  commit.memo = claimed.stored.memo;
  *commit.memo->mutable_job() = found.job();
  commit.memo->set_public_address(public_address);
  commit.memo->set_template_(chosen->config().name());
  commit.memo->set_servicenow(servicenow);
  commit.report = std::move(report);
  commit.next_steps = {v1::STEP_KIND_TICKET};
  return commit;
}

}  // namespace opcon_snow::incident
