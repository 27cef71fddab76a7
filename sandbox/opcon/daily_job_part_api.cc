// Documentation and incident tickets of a daily job.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/json_input.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

using JobHandler = Reply (*)(ApiContext&, DailyJob&, const ApiCall&);

void AddForJob(ApiContext* context, Router& router, absl::string_view method,
               absl::string_view part, JobHandler handler) {
  router.Add(method, absl::StrCat("api/dailyjobs/{id}/", part),
             [context, handler](const ApiCall& call) {
               Reply error;
               DailyJob* job = JobOfPath(*context, call.values[0], &error);
               return job == nullptr ? error : handler(*context, *job, call);
             });
}

// --- Documentation: one text for the job, one for its frequency ------------

Reply NoDocumentation(const ApiCall& call) {
  return ApiError(404, "dailyJobDocumentation", call.values[0],
                  "Documentation not found");
}

// The second value of the path, if there is one, must name the documentation
// that there is.
bool NamesDocumentation(const DailyJob& job, const ApiCall& call) {
  return call.values.size() < 2 ||
         (job.documentation.id != 0 &&
          call.values[1] == absl::StrCat(job.documentation.id));
}

Reply GetDocumentation(ApiContext&, DailyJob& job, const ApiCall& call) {
  if (!NamesDocumentation(job, call)) return NoDocumentation(call);
  return Reply::Json(200, JsonView::DocumentationOf(job.documentation));
}

struct DocumentationBody {
  std::string job;
  std::string frequency;
  std::optional<std::int64_t> id;
};

absl::StatusOr<DocumentationBody> ParseDocumentation(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  DocumentationBody body;
  OPCON_SNOW_ASSIGN_OR_RETURN(body.job, fields.Text("job"));
  OPCON_SNOW_ASSIGN_OR_RETURN(body.frequency, fields.Text("frequency"));
  OPCON_SNOW_ASSIGN_OR_RETURN(body.id, fields.Integer("id"));
  return body;
}

Reply WriteDocumentation(ApiContext& context, DailyJob& job,
                         const ApiCall& call, int status) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const auto texts = ParseDocumentation(std::get<json>(body));
  if (!texts.ok()) {
    return ErrorReply(texts.status(), "dailyJobDocumentation", "");
  }
  context.model->SetDocumentation(job, texts->job, texts->frequency);
  return Reply::Json(status, JsonView::DocumentationOf(job.documentation));
}

Reply PostDocumentation(ApiContext& context, DailyJob& job,
                        const ApiCall& call) {
  return WriteDocumentation(context, job, call, context.options.created_status);
}

Reply PutDocumentation(ApiContext& context, DailyJob& job,
                       const ApiCall& call) {
  if (!NamesDocumentation(job, call)) return NoDocumentation(call);
  return WriteDocumentation(context, job, call, 200);
}

Reply DeleteDocumentation(ApiContext&, DailyJob& job, const ApiCall& call) {
  if (!NamesDocumentation(job, call)) return NoDocumentation(call);
  job.documentation = {};
  return Reply::Empty(200);
}

// --- Incident tickets: the path names the job by its uid -------------------

struct TicketBody {
  std::optional<std::int64_t> id;
  std::string ticket_id;
  std::string ticket_url;
};

absl::StatusOr<TicketBody> ParseTicket(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  TicketBody body;
  OPCON_SNOW_ASSIGN_OR_RETURN(body.id, fields.Integer("id"));
  OPCON_SNOW_ASSIGN_OR_RETURN(body.ticket_id, fields.Text("ticketId"));
  OPCON_SNOW_ASSIGN_OR_RETURN(body.ticket_url, fields.Text("ticketUrl"));
  return body;
}

