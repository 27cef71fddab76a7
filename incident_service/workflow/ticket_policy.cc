#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace sn = ::servicenow::v1;

// The state that an entry of `reopen` is about.
sn::IncidentState StateOf(::config::v1::TicketState state) {
  switch (state) {
    case ::config::v1::TICKET_STATE_NEW:
      return sn::INCIDENT_STATE_NEW;
    case ::config::v1::TICKET_STATE_IN_PROGRESS:
      return sn::INCIDENT_STATE_IN_PROGRESS;
    case ::config::v1::TICKET_STATE_ON_HOLD:
      return sn::INCIDENT_STATE_ON_HOLD;
    case ::config::v1::TICKET_STATE_RESOLVED:
      return sn::INCIDENT_STATE_RESOLVED;
    case ::config::v1::TICKET_STATE_CLOSED:
      return sn::INCIDENT_STATE_CLOSED;
    case ::config::v1::TICKET_STATE_CANCELED:
      return sn::INCIDENT_STATE_CANCELED;
    default:
      return sn::INCIDENT_STATE_UNSPECIFIED;
  }
}

}  // namespace

sn::IncidentState StateToSet(::config::v1::ReopenState state,
                             sn::IncidentState otherwise) {
  switch (state) {
    case ::config::v1::REOPEN_STATE_NEW:
      return sn::INCIDENT_STATE_NEW;
    case ::config::v1::REOPEN_STATE_IN_PROGRESS:
      return sn::INCIDENT_STATE_IN_PROGRESS;
    case ::config::v1::REOPEN_STATE_ON_HOLD:
      return sn::INCIDENT_STATE_ON_HOLD;
    default:
      return otherwise;
  }
}

TicketDecision DecideOnTicket(const ::config::v1::Template& config,
                              sn::IncidentState state) {
  const bool resolved_only = config.existing_ticket() ==
                             ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY;
  for (const ::config::v1::ReopenEntry& entry : config.reopen()) {
    if (state == sn::INCIDENT_STATE_UNSPECIFIED ||
        StateOf(entry.ticket_state()) != state) {
      continue;
    }
    if (entry.action() == ::config::v1::REOPEN_ACTION_REPLACE) {
      return {.replace = true};
    }
    return {.new_state =
                StateToSet(entry.set_state(), sn::INCIDENT_STATE_UNSPECIFIED)};
  }
  switch (state) {
    case sn::INCIDENT_STATE_CLOSED:
    case sn::INCIDENT_STATE_CANCELED:
      return {.replace = true};
    case sn::INCIDENT_STATE_RESOLVED:
      return {.new_state =
                  StateToSet(config.reopen_state(),
                             resolved_only ? sn::INCIDENT_STATE_IN_PROGRESS
                                           : sn::INCIDENT_STATE_NEW)};
    case sn::INCIDENT_STATE_NEW:
    case sn::INCIDENT_STATE_IN_PROGRESS:
    case sn::INCIDENT_STATE_ON_HOLD:
      if (resolved_only) return {};
      return {.new_state =
                  StateToSet(config.reopen_state(), sn::INCIDENT_STATE_NEW)};
    default:
      return {};
  }
}

std::vector<sn::IncidentState> StatesDecidedLike(
    const ::config::v1::Template& config, sn::IncidentState state) {
  std::vector<sn::IncidentState> states;
  if (state == sn::INCIDENT_STATE_UNSPECIFIED) return states;
  for (const sn::IncidentState other :
       {sn::INCIDENT_STATE_NEW, sn::INCIDENT_STATE_IN_PROGRESS,
        sn::INCIDENT_STATE_ON_HOLD, sn::INCIDENT_STATE_RESOLVED,
        sn::INCIDENT_STATE_CLOSED, sn::INCIDENT_STATE_CANCELED}) {
    if (DecideOnTicket(config, other) == DecideOnTicket(config, state)) {
      states.push_back(other);
    }
  }
  return states;
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
