// TICKET, second half: creates the incident, or updates the one there is.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/existing_ticket_step.h"
#include "incident_service/workflow/follow_policy.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::Memo;
using ::incident_store::v1::TicketPlan;

// Plans made in one attempt; a ticket that changes faster is left for later.
constexpr int kMaxPlans = 3;

// The plan was made for a state that the incident has left since.
bool IsOvertaken(const absl::Status& status) {
  return IsGone(status) || GetErrorReason(status) == "INCIDENT_STATE";
}

StepCommit NobodyToTell(const ClaimedStep& claimed) {
  StepCommit commit = Succeeded(claimed, "the job is well and has no ticket");
  commit.report = claimed.stored.report;
  commit.report->set_summary(
      claimed.stored.memo.well_again()
          ? "The job failed, but was well again when the failure had settled; "
            "it has no open ticket that should know."
          : "The job recovered; it has no open ticket that should know.");
  commit.final_state = v1::REPORT_STATE_SUPPRESSED;
  return commit;
}

StepCommit Suppressed(const ClaimedStep& claimed, const std::string& rule) {
  const std::string why =
      absl::StrCat("rule \"", rule, "\" of template ",
                   claimed.stored.memo.template_(), " wants no ticket");
  StepCommit commit = Succeeded(claimed, why);
  commit.report = claimed.stored.report;
  commit.report->set_summary(absl::StrCat("No ticket: ", why, "."));
  commit.final_state = v1::REPORT_STATE_SUPPRESSED;
  return commit;
}

v1::TicketRef RefTo(const Memo& memo, const sn::Incident& incident) {
  v1::TicketRef ticket;
  ticket.set_servicenow(memo.servicenow());
  ticket.set_sys_id(incident.sys_id());
  ticket.set_number(incident.number());
  ticket.set_url(incident.url());
  return ticket;
}

// The incident as an earlier attempt, whose answer was lost, has left it: what
// it has become since is for the watcher to see.
sn::Incident AsWritten(int state, sn::Incident incident) {
  incident.set_state(static_cast<sn::IncidentState>(state));
  incident.set_state_value(absl::StrCat(state));
  incident.clear_modification_count();
  return incident;
}

sn::Incident AsWritten(const TicketPlan& plan, const sn::Incident& incident) {
  return AsWritten(plan.new_state() != sn::INCIDENT_STATE_UNSPECIFIED
                       ? plan.new_state()
                       : plan.seen_state(),
                   incident);
}

std::string NumberOf(const sn::Incident& incident) {
  return incident.number().empty() ? incident.sys_id() : incident.number();
}

}  // namespace

absl::StatusOr<StepCommit> Steps::Ticket(const ClaimedStep& claimed) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(claimed.stored.memo.template_()));
  const bool wants_context = chosen->uses_last_runs() ||
                             chosen->uses_log_tail() ||
                             !chosen->config().lookups().empty();
  if (!wants_context || claimed.stored.memo.has_context()) {
    return TicketWith(claimed, *chosen);
  }
  ClaimedStep prepared = claimed;
  OPCON_SNOW_ASSIGN_OR_RETURN(*prepared.stored.memo.mutable_context(),
                              FetchContext(claimed, *chosen));
  OPCON_SNOW_RETURN_IF_ERROR(Remember(prepared, prepared.stored.memo));
  return TicketWith(prepared, *chosen);
}

