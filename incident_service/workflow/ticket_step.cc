// TICKET: create the incident, or update or replace the one there is.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/steps.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::Memo;
using ::incident_store::v1::TicketPlan;

bool IsGone(const absl::Status& status) {
  return status.code() == absl::StatusCode::kNotFound &&
         GetErrorReason(status) == "RECORD_NOT_FOUND";
}

// The plan was made for a state that the incident has left since.
bool IsOvertaken(const absl::Status& status) {
  return IsGone(status) || GetErrorReason(status) == "INCIDENT_STATE";
}

absl::StatusOr<std::optional<sn::Incident>> LookUp(ServiceNow* servicenow,
                                                   const std::string& instance,
                                                   const TicketId& id) {
  sn::GetIncidentRequest request;
  request.set_instance(instance);
  if (!id.sys_id.empty()) {
    request.set_sys_id(id.sys_id);
  } else {
    request.set_number(id.number);
  }
  absl::StatusOr<sn::GetIncidentResponse> reply =
      servicenow->GetIncident(request);
  if (reply.ok()) return std::move(*reply->mutable_incident());
  if (IsGone(reply.status())) return std::nullopt;
  return std::move(reply).status();
}

TemplateFacts FactsOf(const v1::Failure& failure, const Memo& memo) {
  TemplateFacts facts{failure, memo.job()};
  facts.previous_ticket = memo.plan().previous_number();
  facts.previous_reason = memo.plan().previous_reason();
  return facts;
}

void PlanUpdate(const sn::Incident& incident, TicketDecision decision,
                TicketPlan* plan) {
  plan->set_kind(::incident_store::v1::TICKET_PLAN_KIND_UPDATE);
  plan->set_sys_id(incident.sys_id());
  plan->set_number(incident.number());
  plan->set_url(incident.url());
  plan->set_new_state(decision.new_state);
  plan->set_seen_state(incident.state());
}

}  // namespace

struct Steps::ExistingTicket {
  // The incident that the job has, if it still exists.
  std::optional<sn::Incident> incident;
  // What the job or our link calls it, if anything does.
  std::string called;
  // The text in the job's ticket field that gives way to a new one.
  std::string field_text;
  std::optional<v1::TicketLink> link;
};

// The job's field wins over our memory: people edit it.
absl::StatusOr<Steps::ExistingTicket> Steps::FindExisting(
    const ClaimedStep& claimed) const {
  const Memo& memo = claimed.stored.memo;
  const v1::JobKey& key = claimed.stored.report.event().job_key();
  ExistingTicket existing;
  OPCON_SNOW_ASSIGN_OR_RETURN(existing.link,
                              d_.store->FindLink(key, memo.servicenow()));

  ::opcon::v1::GetIncidentTicketsRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto tickets,
                              d_.opcon->GetIncidentTickets(request));
  for (const ::opcon::v1::IncidentTicket& ticket : tickets.tickets()) {
    const TicketId id = ParseTicketId(ticket.ticket_id());
    if (id.number.empty() && id.sys_id.empty()) continue;
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<sn::Incident> incident,
                                LookUp(d_.servicenow, memo.servicenow(), id));
    if (!incident.has_value() && !existing.field_text.empty()) continue;
    existing.field_text = ticket.ticket_id();
    existing.called = id.number.empty() ? id.sys_id : id.number;
    existing.incident = std::move(incident);
    if (existing.incident.has_value()) return existing;
  }
  if (!existing.link.has_value()) return existing;
  const v1::TicketRef& known = existing.link->ticket();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      existing.incident,
      LookUp(d_.servicenow, memo.servicenow(),
             {.number = known.number(), .sys_id = known.sys_id()}));
  if (existing.called.empty()) existing.called = known.number();
  if (existing.field_text.empty()) {
    existing.field_text = existing.link->written_ticket_id();
  }
  return existing;
}

