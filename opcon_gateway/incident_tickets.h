#ifndef OPCON_SNOW_OPCON_GATEWAY_INCIDENT_TICKETS_H_
#define OPCON_SNOW_OPCON_GATEWAY_INCIDENT_TICKETS_H_

// The incident tickets of a daily job.
//
// OpCon has a list of them under the job's uid (reading since 20.0, adding
// since 20.1). Where a version lacks the endpoint (404 or 405), the one ticket
// field of the job itself takes its place: it is read with the job and written
// by sending the whole job back.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/daily_job.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

struct TicketList {
  std::vector<::opcon::v1::IncidentTicket> rows;
  // There is no list, only the job's own field.
  bool single_field = false;
};

// What somebody wants to see on the job.
struct TicketWish {
  std::string ticket_id;
  // Empty: none; an address that is there already stays.
  std::string ticket_url;
  // The ticket that gives way; empty for none.
  std::string replaced_ticket_id;
};

struct TicketWritten {
  ::opcon::v1::IncidentTicket ticket;
  bool changed = false;
  bool single_field = false;
};

// What is to be done to a list of tickets.
struct TicketPlan {
  enum class Step { kNothing, kReplaceRow, kAddRow };
  Step step = Step::kAddRow;
  // The row as it is to be; without row_id for kAddRow.
  ::opcon::v1::IncidentTicket row;
};

// A row from OpCon's JSON; empty where that is something else.
::opcon::v1::IncidentTicket ParseTicketRow(const nlohmann::json& value);

// Ours is the row that carries the wished id already, else the one with the
// replaced id; all others belong to other people.
TicketPlan PlanTicket(const std::vector<::opcon::v1::IncidentTicket>& rows,
                      const TicketWish& wish);

class IncidentTickets {
 public:
  // Both must outlive every call.
  IncidentTickets(RestClient* rest, DailyJobs* jobs)
      : rest_(rest), jobs_(jobs) {}

  async::Task<absl::StatusOr<TicketList>> List(
      const ::opcon::v1::JobSelector& selector, const CallScope& scope);

  // Natural: repeating it changes nothing more. Looks at what OpCon made of it
  // before it reports success.
  async::Task<absl::StatusOr<TicketWritten>> Set(
      const ::opcon::v1::JobSelector& selector, const TicketWish& wish,
      const CallScope& scope);

 private:
  struct Rows {
    bool missing = false;  // the version has no list
    std::vector<::opcon::v1::IncidentTicket> rows;
  };

  async::Task<absl::StatusOr<Rows>> GetRows(std::int64_t uid,
                                            const CallScope& scope);
  // PUT (row_id > 0) or POST. The answer's status tells whether the endpoint is
  // there.
  async::Task<absl::StatusOr<RestAnswer>> WriteRow(
      std::int64_t uid, const ::opcon::v1::IncidentTicket& row,
      const CallScope& scope);
  // The list; nothing in `missing` if there is none.
  struct ListOutcome {
    bool missing = false;
    TicketWritten written;
  };
  async::Task<absl::StatusOr<ListOutcome>> SetInList(std::int64_t uid,
                                                     const TicketWish& wish,
                                                     const CallScope& scope);
  async::Task<absl::StatusOr<ListOutcome>> Confirm(std::int64_t uid,
                                                   const std::string& ticket_id,
                                                   const RestAnswer& answer,
                                                   const CallScope& scope);
  async::Task<absl::StatusOr<TicketWritten>> SetField(std::string job_id,
                                                      const TicketWish& wish,
                                                      const CallScope& scope);

  RestClient* const rest_;
  DailyJobs* const jobs_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_INCIDENT_TICKETS_H_
