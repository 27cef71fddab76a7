// Daily schedules, schedule builds, schedule actions.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/job_query.h"
#include "sandbox/opcon/json_input.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

// Of one request: more is refused.
constexpr std::size_t kMaxItems = 1000;

absl::StatusOr<Reply> ListSchedules(const ApiContext& context,
                                    const ApiCall& call) {
  const QueryParameters& query = call.query;
  // What IncludeProperties and IncludeEvents add is there anyway.
  for (const char* name : {"SortBy", "SortOrders", "IncludeDetails"}) {
    if (query.Asks(name)) {
      return absl::UnimplementedError(
          absl::StrCat("parameter ", name, " of /api/dailyschedules"));
    }
  }
  ScheduleFilter filter;
  filter.ids = query.List("Ids");
  filter.name = query.Text("Name");
  filter.status = query.Text("Status");
  filter.path = query.Text("Path");
  filter.categories = query.List("Categories");
  for (std::string& text : query.List("ScheduleCategories")) {
    filter.categories.push_back(std::move(text));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.uids, query.Numbers("uids"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      filter.dates,
      query.Dates(query.Has("Dates") ? "Dates" : "ScheduleDates"));
  if (query.Has("FailedJobs")) {
    OPCON_SNOW_ASSIGN_OR_RETURN(filter.failed_jobs, query.Flag("FailedJobs"));
  }
  return ListReply(call, SelectSchedules(*context.model, filter),
                   [&](const DailySchedule* schedule) {
                     return context.view().Schedule(*schedule);
                   });
}

absl::Status ApplySchedule(const json& value, DailySchedule& schedule) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string id, fields.Text("id"));
  if (id != schedule.id.ToString()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "The id of the body, '", id, "', is not that of the path, '",
        schedule.id.ToString(), "'."));
  }
  if (fields.Find("properties") == nullptr) return absl::OkStatus();
  OPCON_SNOW_ASSIGN_OR_RETURN(schedule.properties,
                              ReadProperties(fields, "properties", "key"));
  return absl::OkStatus();
}

DailySchedule* ScheduleOfPath(ApiContext& context, const ApiCall& call,
                              Reply* error) {
  const std::string& text = call.values[0];
  const auto id = DailyScheduleId::Parse(text);
  if (!id) {
    *error = ApiError(400, "dailySchedule", text, "Invalid daily schedule id");
    return nullptr;
  }
  DailySchedule* schedule = context.model->FindSchedule(*id);
  if (schedule == nullptr) {
    *error = ApiError(404, "dailySchedule", text, "Daily schedule not found");
  }
  return schedule;
}

Reply GetSchedule(ApiContext& context, const ApiCall& call) {
  Reply error;
  const DailySchedule* schedule = ScheduleOfPath(context, call, &error);
  if (schedule == nullptr) return error;
  return Reply::Json(200, context.view().Schedule(*schedule));
}

// Of the whole schedule the properties are taken, if they are there.
Reply PutSchedule(ApiContext& context, const ApiCall& call) {
  Reply error;
  DailySchedule* schedule = ScheduleOfPath(context, call, &error);
  if (schedule == nullptr) return error;
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const absl::Status status = ApplySchedule(std::get<json>(body), *schedule);
  if (!status.ok()) return ErrorReply(status, "dailySchedule", call.values[0]);
  return Reply::Json(200, context.view().Schedule(*schedule));
}

std::vector<Property>* PropertiesOfPath(ApiContext& context,
                                        const ApiCall& call, Reply* error) {
  DailySchedule* schedule = ScheduleOfPath(context, call, error);
  return schedule == nullptr ? nullptr : &schedule->properties;
}

// --- Builds ----------------------------------------------------------------

// The elements of an array field that must be there and not be empty.
absl::StatusOr<const json*> NonEmptyArray(const JsonFields& fields,
                                          absl::string_view name) {
  const json* list = fields.Find(name);
  if (list == nullptr || !list->is_array() || list->empty() ||
      list->size() > kMaxItems) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " must have 1 to ", kMaxItems, " elements."));
  }
  return list;
}

