// What would become of a report, for people: the ticket step without effects.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/recovery_policy.h"
#include "incident_service/workflow/steps.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::Memo;
using ::incident_store::v1::TicketPlan;

// The columns and what would be sent for them.
void TellColumns(const sn::Incident& incident, v1::RenderedIncident* told) {
  auto& fields = *told->mutable_fields();
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) fields[name] = value;
  };
  set("short_description", incident.short_description());
  set("description", incident.description());
  set("correlation_id", incident.correlation_id());
  set("correlation_display", incident.correlation_display());
  // That of an incident that is there already stands in the address.
  if (told->creates()) set("sys_id", incident.sys_id());
  if (incident.state() != sn::INCIDENT_STATE_UNSPECIFIED) {
    // Its values are ServiceNow's own.
    fields["state"] = absl::StrCat(static_cast<int>(incident.state()));
    told->add_decisions(absl::StrCat("state ", fields["state"], " is ",
                                     StateWords(incident.state())));
  }
  for (const auto& [name, value] : incident.fields()) {
    if (value.display_value().empty()) {
      fields[name] = value.value();
    } else {
      (*told->mutable_references())[name] = value.display_value();
    }
  }
}

// What would become of the ticket once the job is well again, as if it had
// ended well just now; empty for nothing.
std::string TellRecovery(const Template& chosen, const Memo& memo) {
  const ::config::v1::Recovery& config = chosen.config().recovery();
  if (!Recovers(config)) return "";
  const std::string when =
      absl::StrCat("once the job has been well for ",
                   absl::FormatDuration(GracePeriodOf(config)), ": ");
  if (config.action() == ::config::v1::RECOVERY_ACTION_WORK_NOTE) {
    return when + "a work note";
  }
  v1::Failure run = memo.failure();
  run.set_kind(v1::EVENT_KIND_RECOVERED);
  ::opcon::v1::DailyJob job = memo.job();
  job.mutable_status()->set_description("Finished OK");
  const RenderedResolution resolution =
      chosen.RenderResolution(TemplateFacts{run, job});
  return absl::StrCat(
      when, "resolved with ",
      resolution.close_code.empty()
          ? "the gateway's close_code"
          : absl::StrCat("close_code \"", resolution.close_code, "\""),
      " and close_notes \"", resolution.close_notes, "\"");
}

}  // namespace

std::vector<std::string> Steps::PreviewLogNames(const StoredReport& stored,
                                                const Template& chosen) {
  std::vector<std::string> names;
  const v1::Failure failure = FailureOf(stored);
  if (chosen.config().log_attachment().disabled() ||
      failure.job_number() == 0) {
    return names;
  }
  ::opcon::v1::ListJobLogsRequest request;
  request.set_instance(failure.job_key().opcon());
  request.set_job_number(failure.job_number());
  const auto logs = d_.opcon->ListJobLogs(request);
  // Best effort in the workflow too.
  if (!logs.ok()) return names;
  const int count = std::min(logs->files_size(), kMaxLogFiles);
  for (int i = 0; i < count; ++i) {
    names.push_back(
        chosen.LogFileName(FactsOf(stored, failure, stored.memo), i, count));
  }
  return names;
}

