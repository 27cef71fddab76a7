#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_TICKET_POLICY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_TICKET_POLICY_H_

// What happens to the ticket that a job has already, when it fails again. One
// table per policy; see config.v1.ExistingTicketPolicy.

#include "config/v1/template.pb.h"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::incident {

struct TicketDecision {
  // True: a new incident takes its place.
  bool replace = false;
  // Else the state to set; UNSPECIFIED to leave it.
  ::servicenow::v1::IncidentState new_state =
      ::servicenow::v1::INCIDENT_STATE_UNSPECIFIED;
};

// A state that this version does not know is treated like In Progress:
// somebody works on it, so it is updated and its state is left alone.
TicketDecision DecideOnTicket(::config::v1::ExistingTicketPolicy policy,
                              const ::servicenow::v1::Incident& incident);

// Words for a person: "closed".
const char* StateWords(::servicenow::v1::IncidentState state);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_TICKET_POLICY_H_