absl::StatusOr<std::vector<absl::CivilDay>> ParseDates(
    const JsonFields& fields) {
  OPCON_SNOW_RETURN_IF_ERROR(NonEmptyArray(fields, "dates").status());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                              fields.Texts("dates"));
  std::vector<absl::CivilDay> dates;
  for (const std::string& text : texts) {
    const std::optional<absl::CivilDay> date = ParseDate(text);
    if (!date) {
      return absl::InvalidArgumentError(
          absl::StrCat("The value '", text, "' is not valid for dates."));
    }
    dates.push_back(*date);
  }
  return dates;
}

absl::StatusOr<ScheduleBuild> ParseBuild(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  ScheduleBuild build;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string machine,
                              fields.Text("machineName"));
  if (!machine.empty()) {
    return absl::UnimplementedError("machineName of POST /api/schedulebuilds");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(build.log_file, fields.Text("logFile"));
  OPCON_SNOW_ASSIGN_OR_RETURN(build.named_instance,
                              fields.Text("namedInstance"));
  OPCON_SNOW_ASSIGN_OR_RETURN(build.overwrite, fields.Flag("overwrite"));
  OPCON_SNOW_ASSIGN_OR_RETURN(build.hold, fields.Flag("hold"));
  OPCON_SNOW_ASSIGN_OR_RETURN(build.properties,
                              ReadProperties(fields, "properties", "key"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const json* schedules,
                              NonEmptyArray(fields, "schedules"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<absl::CivilDay> dates,
                              ParseDates(fields));
  for (const json& element : *schedules) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields schedule,
                                JsonFields::Of(element));
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::string name, schedule.Text("name"));
    if (name.empty()) {
      return absl::InvalidArgumentError("schedules[].name is required.");
    }
    for (const absl::CivilDay date : dates) {
      ScheduleBuildItem item;
      item.name = name;
      item.date = date;
      build.items.push_back(std::move(item));
    }
  }
  return build;
}

Reply PostBuild(ApiContext& context, const ApiCall& call) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  absl::StatusOr<ScheduleBuild> parsed = ParseBuild(std::get<json>(body));
  if (!parsed.ok()) return ErrorReply(parsed.status(), "scheduleBuild", "");
  const ScheduleBuild& build =
      context.schedule_actions->Submit(*std::move(parsed));
  return Reply::Json(
      201, context.view().Build(
               build, context.schedule_actions->ExpiryOf(build.submitted)));
}

Reply GetBuild(const ApiContext& context, const ApiCall& call) {
  const ScheduleBuild* build = context.schedule_actions->PollBuild(
      ParsePlainInt(call.values[0]).value_or(0));
  if (build == nullptr) {
    return ApiError(404, "scheduleBuild", call.values[0],
                    "Schedule build not found");
  }
  return Reply::Json(
      200, context.view().BuildResults(
               *build, context.schedule_actions->ExpiryOf(build->submitted)));
}

// --- Actions ---------------------------------------------------------------