absl::StatusOr<StepCommit> Steps::TicketWith(const ClaimedStep& claimed,
                                             const Template& chosen) {
  Memo memo = claimed.stored.memo;
  bool planned_before =
      memo.plan().kind() != ::incident_store::v1::TICKET_PLAN_KIND_UNSPECIFIED;
  if (planned_before) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool outdated, IsOutdated(claimed, memo));
    if (outdated) planned_before = false;
  } else if (const std::optional<std::string> rule = chosen.SuppressedBy(
                 FactsOf(claimed.stored, FailureOf(claimed.stored), memo))) {
    return Suppressed(claimed, *rule);
  }
  for (int plans = 1;; ++plans) {
    if (!planned_before) {
      OPCON_SNOW_ASSIGN_OR_RETURN(memo, MakePlan(claimed, chosen));
      if (memo.plan().kind() ==
          ::incident_store::v1::TICKET_PLAN_KIND_UNSPECIFIED) {
        return NobodyToTell(claimed);
      }
      OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, memo));
    }
    absl::StatusOr<StepCommit> done =
        CarryOut(claimed, memo, chosen, planned_before);
    if (done.ok() || !IsOvertaken(done.status())) return done;
    if (planned_before && !IsGone(done.status())) {
      OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<sn::Incident> updated,
                                  UpdatedBefore(memo));
      if (updated.has_value()) {
        return TicketDone(claimed, memo, chosen,
                          AsWritten(memo.plan(), *updated),
                          absl::StrCat(NumberOf(*updated),
                                       " was updated by an earlier attempt"),
                          {});
      }
    }
    if (plans == kMaxPlans) {
      return MakeError(
          absl::StatusCode::kAborted,
          absl::StrCat("the ticket keeps changing (", done.status().message(),
                       "); the next attempt decides anew"),
          {.reason = "INCIDENT_STATE", .domain = "incident-service"});
    }
    planned_before = false;
  }
}

absl::StatusOr<StepCommit> Steps::CarryOut(const ClaimedStep& claimed,
                                           const Memo& memo,
                                           const Template& chosen,
                                           bool may_exist) {
  if (memo.plan().kind() == ::incident_store::v1::TICKET_PLAN_KIND_CREATE) {
    return CreateTicket(claimed, memo, chosen, may_exist);
  }
  return UpdateTicket(claimed, memo, chosen);
}

absl::StatusOr<StepCommit> Steps::CreateTicket(const ClaimedStep& claimed,
                                               const Memo& memo,
                                               const Template& chosen,
                                               bool may_exist) {
  const RenderedTicket rendered =
      chosen.Render(FactsOf(claimed.stored, FailureOf(claimed.stored), memo));
  sn::CreateIncidentRequest request =
      CreateRequest(claimed.stored, memo, rendered, chosen);
  request.set_may_exist(may_exist);
  const auto told = [](const sn::CreateIncidentResponse& reply) {
    return reply.created()
               ? absl::StrCat("created ", NumberOf(reply.incident()))
               : absl::StrCat(NumberOf(reply.incident()),
                              " was there from an earlier attempt");
  };
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply,
      Effect(
          d_.store, d_.clock, claimed,
          {.action = "servicenow.CreateIncident",
           .instance = memo.servicenow(),
           .target = memo.job().id(),
           .reason = memo.plan().reason()},
          request, [&] { return d_.servicenow->CreateIncident(request); },
          told));
  const std::string why =
      rendered.decisions.empty()
          ? ""
          : absl::StrCat("; ", absl::StrJoin(rendered.decisions, "; "));
  const sn::IncidentState first_state =
      StateToSet(chosen.config().initial_state(), sn::INCIDENT_STATE_NEW);
  return TicketDone(claimed, memo, chosen,
                    reply.created() ? reply.incident()
                                    : AsWritten(first_state, reply.incident()),
                    told(reply) + why, reply.warnings());
}

absl::StatusOr<StepCommit> Steps::UpdateTicket(const ClaimedStep& claimed,
                                               const Memo& memo,
                                               const Template& chosen) {
  const TicketPlan& plan = memo.plan();
  const sn::UpdateIncidentRequest request =
      UpdateRequest(claimed.stored, memo, chosen);
  const auto told = [](const sn::UpdateIncidentResponse& reply) {
    return absl::StrCat("updated ", NumberOf(reply.incident()),
                        reply.journal_entry_added()
                            ? ""
                            : ", whose work note was there already");
  };
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply,
      Effect(
          d_.store, d_.clock, claimed,
          {.action = "servicenow.UpdateIncident",
           .instance = memo.servicenow(),
           .target = plan.number().empty() ? plan.sys_id() : plan.number(),
           .reason = plan.reason()},
          request, [&] { return d_.servicenow->UpdateIncident(request); },
          told));
  const bool written_before =
      plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_UPDATE &&
      !reply.journal_entry_added();
  return TicketDone(
      claimed, memo, chosen,
      written_before ? AsWritten(plan, reply.incident()) : reply.incident(),
      absl::StrCat("updated ", NumberOf(reply.incident())), reply.warnings());
}

