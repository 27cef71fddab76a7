// Version, service status, machines, daily schedules, job history.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/job_query.h"
#include "sandbox/opcon/text_match.h"
#include "sandbox/opcon/wire_time.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

// The rows that Limit and Offset leave, rendered; TotalResourceCount if the
// caller wants it.
template <typename Row, typename Render>
absl::StatusOr<Reply> ListReply(const ApiCall& call,
                                const std::vector<Row>& rows,
                                const Render& render) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const Slice slice,
                              SliceOf(call.query, rows.size()));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool count,
                              call.query.Flag("IncludeCount"));
  json list = json::array();
  for (std::size_t i = slice.begin; i < slice.end; ++i) {
    list.push_back(render(rows[i]));
  }
  Reply reply = Reply::Json(200, list);
  if (count) reply.With("TotalResourceCount", absl::StrCat(rows.size()));
  return reply;
}

Reply ReplyOf(absl::StatusOr<Reply> reply, absl::string_view resource) {
  return reply.ok() ? *std::move(reply)
                    : ErrorReply(reply.status(), resource, "");
}

absl::StatusOr<Reply> ListSchedules(const ApiContext& context,
                                    const ApiCall& call) {
  const QueryParameters& query = call.query;
  for (const char* name : {"Path", "SortBy", "IncludeAll", "IncludeProperties",
                           "IncludeDetails", "IncludeEvents"}) {
    if (query.Has(name) && !absl::EqualsIgnoreCase(query.Text(name), "false")) {
      return absl::UnimplementedError(
          absl::StrCat("parameter ", name, " of /api/dailyschedules"));
    }
  }
  ScheduleFilter filter;
  filter.ids = query.List("Ids");
  filter.name = query.Text("Name");
  filter.status = query.Text("Status");
  filter.categories = query.List("Categories");
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.uids, query.Numbers("uids"));
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.dates, query.Dates("Dates"));
  if (query.Has("FailedJobs")) {
    OPCON_SNOW_ASSIGN_OR_RETURN(filter.failed_jobs, query.Flag("FailedJobs"));
  }
  return ListReply(call, SelectSchedules(*context.model, filter),
                   [&](const DailySchedule* schedule) {
                     return context.view().Schedule(*schedule);
                   });
}

Reply GetSchedule(const ApiContext& context, const ApiCall& call) {
  const std::string& text = call.values[0];
  const auto id = DailyScheduleId::Parse(text);
  if (!id) {
    return ApiError(400, "dailySchedule", text, "Invalid daily schedule id");
  }
  const DailySchedule* schedule = context.model->FindSchedule(*id);
  if (schedule == nullptr) {
    return ApiError(404, "dailySchedule", text, "Daily schedule not found");
  }
  return Reply::Json(200, context.view().Schedule(*schedule));
}

absl::StatusOr<Reply> ListMachines(const ApiContext& context,
                                   const ApiCall& call) {
  const QueryParameters& query = call.query;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids,
                              query.Numbers("Ids"));
  std::vector<const Machine*> machines;
  for (const Machine& machine : context.model->tables().machines) {
    bool wanted = ids.empty();
    for (const std::int64_t id : ids) wanted |= id == machine.id;
    if (wanted && OverMatches(query.Text("Name"), machine.name) &&
        OverMatches(query.Text("Type"), machine.type.description)) {
      machines.push_back(&machine);
    }
  }
  return ListReply(call, machines, [](const Machine* machine) {
    return JsonView::MachineOf(*machine);
  });
}

Reply GetMachine(const ApiContext& context, const ApiCall& call) {
  for (const Machine& machine : context.model->tables().machines) {
    if (absl::StrCat(machine.id) == call.values[0]) {
      return Reply::Json(200, JsonView::MachineOf(machine));
    }
  }
  return ApiError(404, "machine", call.values[0], "Machine not found");
}

absl::StatusOr<std::optional<absl::CivilDay>> OptionalDate(
    const QueryParameters& query, absl::string_view name) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<absl::CivilDay> dates,
                              query.Dates(name));
  return dates.empty() ? std::optional<absl::CivilDay>() : dates.front();
}

absl::StatusOr<Reply> ListHistory(const ApiContext& context,
                                  const ApiCall& call) {
  const QueryParameters& query = call.query;
  if (query.Has("SortBy")) {
    return absl::UnimplementedError("parameter SortBy of /api/jobhistories");
  }
  HistoryFilter filter;
  filter.unique_job_ids = query.List("UniqueJobIds");
  filter.job_name = query.Text("JobName");
  filter.schedule_name = query.Text("ScheduleName");
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.from, OptionalDate(query, "From"));
  OPCON_SNOW_ASSIGN_OR_RETURN(filter.to, OptionalDate(query, "To"));
  return ListReply(
      call, SelectHistory(*context.model, filter),
      [&](const HistoryRow& row) { return context.view().History(row); });
}

}  // namespace

void AddServiceRoutes(ApiContext* context, Router& router) {
  router.AddWithoutToken("GET", "api/version", [context](const ApiCall&) {
    return Reply::Json(
        200, {{"opConRestApiProductVersion", context->options.version}});
  });
  router.Add("GET", "api/servicestatus", [context](const ApiCall&) {
    return Reply::Json(
        200, {{"timeStamp", FormatWireTime(context->model->Now(),
                                           context->model->options().zone)},
              {"running", true}});
  });
  router.Add("GET", "api/machines", [context](const ApiCall& call) {
    return ReplyOf(ListMachines(*context, call), "machine");
  });
  router.Add("GET", "api/machines/{id}", [context](const ApiCall& call) {
    return GetMachine(*context, call);
  });
}

void AddScheduleRoutes(ApiContext* context, Router& router) {
  router.Add("GET", "api/dailyschedules", [context](const ApiCall& call) {
    return ReplyOf(ListSchedules(*context, call), "dailySchedule");
  });
  for (const char* name : {"dates", "count_by_status"}) {
    router.Add(
        "GET", absl::StrCat("api/dailyschedules/", name),
        [name](const ApiCall&) {
          return NotSimulated(absl::StrCat("GET /api/dailyschedules/", name));
        });
  }
  router.Add("GET", "api/dailyschedules/{id}", [context](const ApiCall& call) {
    return GetSchedule(*context, call);
  });
}

void AddHistoryRoutes(ApiContext* context, Router& router) {
  router.Add("GET", "api/jobhistories", [context](const ApiCall& call) {
    return ReplyOf(ListHistory(*context, call), "jobHistory");
  });
}

}  // namespace opcon_snow::sandbox::opcon
