#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace sn = ::servicenow::v1;

}  // namespace

TicketDecision DecideOnTicket(::config::v1::ExistingTicketPolicy policy,
                              const sn::Incident& incident) {
  const bool resolved_only =
      policy == ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY;
  switch (incident.state()) {
    case sn::INCIDENT_STATE_CLOSED:
    case sn::INCIDENT_STATE_CANCELED:
      return {.replace = true};
    case sn::INCIDENT_STATE_RESOLVED:
      return {.new_state = resolved_only ? sn::INCIDENT_STATE_IN_PROGRESS
                                         : sn::INCIDENT_STATE_NEW};
    case sn::INCIDENT_STATE_IN_PROGRESS:
    case sn::INCIDENT_STATE_ON_HOLD:
      if (resolved_only) return {};
      return {.new_state = sn::INCIDENT_STATE_NEW};
    default:
      return {};
  }
}

const char* StateWords(sn::IncidentState state) {
  switch (state) {
    case sn::INCIDENT_STATE_NEW:
      return "new";
    case sn::INCIDENT_STATE_IN_PROGRESS:
      return "in progress";
    case sn::INCIDENT_STATE_ON_HOLD:
      return "on hold";
    case sn::INCIDENT_STATE_RESOLVED:
      return "resolved";
    case sn::INCIDENT_STATE_CLOSED:
      return "closed";
    case sn::INCIDENT_STATE_CANCELED:
      return "canceled";
    default:
      return "in a state of the instance's own";
  }
}

}  // namespace opcon_snow::incident
