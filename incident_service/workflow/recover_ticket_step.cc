// RECOVER_TICKET: the ticket learns that its job is well again.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/ticket_links.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/existing_ticket_step.h"
#include "incident_service/workflow/recovery_policy.h"
#include "incident_service/workflow/retry_policy.h"
#include "incident_service/workflow/steps.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::RecoveryPlan;

StepCommit LeftAlone(const ClaimedStep& claimed, std::string why) {
  StepCommit commit = Succeeded(claimed, std::move(why));
  commit.step.set_state(v1::STEP_STATE_SKIPPED);
  return commit;
}

// What is written, decided by the run that ended well.
RecoveryPlan PlanFor(const v1::JobRecovery& recovery, const oc::DailyJob& job,
                     const sn::Incident& incident, const Template& chosen) {
  v1::Report about;
  *about.mutable_event()->mutable_job_key() = recovery.job_key();
  about.mutable_event()->set_kind(v1::EVENT_KIND_RECOVERED);
  // As it is named where the same recovery is reported: one work note tells of
  // both.
  const v1::Failure run = FailureOfEvent(about, job);
  const TemplateFacts facts{run, job};
  RecoveryPlan plan;
  plan.set_work_note(chosen.RenderWorkNote(facts));
  plan.set_marker(FailureMarker(run.failure_id()));
  plan.set_reopen_count(incident.reopen_count());
  if (chosen.config().recovery().action() ==
      ::config::v1::RECOVERY_ACTION_RESOLVE) {
    RenderedResolution resolution = chosen.RenderResolution(facts);
    plan.set_resolves(true);
    plan.set_close_code(std::move(resolution.close_code));
    plan.set_close_notes(std::move(resolution.close_notes));
  }
  return plan;
}

sn::UpdateIncidentRequest RequestFor(const RecoveryPlan& plan,
                                     const v1::TicketRef& ticket) {
  sn::UpdateIncidentRequest request;
  request.set_instance(ticket.servicenow());
  sn::Incident* incident = request.mutable_incident();
  incident->set_sys_id(ticket.sys_id());
  google::protobuf::FieldMask* mask = request.mutable_update_mask();
  const auto set = [&](const char* path, const std::string& value,
                       std::string* field) {
    if (value.empty()) return;
    *field = value;
    mask->add_paths(path);
  };
  if (plan.resolves()) {
    incident->set_state(sn::INCIDENT_STATE_RESOLVED);
    mask->add_paths("state");
    set("close_code", plan.close_code(), incident->mutable_close_code());
    set("close_notes", plan.close_notes(), incident->mutable_close_notes());
    for (const sn::IncidentState state :
         {sn::INCIDENT_STATE_NEW, sn::INCIDENT_STATE_IN_PROGRESS,
          sn::INCIDENT_STATE_ON_HOLD}) {
      request.add_allowed_from_states(state);
    }
  }
  sn::NewJournalEntry* note = request.mutable_journal_entry();
  note->set_column(sn::JOURNAL_COLUMN_WORK_NOTES);
  note->set_marker(plan.marker());
  note->set_text(plan.work_note());
  return request;
}

}  // namespace

absl::StatusOr<StepCommit> Steps::RecoverTicket(const ClaimedStep& claimed) {
  RecoveryPlan plan = claimed.stored.memo.recovery();
  OPCON_SNOW_ASSIGN_OR_RETURN(std::string nothing,
                              LookBeforeRecovering(claimed, &plan));
  if (!nothing.empty()) return LeftAlone(claimed, std::move(nothing));
  return Recover(claimed, plan);
}

