#include "opcon_gateway/incident_tickets.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr char kIdField[] = "incidentTicketId";
constexpr char kUrlField[] = "incidentTicketURL";

const v1::IncidentTicket* FindRow(const std::vector<v1::IncidentTicket>& rows,
                                  const std::string& ticket_id) {
  for (const v1::IncidentTicket& row : rows) {
    if (!ticket_id.empty() && row.ticket_id() == ticket_id) return &row;
  }
  return nullptr;
}

// What the row, or the field, that carries `present` is to become.
v1::IncidentTicket Wanted(const v1::IncidentTicket& present,
                          const TicketWish& wish) {
  v1::IncidentTicket row;
  row.set_row_id(present.row_id());
  row.set_ticket_id(wish.ticket_id);
  row.set_ticket_url(wish.ticket_url);
  // The old ticket's address would lead astray, the same ticket's does not.
  if (wish.ticket_url.empty() && present.ticket_id() == wish.ticket_id) {
    row.set_ticket_url(present.ticket_url());
  }
  return row;
}

bool SameTicket(const v1::IncidentTicket& a, const v1::IncidentTicket& b) {
  return a.ticket_id() == b.ticket_id() && a.ticket_url() == b.ticket_url();
}

absl::Status NotShown(const std::string& instance,
                      const std::string& ticket_id) {
  return OpConError(
      absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_FAILURE,
      absl::StrCat("OpCon instance \"", instance, "\" took ticket ", ticket_id,
                   " with success, but does not show it on the job. Ask the "
                   "OpCon administrator to look into the API's log."));
}

absl::Status TakenByAnother(const std::string& instance,
                            const std::string& present) {
  ErrorDetails details;
  if (!present.empty()) details.metadata["present_ticket_id"] = present;
  return OpConError(
      absl::StatusCode::kAlreadyExists, v1::ERROR_REASON_JOB_STATE,
      absl::StrCat("OpCon instance \"", instance,
                   "\" keeps one ticket for a job, and this job's is ",
                   present.empty() ? "somebody else's" : present,
                   ". Take it off the job in OpCon, or name it as the ticket "
                   "that is replaced."),
      std::move(details));
}

v1::IncidentTicket FieldOf(const json& job) {
  v1::IncidentTicket ticket;
  ticket.set_ticket_id(TextOf(job, kIdField));
  ticket.set_ticket_url(TextOf(job, kUrlField));
  return ticket;
}

}  // namespace

v1::IncidentTicket ParseTicketRow(const json& value) {
  v1::IncidentTicket row;
  row.set_row_id(Int32Of(value, "id"));
  row.set_ticket_id(TextOf(value, "ticketId"));
  row.set_ticket_url(TextOf(value, "ticketUrl"));
  return row;
}

TicketPlan PlanTicket(const std::vector<v1::IncidentTicket>& rows,
                      const TicketWish& wish) {
  TicketPlan plan;
  const v1::IncidentTicket* ours = FindRow(rows, wish.ticket_id);
  if (ours == nullptr) ours = FindRow(rows, wish.replaced_ticket_id);
  if (ours == nullptr) {
    plan.row = Wanted(v1::IncidentTicket(), wish);
    return plan;
  }
  plan.row = Wanted(*ours, wish);
  plan.step = SameTicket(plan.row, *ours) ? TicketPlan::Step::kNothing
                                          : TicketPlan::Step::kReplaceRow;
  return plan;
}

async::Task<absl::StatusOr<TicketList>> IncidentTickets::List(
    const v1::JobSelector& selector, const CallScope& scope) {
  std::int64_t uid = selector.uid();
  std::optional<v1::DailyJob> job;
  if (uid == 0) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(job, co_await jobs_->Find(selector, scope));
    uid = job->uid();
  }
  TicketList list;
  if (uid != 0) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(Rows rows, co_await GetRows(uid, scope));
    list.rows = std::move(rows.rows);
    if (!rows.missing) co_return list;
  }
  // A job that does not exist answers like an endpoint that does not.
  if (!job.has_value()) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(job, co_await jobs_->Find(selector, scope));
  }
  list.single_field = true;
  if (job->has_incident_ticket()) list.rows.push_back(job->incident_ticket());
  co_return list;
}

async::Task<absl::StatusOr<TicketWritten>> IncidentTickets::Set(
    const v1::JobSelector& selector, const TicketWish& wish,
    const CallScope& scope) {
  std::int64_t uid = selector.uid();
  std::string job_id = selector.id();
  if (uid == 0) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(v1::DailyJob job,
                                   co_await jobs_->Find(selector, scope));
    uid = job.uid();
    job_id = job.id();
  }
  if (uid != 0) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(ListOutcome outcome,
                                   co_await SetInList(uid, wish, scope));
    if (!outcome.missing) co_return std::move(outcome.written);
  }
  if (job_id.empty()) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(v1::DailyJob job,
                                   co_await jobs_->Find(selector, scope));
    job_id = job.id();
  }
  co_return co_await SetField(job_id, wish, scope);
}

