#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FOLLOW_REPORT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FOLLOW_REPORT_H_

// From a ticket as it was found to the report that has its job follow it. Pure
// functions.

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "incident/v1/report.pb.h"
#include "incident/v1/ticket.pb.h"
#include "incident_service/store/store.h"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::incident {

// The ticket was not there any more at `now`.
Store::SeenTicket SeenGone(const ::incident::v1::TicketLink& link,
                           absl::Time now);
// The ticket was found like this at `now`. Nothing comes of it yet.
Store::SeenTicket SeenAs(const ::incident::v1::TicketLink& link,
                         const ::servicenow::v1::Incident& incident,
                         absl::Time now);

// From the state that the link knows to the one of the incident.
::incident::v1::TicketChange ChangeOf(
    const ::incident::v1::TicketLink& link,
    const ::servicenow::v1::Incident& incident);

// A report with the step FOLLOW_TICKET, which begins after `delay`. `program`
// is who has found out.
Store::NewReport FollowReport(const ::incident::v1::TicketLink& link,
                              const ::incident::v1::TicketChange& change,
                              absl::string_view request_id,
                              absl::string_view program, absl::Duration delay);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FOLLOW_REPORT_H_
