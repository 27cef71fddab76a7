// Daily jobs: lists, counts, one job, its status and the change of a whole job.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/job_query.h"
#include "sandbox/opcon/json_input.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

constexpr int kMaxPriority = 9999;

// Parameters that the API has and the sandbox does not. What the other
// Include… add is empty here: jobs have no events, thresholds or resources.
constexpr std::array<absl::string_view, 4> kNotSimulated = {
    "IncludeDetails", "SortOrders", "DepartmentList", "AccessCodeList"};

// The first of several names of one parameter that is there.
std::string FirstText(const QueryParameters& query,
                      std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (query.Has(name)) return query.Text(name);
  }
  return "";
}

// Two names of one list.
std::vector<std::string> Lists(const QueryParameters& query, const char* name,
                               const char* other) {
  std::vector<std::string> list = query.List(name);
  for (std::string& text : query.List(other)) list.push_back(std::move(text));
  return list;
}

absl::StatusOr<JobFilter> ParseFilter(const QueryParameters& query) {
  for (absl::string_view name : kNotSimulated) {
    if (query.Asks(name)) {
      return absl::UnimplementedError(
          absl::StrCat("parameter ", name, " of /api/dailyjobs"));
    }
  }
  JobFilter filter;
  filter.ids = query.List("Ids");
  filter.schedule_ids = query.List("ScheduleIds");
  filter.categories = Lists(query, "Categories", "JobStatusCategories");
  filter.tags = Lists(query, "Tags", "TagList");
  filter.name = FirstText(query, {"JobName", "Name"});
  filter.schedule_name = query.Text("ScheduleName");
  filter.machine =
      FirstText(query, {"Machine", "StartMachine", "PrimaryMachine"});
  filter.status = FirstText(query, {"Status", "JobStatus"});
  filter.schedule_status = query.Text("ScheduleStatus");
  filter.job_type = query.Text("JobType");
  filter.termination = query.Text("TerminationDescription");
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.uids, query.Numbers("Uids"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      filter.dates,
      query.Dates(query.Has("Dates") ? "Dates" : "ScheduleDates"));
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.job_number, query.Number("JobNumber"));
  filter.alternate_machine = FirstText(
      query, {"AlternateMachine", "AlternateMachine2", "AlternateMachine3"});
  filter.path = query.Text("Path");
  filter.reason = query.Text("Reason");
  OPCON_SNOW_ASSIGN_OR_RETURN(
      filter.priority,
      query.Number(query.Has("Priority") ? "Priority" : "PriorityValue"));
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.department_ids,
                              query.Numbers("DepartmentIds"));
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.access_code_ids,
                              query.Numbers("AccessCodeIds"));
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.include_sub_schedules,
                              query.Flag("IncludeSubSchedule"));
  return filter;
}

// sortBy=name:asc,start:desc
absl::StatusOr<std::vector<JobOrder>> ParseOrder(const QueryParameters& query) {
  std::vector<JobOrder> order;
  for (const std::string& part : query.List("SortBy")) {
    const std::pair<std::string, std::string> column =
        absl::StrSplit(part, absl::MaxSplits(':', 1));
    const std::optional<JobColumn> found = ParseJobColumn(column.first);
    if (!found) {
      return absl::UnimplementedError(
          absl::StrCat("sortBy column ", column.first, " of /api/dailyjobs"));
    }
    order.push_back({*found, absl::EqualsIgnoreCase(column.second, "desc")});
  }
  return order;
}

absl::StatusOr<Reply> ListJobs(const ApiContext& context, const ApiCall& call) {
  const QueryParameters& query = call.query;
  OPCON_SNOW_ASSIGN_OR_RETURN(const JobFilter filter, ParseFilter(query));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<JobOrder> order,
                              ParseOrder(query));
  JsonView::Parts parts;
  OPCON_SNOW_ASSIGN_OR_RETURN(parts.documentation,
                              query.Flag("IncludeDocumentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(parts.dependencies,
                              query.Flag("IncludeDependencies"));
  return ListReply(
      call, SelectJobs(*context.model, filter, order),
      [&](const DailyJob* job) { return context.view().Job(*job, parts); });
}

// Where the number stands, in the header or in the body, is not known: both.
absl::StatusOr<Reply> CountJobs(const ApiContext& context,
                                const ApiCall& call) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JobFilter filter, ParseFilter(call.query));
  const std::size_t count = SelectJobs(*context.model, filter, {}).size();
  return Reply::Json(200, count)
      .With("TotalResourceCount", absl::StrCat(count));
}

absl::StatusOr<Reply> CountByStatus(const ApiContext& context,
                                    const ApiCall& call) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JobFilter filter, ParseFilter(call.query));
  return Reply::Json(
      200, JsonView::CountByStatus(SelectJobs(*context.model, filter, {})));
}

