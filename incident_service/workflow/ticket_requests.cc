// What is sent to ServiceNow, for the ticket step and for previews.

#include <string>

#include "absl/strings/str_cat.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/steps.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::Memo;
using ::incident_store::v1::TicketPlan;

sn::CreateIncidentRequest CreateRequest(const StoredReport& stored,
                                        const Memo& memo,
                                        const RenderedTicket& rendered,
                                        const Template& chosen) {
  sn::CreateIncidentRequest request;
  request.set_instance(memo.servicenow());
  request.set_marker(FailureMarker(FailureOf(stored).failure_id()));
  sn::Incident* incident = request.mutable_incident();
  incident->set_sys_id(memo.plan().sys_id());
  incident->set_short_description(rendered.short_description);
  incident->set_description(rendered.description);
  incident->set_correlation_id(
      CorrelationId(memo.public_address(), memo.job()));
  incident->set_correlation_display(chosen.correlation_display());
  incident->set_state(StateToSet(chosen.config().initial_state(),
                                 sn::INCIDENT_STATE_UNSPECIFIED));
  for (const auto& [name, value] : rendered.fields) {
    (*incident->mutable_fields())[name].set_value(value);
  }
  for (const auto& [name, value] : rendered.references) {
    (*incident->mutable_fields())[name].set_display_value(value);
  }
  return request;
}

sn::UpdateIncidentRequest UpdateRequest(const StoredReport& stored,
                                        const Memo& memo,
                                        const Template& chosen) {
  const v1::Failure failure = FailureOf(stored);
  const TemplateFacts facts = FactsOf(stored, failure, memo);
  const TicketPlan& plan = memo.plan();
  sn::UpdateIncidentRequest request;
  request.set_instance(memo.servicenow());
  sn::Incident* incident = request.mutable_incident();
  google::protobuf::FieldMask* mask = request.mutable_update_mask();
  incident->set_sys_id(plan.sys_id());
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_UPDATE) {
    const RenderedTicket rendered = chosen.Render(facts);
    incident->set_short_description(rendered.short_description);
    incident->set_description(rendered.description);
    mask->add_paths("short_description");
    mask->add_paths("description");
    if (plan.new_state() != sn::INCIDENT_STATE_UNSPECIFIED) {
      incident->set_state(static_cast<sn::IncidentState>(plan.new_state()));
      mask->add_paths("state");
    }
    if (plan.changes_job()) {
      incident->set_correlation_id(
          CorrelationId(memo.public_address(), memo.job()));
      mask->add_paths("correlation_id");
    }
    for (const int state : plan.allowed_states()) {
      request.add_allowed_from_states(static_cast<sn::IncidentState>(state));
    }
  }
  sn::NewJournalEntry* note = request.mutable_journal_entry();
  note->set_column(sn::JOURNAL_COLUMN_WORK_NOTES);
  note->set_marker(FailureMarker(failure.failure_id()));
  note->set_text(chosen.RenderWorkNote(facts));
  return request;
}

std::string TicketIdText(const v1::TicketRef& ticket,
                         ::config::v1::TicketIdFormat format) {
  if (format == ::config::v1::TICKET_ID_FORMAT_NUMBER) return ticket.number();
  return absl::StrCat(ticket.number(), "/", ticket.sys_id());
}

std::string DocumentationText(const TicketPlan& plan, const std::string& number,
                              const std::string& marker) {
  return absl::StrCat("Previous ticket: ", plan.previous_number(), " (",
                      plan.previous_reason(), "), followed by ", number, ". ",
                      marker);
}

}  // namespace opcon_snow::incident
