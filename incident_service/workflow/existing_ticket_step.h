#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EXISTING_TICKET_STEP_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EXISTING_TICKET_STEP_H_

// What the two halves of TICKET share with each other, and with the steps about
// tickets that are there; for nobody else.

#include <optional>
#include <string>

#include "incident_service/identity.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {

// What the job's field and our memory say of the ticket that the job has.
struct Steps::ExistingTicket {
  // The one that takes the failure.
  std::optional<::servicenow::v1::Incident> incident;
  // True if that is the one of an earlier day's job.
  bool of_earlier_day = false;
  // Otherwise the one that a new one replaces, and why; empty if there is none.
  std::string previous_number;
  std::string previous_reason;
  bool previous_is_gone = false;
  // The text in the job's field that gives way to the ticket.
  std::string field_text;
  std::optional<::incident::v1::TicketLink> link;
  // True if the field led to the link's incident.
  bool field_had_link = false;

  // Of the link's incident; 0 if there is no link.
  int generation() const { return link.has_value() ? link->generation() : 0; }

  // Takes `found`, or notes why not. It is called `called` by whatever names
  // it, which is `text` in the field.
  void Consider(std::optional<::servicenow::v1::Incident> found,
                const std::string& called, const std::string& text,
                const Template& chosen);
};

// The gateway says that there is no such incident.
bool IsGone(const absl::Status& status);
// That of OpCon says that there is no such job.
bool IsNoJob(const absl::Status& status);

// Whether the text names the ticket.
bool Means(const TicketId& id, const ::incident::v1::TicketRef& ticket);

// Whether the incident, if it is the link's, tells of a later run already.
bool IsOlder(const ::incident::v1::Failure& failure,
             const std::optional<::incident::v1::TicketLink>& link,
             const std::string& sys_id);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EXISTING_TICKET_STEP_H_
