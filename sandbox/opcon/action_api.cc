// Job actions and job instance actions: accepted at once, carried out later.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/json_input.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

absl::StatusOr<JobActionItem> ParseJobItem(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string id, fields.Text("id"));
  const std::optional<DailyJobId> parsed = DailyJobId::Parse(id);
  if (!parsed) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", id, "' is not the id of a daily job."));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool rebuild,
                              fields.Flag("rebuildOnRestartIfContainer"));
  if (rebuild) {
    return absl::UnimplementedError(
        "rebuildOnRestartIfContainer of POST /api/jobactions");
  }
  JobActionItem item;
  item.id = *parsed;
  if (fields.Find("step") != nullptr) {
    OPCON_SNOW_ASSIGN_OR_RETURN(item.step, fields.Text("step"));
  }
  return item;
}

struct JobActionBody {
  JobActionKind kind = JobActionKind::kHold;
  std::string reason;
  std::vector<JobActionItem> items;
};

absl::StatusOr<JobActionBody> ParseJobAction(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  JobActionBody body;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string action, fields.Text("action"));
  const std::optional<JobActionKind> kind = ParseAction(action);
  if (!kind) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", action, "' is not a job action."));
  }
  body.kind = *kind;
  OPCON_SNOW_ASSIGN_OR_RETURN(body.reason, fields.Text("reason"));
  const json* jobs = fields.Find("jobs");
  if (jobs == nullptr || !jobs->is_array() || jobs->empty()) {
    return absl::InvalidArgumentError("jobs must name at least one daily job.");
  }
  for (const json& job : *jobs) {
    OPCON_SNOW_ASSIGN_OR_RETURN(JobActionItem item, ParseJobItem(job));
    body.items.push_back(std::move(item));
  }
  return body;
}

Reply PostJobAction(ApiContext& context, const ApiCall& call) {
  const auto json_body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&json_body)) return *refusal;
  absl::StatusOr<JobActionBody> body =
      ParseJobAction(std::get<json>(json_body));
  if (!body.ok()) return ErrorReply(body.status(), "jobAction", "");
  // The ids are looked up before the action is accepted; whether the job's
  // status allows it shows only when it is carried out.
  for (const JobActionItem& item : body->items) {
    if (context.model->FindJob(item.id) == nullptr) {
      return ApiError(404, "dailyJob", item.id.ToString(),
                      "Daily job not found");
    }
  }
  const JobAction& action = context.actions->Submit(
      body->kind, std::move(body->reason), std::move(body->items));
  return Reply::Json(context.options.created_status,
                     context.view().Action(
                         action, context.actions->ExpiryOf(action.submitted)));
}

absl::StatusOr<LogActionItem> ParseLogItem(LogActionKind kind,
                                           const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<std::int64_t> id,
                              fields.Integer("id"));
  if (!id || *id <= 0 || *id > std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError("id must be the number of a job.");
  }
  LogActionItem item;
  item.job_number = static_cast<int>(*id);
  OPCON_SNOW_ASSIGN_OR_RETURN(item.file, fields.Text("jorsRequestParameters"));
  if (kind == LogActionKind::kFile && item.file.empty()) {
    return absl::InvalidArgumentError(
        "jorsRequestParameters must name the file.");
  }
  return item;
}

struct LogActionBody {
  LogActionKind kind = LogActionKind::kList;
  std::vector<LogActionItem> items;
};

absl::StatusOr<LogActionBody> ParseLogAction(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  LogActionBody body;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string action, fields.Text("action"));
  if (action == "FILE") {
    body.kind = LogActionKind::kFile;
  } else if (action != "LIST") {
    return absl::InvalidArgumentError(
        absl::StrCat("'", action, "' is not a job instance action."));
  }
  const json* items = fields.Find("jobInstanceActionItems");
  if (items == nullptr || !items->is_array() || items->empty()) {
    return absl::InvalidArgumentError(
        "jobInstanceActionItems must name at least one job.");
  }
  for (const json& element : *items) {
    OPCON_SNOW_ASSIGN_OR_RETURN(LogActionItem item,
                                ParseLogItem(body.kind, element));
    body.items.push_back(std::move(item));
  }
  return body;
}

// The text of a large log is made later, without the sandbox's lock.
Reply LogActionReply(const ApiContext& context, const ApiCall& call, int status,
                     const LogAction& action) {
  call.body_later = [view = context.view(), action,
                     expires = context.actions->ExpiryOf(action.submitted)] {
    return view.Action(action, expires);
  };
  return Reply::Json(status, nullptr);
}

Reply PostLogAction(ApiContext& context, const ApiCall& call) {
  const auto json_body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&json_body)) return *refusal;
  absl::StatusOr<LogActionBody> body =
      ParseLogAction(std::get<json>(json_body));
  if (!body.ok()) return ErrorReply(body.status(), "jobInstanceAction", "");
  return LogActionReply(
      context, call, context.options.created_status,
      context.actions->Submit(body->kind, std::move(body->items)));
}

Reply GetJobAction(const ApiContext& context, const ApiCall& call) {
  const JobAction* action =
      context.actions->PollJobAction(ParsePlainInt(call.values[0]).value_or(0));
  if (action == nullptr) {
    return ApiError(404, "jobAction", call.values[0], "Action not found");
  }
  return Reply::Json(
      200, context.view().Action(*action,
                                 context.actions->ExpiryOf(action->submitted)));
}

Reply GetLogAction(const ApiContext& context, const ApiCall& call) {
  const LogAction* action =
      context.actions->PollLogAction(ParsePlainInt(call.values[0]).value_or(0));
  if (action == nullptr) {
    return ApiError(404, "jobInstanceAction", call.values[0],
                    "Action not found");
  }
  return LogActionReply(context, call, 200, *action);
}

Reply DeleteLogAction(const ApiContext& context, const ApiCall& call) {
  const std::string id = call.query.Text("id");
  if (!context.actions->DeleteLogAction(ParsePlainInt(id).value_or(0))) {
    return ApiError(404, "jobInstanceAction", id, "Action not found");
  }
  return Reply::Empty(200);
}

}  // namespace

void AddActionRoutes(ApiContext* context, Router& router) {
  router.Add("POST", "api/jobactions", [context](const ApiCall& call) {
    return PostJobAction(*context, call);
  });
  router.Add("GET", "api/jobactions/{id}", [context](const ApiCall& call) {
    return GetJobAction(*context, call);
  });
  router.Add("POST", "api/jobinstanceactions", [context](const ApiCall& call) {
    return PostLogAction(*context, call);
  });
  router.Add(
      "GET", "api/jobinstanceactions/{id}",
      [context](const ApiCall& call) { return GetLogAction(*context, call); });
  router.Add("DELETE", "api/jobinstanceactions",
             [context](const ApiCall& call) {
               return DeleteLogAction(*context, call);
             });
}

}  // namespace opcon_snow::sandbox::opcon