absl::StatusOr<Memo> Steps::MakePlan(const ClaimedStep& claimed,
                                     const Template& chosen) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const ExistingTicket existing,
                              FindExisting(claimed));
  Memo memo = claimed.stored.memo;
  memo.set_replaced_ticket_id(existing.field_text);
  TicketPlan* plan = memo.mutable_plan();
  plan->Clear();
  plan->set_generation(existing.link.has_value() ? existing.link->generation()
                                                 : 1);
  const bool recovered =
      claimed.stored.report.event().kind() == v1::EVENT_KIND_RECOVERED;
  if (existing.incident.has_value()) {
    const sn::Incident& incident = *existing.incident;
    const TicketDecision decision =
        DecideOnTicket(chosen.config().existing_ticket(), incident);
    if (!decision.replace) {
      PlanUpdate(incident, decision, plan);
      if (recovered) {
        plan->set_kind(::incident_store::v1::TICKET_PLAN_KIND_NOTE);
      }
      return memo;
    }
    plan->set_previous_number(incident.number());
    plan->set_previous_reason(StateWords(incident.state()));
  } else if (!existing.called.empty()) {
    plan->set_previous_number(existing.called);
    plan->set_previous_reason("no longer exists");
  }
  if (recovered) return memo;  // Nothing open: nothing to tell anybody.
  if (existing.link.has_value()) {
    plan->set_generation(existing.link->generation() + 1);
  }
  plan->set_kind(::incident_store::v1::TICKET_PLAN_KIND_CREATE);
  plan->set_sys_id(ChooseSysId(d_.deployment,
                               claimed.stored.report.failure_id(),
                               memo.servicenow(), plan->generation()));
  return memo;
}

absl::StatusOr<StepCommit> Steps::Ticket(const ClaimedStep& claimed) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(claimed.stored.memo.template_()));
  Memo memo = claimed.stored.memo;
  const bool planned_before =
      memo.plan().kind() != ::incident_store::v1::TICKET_PLAN_KIND_UNSPECIFIED;
  if (!planned_before) {
    OPCON_SNOW_ASSIGN_OR_RETURN(memo, MakePlan(claimed, *chosen));
    if (memo.plan().kind() ==
        ::incident_store::v1::TICKET_PLAN_KIND_UNSPECIFIED) {
      StepCommit commit =
          Succeeded(claimed, "the job recovered and has no open ticket");
      commit.report = claimed.stored.report;
      commit.report->set_summary(
          "The job recovered; it has no open ticket that should know.");
      commit.final_state = v1::REPORT_STATE_SUPPRESSED;
      return commit;
    }
    OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, memo));
  }
  if (memo.plan().kind() == ::incident_store::v1::TICKET_PLAN_KIND_CREATE) {
    return CreateTicket(claimed, std::move(memo), *chosen, planned_before);
  }
  absl::StatusOr<StepCommit> updated = UpdateTicket(claimed, memo, *chosen);
  if (updated.ok() || !IsOvertaken(updated.status())) return updated;
  memo.clear_plan();
  OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, memo));
  // ABORTED: the step begins again, with a look at what is there now.
  return MakeError(absl::StatusCode::kAborted,
                   absl::StrCat("the ticket changed in the meantime (",
                                updated.status().message(),
                                "); the next attempt decides anew"),
                   {.reason = "INCIDENT_STATE", .domain = "incident-service"});
}

absl::StatusOr<StepCommit> Steps::CreateTicket(const ClaimedStep& claimed,
                                               Memo memo,
                                               const Template& chosen,
                                               bool may_exist) {
  const v1::Failure failure = FailureOf(claimed.stored);
  const RenderedTicket rendered = chosen.Render(FactsOf(failure, memo));
  sn::CreateIncidentRequest request;
  request.set_instance(memo.servicenow());
  request.set_marker(FailureMarker(failure.failure_id()));
  request.set_may_exist(may_exist);
  sn::Incident* incident = request.mutable_incident();
  incident->set_sys_id(memo.plan().sys_id());
  incident->set_short_description(rendered.short_description);
  incident->set_description(rendered.description);
  incident->set_correlation_id(
      CorrelationId(memo.public_address(), memo.job()));
  incident->set_correlation_display(chosen.correlation_display());
  for (const auto& [name, value] : rendered.fields) {
    (*incident->mutable_fields())[name].set_value(value);
  }
  for (const auto& [name, value] : rendered.references) {
    (*incident->mutable_fields())[name].set_display_value(value);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply, Effect(d_.store, claimed.claim, "CreateIncident", [&] {
        return d_.servicenow->CreateIncident(request);
      }));
  StepCommit commit = TicketDone(
      claimed, std::move(memo), chosen, reply.incident(),
      reply.created() ? absl::StrCat("created ", reply.incident().number())
                      : absl::StrCat(reply.incident().number(),
                                     " was there from an earlier attempt"));
  for (const std::string& warning : reply.warnings()) {
    commit.report->add_warnings(warning);
  }
  return commit;
}