absl::StatusOr<std::string> Steps::LookBeforeRecovering(
    const ClaimedStep& claimed, RecoveryPlan* plan) {
  const v1::JobRecovery& recovery = claimed.stored.report.job_recovery();
  const v1::TicketRef& ticket = recovery.ticket();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<v1::TicketLink> link,
      d_.store->FindLink(recovery.job_key(), ticket.servicenow()));
  if (!link.has_value() || link->ticket().sys_id() != ticket.sys_id()) {
    return absl::StrCat(ticket.number(), " is not the job's ticket any more");
  }
  if (link->last_failure_id() != recovery.failure_id()) {
    return std::string("the job has failed again, and the ticket tells of it");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<v1::TicketLink> links,
                              LinksOfTicket(d_.store, ticket));
  for (const v1::TicketLink& other : links) {
    // It goes on for a later day's job, or a person has put it on two.
    if (JobKeyText(other.job_key()) != JobKeyText(recovery.job_key()) &&
        CompactDate(other.job_key().schedule_date()) >=
            CompactDate(recovery.job_key().schedule_date())) {
      return absl::StrCat(ticket.number(), " is the ticket of job ",
                          JobId(other.job_key()), " too");
    }
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(link->template_()));
  if (!Recovers(chosen->config().recovery())) {
    return absl::StrCat("template ", chosen->config().name(),
                        " leaves tickets of jobs that are well again alone");
  }

  sn::GetIncidentRequest get;
  get.set_instance(ticket.servicenow());
  get.set_sys_id(ticket.sys_id());
  const auto found = d_.servicenow->GetIncident(get);
  if (IsGone(found.status())) {
    return absl::StrCat(ticket.number(), " is not there any more");
  }
  OPCON_SNOW_RETURN_IF_ERROR(found.status());
  const sn::Incident& incident = found->incident();
  const bool sent_before = claimed.stored.memo.has_recovery();
  const int reopened_before =
      sent_before ? plan->reopen_count() : link->ticket_reopen_count();
  if (incident.reopen_count() > reopened_before) {
    return std::string("somebody has reopened the ticket since");
  }
  if (sent_before && plan->resolves() &&
      incident.state() == sn::INCIDENT_STATE_RESOLVED) {
    // By an earlier attempt or by a person: the gateway finds out which.
    return std::string();
  }
  if (!MayBeResolved(incident.state())) {
    return absl::StrCat("the ticket is ", StateWords(incident.state()),
                        " by now");
  }

  const absl::StatusOr<oc::DailyJob> job = GetJob(recovery.job_key());
  if (IsNoJob(job.status())) {
    return std::string("the job is not in the daily tables any more");
  }
  OPCON_SNOW_RETURN_IF_ERROR(job.status());
  std::string why_not = WhyNotRecovered(recovery, *job);
  if (!why_not.empty()) return why_not;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string foreign,
                              ForeignTicket(recovery.job_key(), *link));
  if (!foreign.empty()) {
    return absl::StrCat("the job shows ticket ", foreign, " in OpCon, not ",
                        ticket.number());
  }
  if (!sent_before) *plan = PlanFor(recovery, *job, incident, *chosen);
  return std::string();
}

absl::StatusOr<StepCommit> Steps::Recover(const ClaimedStep& claimed,
                                          const RecoveryPlan& plan) {
  const v1::JobRecovery& recovery = claimed.stored.report.job_recovery();
  const v1::TicketRef& ticket = recovery.ticket();
  ::incident_store::v1::Memo memo = claimed.stored.memo;
  memo.set_servicenow(ticket.servicenow());
  *memo.mutable_recovery() = plan;
  OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, memo));

  const sn::UpdateIncidentRequest request = RequestFor(plan, ticket);
  const std::string run =
      absl::StrCat("run ", recovery.job_number(), " ended well");
  const auto told = [&](const sn::UpdateIncidentResponse& reply) {
    if (plan.resolves()) {
      return absl::StrCat("resolved ", ticket.number(), ": ", run);
    }
    return absl::StrCat(
        reply.journal_entry_added() ? "noted in " : "stands already in ",
        ticket.number(), ": ", run);
  };
  const auto reply = Effect(
      d_.store, d_.clock, claimed,
      {.action = "servicenow.UpdateIncident",
       .instance = ticket.servicenow(),
       .target = ticket.number(),
       .reason = absl::StrCat("the job is well again: ", run)},
      request, [&] { return d_.servicenow->UpdateIncident(request); }, told);
  if (IsGone(reply.status())) {
    return LeftAlone(claimed, ticket.number() + " is not there any more");
  }
  if (GetErrorReason(reply.status()) == "INCIDENT_STATE") {
    return LeftAlone(claimed, "a person has moved the ticket meanwhile");
  }
  if (!reply.ok() && !MayRepeat(reply.status())) {
    // Refused for good: whoever mends the template and retries wants it decided
    // anew.
    memo.clear_recovery();
    OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, memo));
    return WithContext(
        reply.status(),
        plan.resolves()
            ? absl::StrCat("resolving ", ticket.number(), " with close_code \"",
                           plan.close_code(),
                           "\" (see recovery in its template)")
            : absl::StrCat("adding a work note to ", ticket.number()));
  }
  OPCON_SNOW_RETURN_IF_ERROR(reply.status());

  StepCommit commit = Succeeded(claimed, told(*reply));
  commit.memo = std::move(memo);
  commit.report = claimed.stored.report;
  for (const std::string& warning : reply->warnings()) {
    commit.report->add_warnings(warning);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      commit.link, d_.store->FindLink(recovery.job_key(), ticket.servicenow()));
  if (!commit.link.has_value() ||
      commit.link->ticket().sys_id() != ticket.sys_id()) {
    commit.link.reset();
    return commit;
  }
  const sn::Incident& incident = reply->incident();
  if (plan.resolves()) {
    // Seen already: the ticket watcher has nothing to find.
    commit.link->set_ticket_state_value(incident.state_value());
    commit.link->set_ticket_modification_count(incident.modification_count());
  } else if (reply->journal_entry_added()) {
    commit.link->set_noted_modification_count(incident.modification_count());
  }
  SetTime(d_.clock->Now(), commit.link->mutable_check_time());
  return commit;
}

}  // namespace opcon_snow::incident
