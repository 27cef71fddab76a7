#include "incident_service/store/ticket_links.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "incident_service/identity.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr int kLinksOfATicket = 100;

}  // namespace

absl::StatusOr<std::vector<v1::TicketLink>> LinksOfTicket(
    Store* store, const v1::TicketRef& ticket) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Page<v1::TicketLink> page,
      store->ListLinks(
          {.servicenow = ticket.servicenow(), .ticket_number = ticket.number()},
          "", kLinksOfATicket));
  std::vector<v1::TicketLink> links = std::move(page.records);
  links.erase(std::remove_if(links.begin(), links.end(),
                             [&](const v1::TicketLink& link) {
                               return link.ticket().sys_id() != ticket.sys_id();
                             }),
              links.end());
  std::stable_sort(links.begin(), links.end(),
                   [](const v1::TicketLink& a, const v1::TicketLink& b) {
                     return CompactDate(a.job_key().schedule_date()) >
                            CompactDate(b.job_key().schedule_date());
                   });
  return links;
}

}  // namespace opcon_snow::incident