absl::StatusOr<StepCommit> Steps::UpdateTicket(const ClaimedStep& claimed,
                                               Memo memo,
                                               const Template& chosen) {
  const v1::Failure failure = FailureOf(claimed.stored);
  const TemplateFacts facts = FactsOf(failure, memo);
  const TicketPlan& plan = memo.plan();
  sn::UpdateIncidentRequest request;
  request.set_instance(memo.servicenow());
  sn::Incident* incident = request.mutable_incident();
  incident->set_sys_id(plan.sys_id());
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_UPDATE) {
    const RenderedTicket rendered = chosen.Render(facts);
    incident->set_short_description(rendered.short_description);
    incident->set_description(rendered.description);
    request.mutable_update_mask()->add_paths("short_description");
    request.mutable_update_mask()->add_paths("description");
    if (plan.new_state() != sn::INCIDENT_STATE_UNSPECIFIED) {
      incident->set_state(static_cast<sn::IncidentState>(plan.new_state()));
      request.mutable_update_mask()->add_paths("state");
    }
    // A state of the instance's own cannot be named, so it is not checked.
    if (plan.seen_state() != sn::INCIDENT_STATE_UNSPECIFIED) {
      for (const sn::IncidentState state :
           {sn::INCIDENT_STATE_NEW, sn::INCIDENT_STATE_IN_PROGRESS,
            sn::INCIDENT_STATE_ON_HOLD, sn::INCIDENT_STATE_RESOLVED}) {
        request.add_allowed_from_states(state);
      }
    }
  }
  sn::NewJournalEntry* note = request.mutable_journal_entry();
  note->set_column(sn::JOURNAL_COLUMN_WORK_NOTES);
  note->set_marker(FailureMarker(failure.failure_id()));
  note->set_text(chosen.RenderWorkNote(facts));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply, Effect(d_.store, claimed.claim, "UpdateIncident", [&] {
        return d_.servicenow->UpdateIncident(request);
      }));
  return TicketDone(claimed, std::move(memo), chosen, reply.incident(),
                    absl::StrCat("updated ", reply.incident().number()));
}

StepCommit Steps::TicketDone(const ClaimedStep& claimed, Memo memo,
                             const Template& chosen,
                             const sn::Incident& incident,
                             std::string outcome) const {
  StepCommit commit = Succeeded(claimed, std::move(outcome));
  v1::TicketRef ticket;
  ticket.set_servicenow(memo.servicenow());
  ticket.set_sys_id(incident.sys_id());
  ticket.set_number(incident.number());
  ticket.set_url(incident.url());

  commit.report = claimed.stored.report;
  *commit.report->mutable_ticket() = ticket;
  v1::TicketLink link;
  *link.mutable_job_key() = claimed.stored.report.event().job_key();
  *link.mutable_ticket() = ticket;
  link.set_generation(memo.plan().generation());
  link.set_ticket_state_value(incident.state_value());
  link.set_last_failure_id(claimed.stored.report.failure_id());
  link.set_written_ticket_id(memo.replaced_ticket_id());
  link.set_previous_ticket_number(memo.plan().previous_number());
  commit.link = std::move(link);
  commit.failure_ticket = ticket;

  if (memo.plan().kind() != ::incident_store::v1::TICKET_PLAN_KIND_NOTE) {
    commit.next_steps = {v1::STEP_KIND_WRITE_BACK};
    if (!chosen.config().log_attachment().disabled()) {
      commit.next_steps.push_back(v1::STEP_KIND_ATTACH_LOG);
    }
    if (!memo.plan().previous_number().empty()) {
      commit.next_steps.push_back(v1::STEP_KIND_DOCUMENT);
    }
  }
  commit.memo = std::move(memo);
  return commit;
}

}  // namespace opcon_snow::incident