async::Task<absl::StatusOr<IncidentTickets::Rows>> IncidentTickets::GetRows(
    std::int64_t uid, const CallScope& scope) {
  RestRequest request;
  request.url = rest_->Url("api/dailyjobs")
                    .Segment(absl::StrCat(uid))
                    .Path("incidentTickets")
                    .Build();
  request.missing_is_answer = true;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  Rows rows;
  rows.missing = answer.missing();
  if (rows.missing || answer.body.is_null()) co_return rows;
  if (!answer.body.is_array()) {
    co_return rest_->Unreadable(request, answer, "it is no list of tickets");
  }
  for (const json& value : answer.body) {
    if (value.is_object()) rows.rows.push_back(ParseTicketRow(value));
  }
  co_return rows;
}

async::Task<absl::StatusOr<RestAnswer>> IncidentTickets::WriteRow(
    std::int64_t uid, const v1::IncidentTicket& row, const CallScope& scope) {
  http::UrlBuilder url = rest_->Url("api/dailyjobs")
                             .Segment(absl::StrCat(uid))
                             .Path("incidentTickets");
  RestRequest request;
  request.method = http::Method::kPost;
  if (row.row_id() != 0) {
    request.method = http::Method::kPut;
    url.Segment(absl::StrCat(row.row_id()));
  }
  request.url = url.Build();
  request.effect = Effect::kWrite;
  request.missing_is_answer = true;
  json body = {{"id", row.row_id()},
               {"ticketId", row.ticket_id()},
               {"ticketUrl", row.ticket_url()}};
  request.body = std::move(body);
  co_return co_await rest_->Send(std::move(request), scope);
}

async::Task<absl::StatusOr<IncidentTickets::ListOutcome>>
IncidentTickets::SetInList(std::int64_t uid, const TicketWish& wish,
                           const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Rows rows, co_await GetRows(uid, scope));
  ListOutcome outcome;
  outcome.missing = rows.missing;
  if (rows.missing) co_return outcome;
  TicketPlan plan = PlanTicket(rows.rows, wish);
  outcome.written.ticket = plan.row;
  if (plan.step == TicketPlan::Step::kNothing) co_return outcome;
  if (plan.step == TicketPlan::Step::kReplaceRow) {
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                   co_await WriteRow(uid, plan.row, scope));
    if (!answer.missing()) {
      co_return co_await Confirm(uid, wish.ticket_id, answer, scope);
    }
    // Somebody has just taken the row away: it is added anew.
    plan.row.set_row_id(0);
  }
  absl::StatusOr<RestAnswer> answer = co_await WriteRow(uid, plan.row, scope);
  if (!answer.ok()) {
    // A conflict over a row that is to be added can only be another's ticket.
    const bool conflict = IsReason(answer.status(), v1::ERROR_REASON_JOB_STATE);
    if (!conflict) co_return answer.status();
    co_return TakenByAnother(rest_->instance(), rows.rows.empty()
                                                    ? std::string()
                                                    : rows.rows[0].ticket_id());
  }
  outcome.missing = answer->missing();
  if (outcome.missing) co_return outcome;
  co_return co_await Confirm(uid, wish.ticket_id, *answer, scope);
}

async::Task<absl::StatusOr<IncidentTickets::ListOutcome>>
IncidentTickets::Confirm(std::int64_t uid, const std::string& ticket_id,
                         const RestAnswer& answer, const CallScope& scope) {
  ListOutcome outcome;
  outcome.written.changed = true;
  outcome.written.ticket = ParseTicketRow(answer.body);
  if (outcome.written.ticket.ticket_id() == ticket_id &&
      outcome.written.ticket.row_id() != 0) {
    co_return outcome;
  }
  // What it answers to a write is not documented: look.
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Rows rows, co_await GetRows(uid, scope));
  const v1::IncidentTicket* row = FindRow(rows.rows, ticket_id);
  if (row == nullptr) co_return NotShown(rest_->instance(), ticket_id);
  outcome.written.ticket = *row;
  co_return outcome;
}

async::Task<absl::StatusOr<TicketWritten>> IncidentTickets::SetField(
    std::string job_id, const TicketWish& wish, const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(json job,
                                 co_await jobs_->GetRaw(job_id, scope));
  const v1::IncidentTicket present = FieldOf(job);
  TicketWritten written;
  written.single_field = true;
  written.ticket = Wanted(present, wish);
  if (SameTicket(present, written.ticket)) co_return written;
  const bool ours = present.ticket_id().empty() ||
                    present.ticket_id() == wish.ticket_id ||
                    present.ticket_id() == wish.replaced_ticket_id;
  if (!ours) co_return TakenByAnother(rest_->instance(), present.ticket_id());

  job[kIdField] = written.ticket.ticket_id();
  job[kUrlField] = written.ticket.ticket_url();
  RestRequest request;
  request.method = http::Method::kPut;
  request.url = rest_->Url("api/dailyjobs").SegmentSlashTwice(job_id).Build();
  request.effect = Effect::kWrite;
  request.not_found = v1::ERROR_REASON_JOB_NOT_FOUND;
  request.body = std::move(job);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      RestAnswer answer, co_await rest_->Send(std::move(request), scope));
  written.changed = true;
  if (FieldOf(answer.body).ticket_id() == wish.ticket_id) co_return written;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(json again,
                                 co_await jobs_->GetRaw(job_id, scope));
  if (FieldOf(again).ticket_id() != wish.ticket_id) {
    co_return NotShown(rest_->instance(), wish.ticket_id);
  }
  co_return written;
}

}  // namespace opcon_snow::opcon