void AddForUid(ApiContext* context, Router& router, absl::string_view method,
               absl::string_view part, JobHandler handler) {
  router.Add(method, absl::StrCat("api/dailyjobs/{uid}/", part),
             [context, handler](const ApiCall& call) {
               std::int64_t uid = 0;
               if (!absl::SimpleAtoi(call.values[0], &uid)) {
                 return Problem(400, "One or more validation errors occurred.",
                                absl::StrCat("The value '", call.values[0],
                                             "' is not valid."));
               }
               DailyJob* job = context->model->FindJobByUid(uid);
               if (job == nullptr) {
                 return ApiError(404, "dailyJob", call.values[0],
                                 "Daily job not found");
               }
               return handler(*context, *job, call);
             });
}

Reply ListTickets(ApiContext&, DailyJob& job, const ApiCall&) {
  json list = json::array();
  for (const IncidentTicket& ticket : job.tickets) {
    list.push_back(JsonView::Ticket(ticket));
  }
  return Reply::Json(200, list);
}

Reply PostTicket(ApiContext& context, DailyJob& job, const ApiCall& call) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const auto ticket = ParseTicket(std::get<json>(body));
  if (!ticket.ok()) return ErrorReply(ticket.status(), "incidentTicket", "");
  if (!context.options.several_tickets && !job.tickets.empty()) {
    return ApiError(409, "incidentTicket", job.tickets.front().ticket_id,
                    "The daily job has an incident ticket already");
  }
  return Reply::Json(context.options.created_status,
                     JsonView::Ticket(context.model->AddTicket(
                         job, ticket->ticket_id, ticket->ticket_url)));
}

Reply PutTicket(ApiContext& context, DailyJob& job, const ApiCall& call) {
  const std::string& row_text = call.values[1];
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const auto ticket = ParseTicket(std::get<json>(body));
  if (!ticket.ok()) return ErrorReply(ticket.status(), "incidentTicket", "");
  const int row = ParsePlainInt(row_text).value_or(0);
  if (ticket->id.value_or(0) != 0 && *ticket->id != row) {
    return ApiError(400, "incidentTicket", row_text,
                    "The id of the body is not that of the path");
  }
  const absl::Status status = context.model->ReplaceTicket(
      job, row, ticket->ticket_id, ticket->ticket_url);
  if (!status.ok()) return ErrorReply(status, "incidentTicket", row_text);
  return Reply::Json(
      200, JsonView::Ticket({row, ticket->ticket_id, ticket->ticket_url}));
}

Reply DeleteTicket(ApiContext& context, DailyJob& job, const ApiCall& call) {
  const std::string& row_text = call.values[1];
  const absl::Status status =
      context.model->RemoveTicket(job, ParsePlainInt(row_text).value_or(0));
  if (!status.ok()) return ErrorReply(status, "incidentTicket", row_text);
  return Reply::Empty(200);
}

std::vector<Property>* PropertiesOfPath(ApiContext& context,
                                        const ApiCall& call, Reply* error) {
  DailyJob* job = JobOfPath(context, call.values[0], error);
  return job == nullptr ? nullptr : &job->properties;
}

}  // namespace

void AddDailyJobPartRoutes(ApiContext* context, Router& router) {
  AddForJob(context, router, "GET", "documentation", GetDocumentation);
  AddForJob(context, router, "POST", "documentation", PostDocumentation);
  AddForJob(context, router, "GET", "documentation/{row}", GetDocumentation);
  AddForJob(context, router, "PUT", "documentation/{row}", PutDocumentation);
  AddForJob(context, router, "DELETE", "documentation/{row}",
            DeleteDocumentation);
  AddPropertyRoutes(context, router, "api/dailyjobs/{id}/properties",
                    PropertiesOfPath);
}

void AddIncidentTicketRoutes(ApiContext* context, Router& router) {
  AddForUid(context, router, "GET", "incidentTickets", ListTickets);
  AddForUid(context, router, "POST", "incidentTickets", PostTicket);
  AddForUid(context, router, "PUT", "incidentTickets/{row}", PutTicket);
  AddForUid(context, router, "DELETE", "incidentTickets/{row}", DeleteTicket);
}

}  // namespace opcon_snow::sandbox::opcon
