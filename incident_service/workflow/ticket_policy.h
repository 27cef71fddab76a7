#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_TICKET_POLICY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_TICKET_POLICY_H_

// What happens to the ticket that a job has already, when it fails again. One
// table per policy; see config.v1.ExistingTicketPolicy.

#include <vector>

#include "config/v1/template.pb.h"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::incident {

struct TicketDecision {
  // True: a new incident takes its place.
  bool replace = false;
  // Else the state to set; UNSPECIFIED to leave it.
  ::servicenow::v1::IncidentState new_state =
      ::servicenow::v1::INCIDENT_STATE_UNSPECIFIED;

  friend bool operator==(const TicketDecision&,
                         const TicketDecision&) = default;
};

// By `reopen`, `existing_ticket` and `reopen_state` of the template. A state
// that this version does not know is left alone: somebody works on the
// incident, so it is updated and stays as it is.
TicketDecision DecideOnTicket(const ::config::v1::Template& config,
                              ::servicenow::v1::IncidentState state);

// The states for which the template decides the same as for `state`, which is
// one of them; none if `state` cannot be named.
std::vector<::servicenow::v1::IncidentState> StatesDecidedLike(
    const ::config::v1::Template& config,
    ::servicenow::v1::IncidentState state);

// The state in ServiceNow's numbers; `otherwise` if none is configured.
::servicenow::v1::IncidentState StateToSet(
    ::config::v1::ReopenState state, ::servicenow::v1::IncidentState otherwise);

// Words for a person: "closed".
const char* StateWords(::servicenow::v1::IncidentState state);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_TICKET_POLICY_H_
