#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_TICKET_LINKS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_TICKET_LINKS_H_

// From a ticket to the jobs that it belongs to.

#include <vector>

#include "absl/status/statusor.h"
#include "incident/v1/report.pb.h"
#include "incident/v1/ticket.pb.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// The links of the ticket, that of the latest day first; none if it is no
// ticket of ours. One that goes on for the next day's job has several, and is
// that one's. At most 100.
absl::StatusOr<std::vector<::incident::v1::TicketLink>> LinksOfTicket(
    Store* store, const ::incident::v1::TicketRef& ticket);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_TICKET_LINKS_H_