// What is taken from a whole job: the incident ticket (null clears it, as a
// missing field deserialises to null), and if they are there documentation,
// tags, properties and priority. The rest of the body is ignored.
absl::Status ApplyJob(ApiContext& context, DailyJob& job, const json& body) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string id, fields.Text("id"));
  if (id != job.id.ToString()) {
    return absl::InvalidArgumentError(
        absl::StrCat("The id of the body, '", id,
                     "', is not that of the path, '", job.id.ToString(), "'."));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string ticket_id,
                              fields.Text("incidentTicketId"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string ticket_url,
                              fields.Text("incidentTicketURL"));
  Documentation documentation = job.documentation;
  const json* documents = fields.Find("documentation");
  if (documents != nullptr) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields texts,
                                JsonFields::Of(*documents));
    OPCON_SNOW_ASSIGN_OR_RETURN(documentation.job, texts.Text("job"));
    OPCON_SNOW_ASSIGN_OR_RETURN(documentation.frequency,
                                texts.Text("frequency"));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::string> tags,
                              fields.Texts("tags"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<Property> properties,
                              ReadProperties(fields, "properties", "key"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<std::int64_t> priority,
                              fields.Integer("priority"));
  if (priority && (*priority < 0 || *priority > kMaxPriority)) {
    return absl::InvalidArgumentError(
        absl::StrCat("priority must be 0 to ", kMaxPriority, "."));
  }

  // Nothing is changed before everything has been found to be right.
  OpConModel& model = *context.model;
  if (!context.ticket_in_job) {
    // This version does not know the field.
  } else if (job.tickets.empty()) {
    if (!ticket_id.empty()) model.AddTicket(job, ticket_id, ticket_url);
  } else if (ticket_id.empty()) {
    OPCON_SNOW_RETURN_IF_ERROR(model.RemoveTicket(job, job.tickets.front().id));
  } else {
    OPCON_SNOW_RETURN_IF_ERROR(model.ReplaceTicket(job, job.tickets.front().id,
                                                   ticket_id, ticket_url));
  }
  if (documents != nullptr) {
    model.SetDocumentation(job, documentation.job, documentation.frequency);
  }
  if (fields.Find("tags") != nullptr) job.tags = tags;
  if (fields.Find("properties") != nullptr) job.properties = properties;
  if (priority) job.priority = static_cast<int>(*priority);
  return absl::OkStatus();
}

Reply PutJob(ApiContext& context, const ApiCall& call) {
  Reply error;
  DailyJob* job = JobOfPath(context, call.values[0], &error);
  if (job == nullptr) return error;
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const absl::Status status = ApplyJob(context, *job, std::get<json>(body));
  if (!status.ok()) return ErrorReply(status, "dailyJob", call.values[0]);
  return Reply::Json(200, context.view().Job(*job));
}

using ListFunction = absl::StatusOr<Reply> (*)(const ApiContext&,
                                               const ApiCall&);

void AddList(ApiContext* context, Router& router, absl::string_view path,
             ListFunction function) {
  router.Add("GET", path, [context, function](const ApiCall& call) {
    absl::StatusOr<Reply> reply = function(*context, call);
    return reply.ok() ? *std::move(reply)
                      : ErrorReply(reply.status(), "dailyJob", "");
  });
}

}  // namespace

DailyJob* JobOfPath(const ApiContext& context, const std::string& id,
                    Reply* error) {
  const std::optional<DailyJobId> parsed = DailyJobId::Parse(id);
  if (!parsed) {
    *error = ApiError(400, "dailyJob", id, "Invalid daily job id");
    return nullptr;
  }
  DailyJob* job = context.model->FindJob(*parsed);
  if (job == nullptr) {
    *error = ApiError(404, "dailyJob", id, "Daily job not found");
  }
  return job;
}

void AddDailyJobRoutes(ApiContext* context, Router& router) {
  AddList(context, router, "api/dailyjobs", ListJobs);
  AddList(context, router, "api/dailyjobs/count", CountJobs);
  AddList(context, router, "api/dailyjobs/count_by_status", CountByStatus);
  router.Add("GET", "api/dailyjobs/{id}", [context](const ApiCall& call) {
    Reply error;
    const DailyJob* job = JobOfPath(*context, call.values[0], &error);
    if (job == nullptr) return error;
    return Reply::Json(200, context->view().Job(*job));
  });
  router.Add("PUT", "api/dailyjobs/{id}",
             [context](const ApiCall& call) { return PutJob(*context, call); });
  router.Add(
      "GET", "api/dailyjobs/{id}/status", [context](const ApiCall& call) {
        Reply error;
        const DailyJob* job = JobOfPath(*context, call.values[0], &error);
        if (job == nullptr) return error;
        return Reply::Json(200, context->view().Status(*job));
      });
}

}  // namespace opcon_snow::sandbox::opcon