absl::StatusOr<ScheduleActionJob> ParseActionJob(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  ScheduleActionJob job;
  OPCON_SNOW_ASSIGN_OR_RETURN(job.id, fields.Text("id"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.frequency, fields.Text("frequency"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      job.properties, ReadProperties(fields, "instanceProperties", "name"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.apply_exceptions,
                              fields.Flag("applyExceptions"));
  if (job.id.empty()) {
    return absl::InvalidArgumentError("jobs[].id must be the name of a job.");
  }
  return job;
}

absl::StatusOr<ScheduleActionItem> ParseActionItem(const ScheduleAction& action,
                                                   const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string text, fields.Text("id"));
  const auto id = DailyScheduleId::Parse(text);
  if (!id) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not the id of a daily schedule."));
  }
  ScheduleActionItem item;
  item.id = *id;
  const bool adds = action.action.kind == ScheduleActionKind::kAddJobs ||
                    action.action.kind == ScheduleActionKind::kAddJobsOnHold;
  if (!adds) return item;
  OPCON_SNOW_ASSIGN_OR_RETURN(const json* jobs, NonEmptyArray(fields, "jobs"));
  for (const json& element : *jobs) {
    OPCON_SNOW_ASSIGN_OR_RETURN(ScheduleActionJob job, ParseActionJob(element));
    item.jobs.push_back(std::move(job));
  }
  return item;
}

absl::StatusOr<ScheduleAction> ParseAction(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  ScheduleAction action;
  OPCON_SNOW_ASSIGN_OR_RETURN(action.name, fields.Text("action"));
  const auto name = ParseScheduleAction(action.name);
  if (!name) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", action.name, "' is not a schedule action."));
  }
  action.action = *name;
  OPCON_SNOW_ASSIGN_OR_RETURN(action.reason, fields.Text("reason"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::string> states,
                              fields.Texts("states"));
  for (const std::string& text : states) {
    const std::optional<JobCategory> category = ParseCategory(text);
    if (!category) {
      return absl::InvalidArgumentError(
          absl::StrCat("The value '", text, "' is not valid for states."));
    }
    action.states.push_back(*category);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const json* items,
                              NonEmptyArray(fields, "scheduleActionItems"));
  for (const json& element : *items) {
    OPCON_SNOW_ASSIGN_OR_RETURN(ScheduleActionItem item,
                                ParseActionItem(action, element));
    action.items.push_back(std::move(item));
  }
  return action;
}

Reply PostAction(ApiContext& context, const ApiCall& call) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  absl::StatusOr<ScheduleAction> parsed = ParseAction(std::get<json>(body));
  if (!parsed.ok()) return ErrorReply(parsed.status(), "scheduleAction", "");
  // As with job actions: the schedules are looked up at once.
  for (const ScheduleActionItem& item : parsed->items) {
    if (context.model->FindSchedule(item.id) == nullptr) {
      return ApiError(404, "dailySchedule", item.id.ToString(),
                      "Daily schedule not found");
    }
  }
  const ScheduleAction& action =
      context.schedule_actions->Submit(*std::move(parsed));
  return Reply::Json(
      context.options.created_status,
      context.view().Action(
          action, context.schedule_actions->ExpiryOf(action.submitted)));
}

Reply GetAction(const ApiContext& context, const ApiCall& call) {
  const ScheduleAction* action = context.schedule_actions->PollAction(
      ParsePlainInt(call.values[0]).value_or(0));
  if (action == nullptr) {
    return ApiError(404, "scheduleAction", call.values[0], "Action not found");
  }
  return Reply::Json(
      200, context.view().Action(
               *action, context.schedule_actions->ExpiryOf(action->submitted)));
}

}  // namespace

void AddScheduleRoutes(ApiContext* context, Router& router) {
  router.Add("GET", "api/dailyschedules", [context](const ApiCall& call) {
    absl::StatusOr<Reply> reply = ListSchedules(*context, call);
    return reply.ok() ? *std::move(reply)
                      : ErrorReply(reply.status(), "dailySchedule", "");
  });
  router.AddNotSimulated("GET", "api/dailyschedules/dates");
  router.AddNotSimulated("GET", "api/dailyschedules/count_by_status");
  router.Add("GET", "api/dailyschedules/{id}", [context](const ApiCall& call) {
    return GetSchedule(*context, call);
  });
  router.Add("PUT", "api/dailyschedules/{id}", [context](const ApiCall& call) {
    return PutSchedule(*context, call);
  });
  AddPropertyRoutes(context, router, "api/dailyschedules/{id}/properties",
                    PropertiesOfPath);
}

void AddScheduleActionRoutes(ApiContext* context, Router& router) {
  router.Add("POST", "api/schedulebuilds", [context](const ApiCall& call) {
    return PostBuild(*context, call);
  });
  router.Add("GET", "api/schedulebuilds/{id}", [context](const ApiCall& call) {
    return GetBuild(*context, call);
  });
  router.Add("POST", "api/scheduleactions", [context](const ApiCall& call) {
    return PostAction(*context, call);
  });
  router.Add("GET", "api/scheduleactions/{id}", [context](const ApiCall& call) {
    return GetAction(*context, call);
  });
}

}  // namespace opcon_snow::sandbox::opcon
