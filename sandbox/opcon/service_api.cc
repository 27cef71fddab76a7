// Version, service status, machines, job history.

#include <algorithm>
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

constexpr const char* kNotSimulatedOfMachines[] = {"GroupName",
                                                   "GroupIds",
                                                   "States",
                                                   "Version",
                                                   "FileTransferRole",
                                                   "Sockets",
                                                   "Tls",
                                                   "SortBy",
                                                   "IncludeDetails",
                                                   "ExcludeNullMachine",
                                                   "Errors",
                                                   "SortOrders",
                                                   "ExtendedProperties",
                                                   "ResourceName",
                                                   "Properties",
                                                   "includeDocumentation"};

bool IsOneOf(const std::vector<std::int64_t>& wanted, int value) {
  return wanted.empty() ||
         std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

Reply ReplyOf(absl::StatusOr<Reply> reply, absl::string_view resource) {
  return reply.ok() ? *std::move(reply)
                    : ErrorReply(reply.status(), resource, "");
}

absl::StatusOr<Reply> ListMachines(const ApiContext& context,
                                   const ApiCall& call) {
  const QueryParameters& query = call.query;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids,
                              query.Numbers("Ids"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<std::int64_t> types,
                              query.Numbers("Typeids"));
  for (const char* name : kNotSimulatedOfMachines) {
    if (query.Asks(name)) {
      return absl::UnimplementedError(
          absl::StrCat("parameter ", name, " of /api/machines"));
    }
  }
  std::vector<const Machine*> machines;
  for (const Machine& machine : context.model->tables().machines) {
    if (IsOneOf(ids, machine.id) && IsOneOf(types, machine.type.id) &&
        OverMatches(query.Text("Name"), machine.name) &&
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

Reply GetHistory(const ApiContext& context, const ApiCall& call) {
  for (const HistoryRow& row : SelectHistory(*context.model, {})) {
    json value = context.view().History(row);
    if (value["id"] == call.values[0]) return Reply::Json(200, value);
  }
  return ApiError(404, "jobHistory", call.values[0], "Job history not found");
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

void AddHistoryRoutes(ApiContext* context, Router& router) {
  router.Add("GET", "api/jobhistories", [context](const ApiCall& call) {
    return ReplyOf(ListHistory(*context, call), "jobHistory");
  });
  router.Add("GET", "api/jobhistories/{id}", [context](const ApiCall& call) {
    return GetHistory(*context, call);
  });
}

}  // namespace opcon_snow::sandbox::opcon
