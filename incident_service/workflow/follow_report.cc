#include "incident_service/workflow/follow_report.h"

#include <cstdint>
#include <limits>

#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// As the link has it, looked at now.
Store::SeenTicket SeenFrom(const v1::TicketLink& link, absl::Time now) {
  Store::SeenTicket seen;
  seen.found = link;
  seen.last_state_value = link.ticket_state_value();
  seen.last_modification_count = link.ticket_modification_count();
  seen.last_gone = link.gone();
  SetTime(now, seen.found.mutable_check_time());
  return seen;
}

}  // namespace

Store::SeenTicket SeenGone(const v1::TicketLink& link, absl::Time now) {
  Store::SeenTicket seen = SeenFrom(link, now);
  seen.found.set_gone(true);
  return seen;
}

Store::SeenTicket SeenAs(const v1::TicketLink& link,
                         const ::servicenow::v1::Incident& incident,
                         absl::Time now) {
  Store::SeenTicket seen = SeenFrom(link, now);
  seen.found.set_ticket_state_value(incident.state_value());
  seen.found.set_ticket_modification_count(incident.modification_count());
  seen.found.set_gone(false);
  return seen;
}

v1::TicketChange ChangeOf(const v1::TicketLink& link,
                          const ::servicenow::v1::Incident& incident) {
  v1::TicketChange change;
  *change.mutable_job_key() = link.job_key();
  *change.mutable_ticket() = link.ticket();
  change.set_from_state_value(link.ticket_state_value());
  change.set_to_state_value(incident.state_value());
  change.set_changed_by(incident.updated_by());
  *change.mutable_change_time() = incident.update_time();
  return change;
}

Store::NewReport FollowReport(const v1::TicketLink& link,
                              const v1::TicketChange& change,
                              absl::string_view request_id,
                              absl::string_view program, absl::Duration delay) {
  Store::NewReport fresh;
  v1::Report& report = fresh.report;
  *report.mutable_ticket_change() = change;
  *report.mutable_ticket() = link.ticket();
  report.mutable_source()->set_program(std::string(program));
  report.set_requested_template(link.template_());
  report.set_request_id(std::string(request_id));
  fresh.digest = report.request_id();
  fresh.first_steps = {
      NextStep(v1::STEP_KIND_FOLLOW_TICKET, StepPriority::kUpdate, delay)};
  fresh.max_open = std::numeric_limits<std::int64_t>::max();
  return fresh;
}

}  // namespace opcon_snow::incident