absl::StatusOr<TicketPreview> Steps::Preview(const v1::Report& report,
                                             const Template& chosen) {
  const v1::JobKey& key = report.event().job_key();
  ClaimedStep claimed;
  claimed.stored.report = report;
  Memo& memo = claimed.stored.memo;
  memo.set_template_(chosen.config().name());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string address,
                              directory_.PublicAddress(key.opcon()));
  memo.set_public_address(address);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::string servicenow,
      directory_.ServiceNowName(chosen.config().servicenow()));
  memo.set_servicenow(servicenow);
  OPCON_SNOW_ASSIGN_OR_RETURN(const ::opcon::v1::DailyJob job, GetJob(key));
  OPCON_SNOW_RETURN_IF_ERROR(SupposeFailure(report, job, &memo));
  OPCON_SNOW_ASSIGN_OR_RETURN(*memo.mutable_context(),
                              FetchContext(claimed, chosen));

  TicketPreview preview;
  const TemplateFacts facts = FactsOf(claimed.stored, memo.failure(), memo);
  if (chosen.SuppressedBy(facts, &preview.decisions).has_value()) {
    return preview;
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(memo, MakePlan(claimed, chosen));
  const TicketPlan& plan = memo.plan();
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_UNSPECIFIED) {
    preview.decisions.emplace_back(
        "the job is well and has no ticket that should know");
    return preview;
  }
  v1::RenderedIncident told;
  told.set_servicenow(memo.servicenow());
  told.set_creates(plan.kind() ==
                   ::incident_store::v1::TICKET_PLAN_KIND_CREATE);
  const RenderedTicket rendered =
      chosen.Render(FactsOf(claimed.stored, memo.failure(), memo));
  v1::TicketRef ticket;
  if (told.creates()) {
    TellColumns(
        CreateRequest(claimed.stored, memo, rendered, chosen).incident(),
        &told);
    ticket.set_number("<number>");
    ticket.set_sys_id("<sys_id>");
    if (!plan.previous_number().empty()) {
      told.set_documentation_line(
          DocumentationText(plan, ticket.number(), plan.marker()));
    }
  } else {
    const sn::UpdateIncidentRequest request =
        UpdateRequest(claimed.stored, memo, chosen);
    TellColumns(request.incident(), &told);
    told.set_work_note(request.journal_entry().text());
    told.set_ticket_number(plan.number());
    ticket.set_number(plan.number());
    ticket.set_sys_id(plan.sys_id());
  }
  if (report.event().kind() != v1::EVENT_KIND_RECOVERED) {
    told.set_ticket_id_text(
        TicketIdText(ticket, chosen.config().ticket_id_format()));
    for (const std::string& name : PreviewLogNames(claimed.stored, chosen)) {
      told.add_attachment_names(name);
    }
  }
  for (const std::string& decision : rendered.decisions) {
    told.add_decisions(decision);
  }
  for (const std::string& remark : memo.context().remarks()) {
    told.add_decisions(remark);
  }
  told.add_decisions(absl::StrCat(
      told.creates() ? "a new incident: " : "an update: ", plan.reason()));
  std::string recovery = TellRecovery(chosen, memo);
  if (!recovery.empty()) told.add_decisions(std::move(recovery));
  preview.incident = std::move(told);
  return preview;
}

// The failure that RESOLVE would most probably find; nobody owns it yet.
absl::Status Steps::SupposeFailure(const v1::Report& report,
                                   const ::opcon::v1::DailyJob& job,
                                   Memo* memo) {
  *memo->mutable_job() = job;
  if (!TellsOfAFailedRun(report.event().kind())) {
    *memo->mutable_failure() =
        report.event().kind() != v1::EVENT_KIND_RECOVERED &&
                ShowsAFailedRun(job.status())
            ? FailureOfRun(report, job, LatestRun(job))
            : FailureOfEvent(report, job);
    return absl::OkStatus();
  }
  std::vector<::opcon::v1::JobRun> runs;
  if (const std::optional<::opcon::v1::JobRun> named = NamedRun(report, job)) {
    runs = {*named};
  } else if (IsAboutTheLatestRun(report, job)) {
    runs = {LatestRun(job)};
  } else {
    OPCON_SNOW_ASSIGN_OR_RETURN(runs, FailedRuns(report, job));
  }
  if (runs.empty()) {
    *memo->mutable_failure() = ProvisionalFailure(report, job);
    return absl::OkStatus();
  }
  *memo->mutable_job() = JobAtRun(job, runs.front());
  *memo->mutable_failure() = FailureOfRun(report, job, runs.front());
  return absl::OkStatus();
}

}  // namespace opcon_snow::incident