v1::TicketLink Steps::LinkAfter(
    const ClaimedStep& claimed, const Memo& memo, const sn::Incident& incident,
    const std::optional<v1::TicketLink>& known) const {
  const v1::Report& report = claimed.stored.report;
  const v1::Failure failure = FailureOf(claimed.stored);
  const TicketPlan& plan = memo.plan();
  v1::TicketLink link;
  if (known.has_value() && known->ticket().sys_id() == incident.sys_id()) {
    link = *known;
  }
  *link.mutable_job_key() = report.event().job_key();
  const bool seen_before = link.has_ticket();
  *link.mutable_ticket() = RefTo(memo, incident);
  link.set_generation(plan.generation());
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_NOTE &&
      seen_before) {
    // It left the state alone: what that is by now, the watcher shall see.
    link.set_noted_modification_count(incident.modification_count());
  } else {
    link.set_ticket_state_value(incident.state_value());
    link.set_ticket_modification_count(incident.modification_count());
    link.clear_gone();
  }
  SetTime(d_.clock->Now(), link.mutable_check_time());
  if (report.event().kind() != v1::EVENT_KIND_RECOVERED) {
    link.set_failure_count(link.failure_count() + 1);
  }
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_CREATE) {
    link.set_previous_ticket_number(plan.previous_number());
  }
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_NOTE ||
      IsOlder(failure, known, incident.sys_id())) {
    return link;
  }
  link.set_template_(memo.template_());
  link.set_ticket_reopen_count(incident.reopen_count());
  link.set_last_failure_id(report.failure_id());
  link.clear_last_run_end_time();
  if (failure.has_run_end_time()) {
    *link.mutable_last_run_end_time() = failure.run_end_time();
  }
  link.set_written_ticket_id(memo.replaced_ticket_id());
  return link;
}

absl::StatusOr<StepCommit> Steps::TicketDone(
    const ClaimedStep& claimed, const Memo& memo, const Template& chosen,
    const sn::Incident& incident, const std::string& outcome,
    const google::protobuf::RepeatedPtrField<std::string>& warnings) const {
  const v1::Report& report = claimed.stored.report;
  const v1::JobKey& key = report.event().job_key();
  StepCommit commit = Succeeded(claimed, outcome);
  const v1::TicketRef ticket = RefTo(memo, incident);
  commit.failure_ticket = ticket;
  commit.report = report;
  *commit.report->mutable_ticket() = ticket;
  for (const std::string& warning : warnings) {
    commit.report->add_warnings(warning);
  }
  for (const std::string& remark : memo.context().remarks()) {
    commit.report->add_warnings(remark);
  }

  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<v1::TicketLink> known,
                              d_.store->FindLink(key, memo.servicenow()));
  const bool recovered = report.event().kind() == v1::EVENT_KIND_RECOVERED;
  // The job has the ticket of something later by now, and keeps it.
  const bool superseded =
      known.has_value() && known->ticket().sys_id() != incident.sys_id() &&
      (known->generation() > memo.plan().generation() ||
       (chosen.config().always_create_new_ticket() &&
        IsOlder(FailureOf(claimed.stored), known, known->ticket().sys_id())));
  if (!superseded) commit.link = LinkAfter(claimed, memo, incident, known);

  if (!recovered) {
    if (!superseded) commit.next_steps = {v1::STEP_KIND_WRITE_BACK};
    const bool failed_in_progress =
        memo.plan().kind() == ::incident_store::v1::TICKET_PLAN_KIND_UPDATE &&
        incident.state_value() == InProgressValue() && !memo.opcon_not_asked();
    if (!superseded && failed_in_progress &&
        ActionForFailure(chosen.config().state_sync()) !=
            ::opcon::v1::JOB_ACTION_KIND_UNSPECIFIED) {
      commit.next_steps.emplace_back(v1::STEP_KIND_FOLLOW_TICKET);
    }
    // Without OpCon there is no log yet: the step follows the other then.
    if (!chosen.config().log_attachment().disabled() &&
        !memo.opcon_not_asked()) {
      commit.next_steps.push_back(v1::STEP_KIND_ATTACH_LOG);
    }
    if (!memo.plan().previous_number().empty()) {
      commit.next_steps.push_back(v1::STEP_KIND_DOCUMENT);
    }
  }
  commit.memo = memo;
  return commit;
}

}  // namespace opcon_snow::incident
