#include "opcon_gateway/job_actions.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/action_result.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr char kPath[] = "api/jobactions";
// OpCon is usually done with a job's events after seconds.
constexpr absl::Duration kAfterEvents = absl::Seconds(2);

using Categories = std::uint32_t;

constexpr Categories Bit(v1::JobCategory category) {
  return Categories{1} << static_cast<unsigned>(category);
}

constexpr Categories kHeld = Bit(v1::JOB_CATEGORY_HELD);
constexpr Categories kWaiting = Bit(v1::JOB_CATEGORY_WAITING);
constexpr Categories kRunning = Bit(v1::JOB_CATEGORY_RUNNING);
constexpr Categories kFinishedOk = Bit(v1::JOB_CATEGORY_FINISHED_OK);
constexpr Categories kFailed = Bit(v1::JOB_CATEGORY_FAILED);
constexpr Categories kMissed = Bit(v1::JOB_CATEGORY_MISSED_START_TIME);
constexpr Categories kCancelled = Bit(v1::JOB_CATEGORY_CANCELLED);
constexpr Categories kSkipped = Bit(v1::JOB_CATEGORY_SKIPPED);
constexpr Categories kReview = Bit(v1::JOB_CATEGORY_UNDER_REVIEW);
constexpr Categories kFixed = Bit(v1::JOB_CATEGORY_FIXED);
constexpr Categories kEnded =
    kCancelled | kFinishedOk | kFixed | kFailed | kReview | kSkipped;

struct ActionRow {
  v1::JobActionKind kind;
  absl::string_view name;
  Categories allowed_from;
};

constexpr std::array<ActionRow, 13> kActions = {{
    {v1::JOB_ACTION_KIND_HOLD, "hold", kWaiting},
    {v1::JOB_ACTION_KIND_RELEASE, "release", kHeld},
    {v1::JOB_ACTION_KIND_START, "start", kHeld | kWaiting | kMissed},
    {v1::JOB_ACTION_KIND_CANCEL, "cancel",
     kHeld | kWaiting | kMissed | kFailed | kReview},
    {v1::JOB_ACTION_KIND_SKIP, "skip",
     kHeld | kWaiting | kFailed | kReview | kMissed},
    {v1::JOB_ACTION_KIND_KILL, "kill", kRunning},
    {v1::JOB_ACTION_KIND_RESTART, "restart", kEnded},
    {v1::JOB_ACTION_KIND_RESTART_ON_HOLD, "restartOnHold", kEnded},
    {v1::JOB_ACTION_KIND_FORCE_RESTART, "forceRestart", kEnded},
    {v1::JOB_ACTION_KIND_MARK_FINISHED_OK, "markFinishedOk",
     kHeld | kWaiting | kRunning | kFailed | kReview | kMissed | kFixed},
    {v1::JOB_ACTION_KIND_MARK_FAILED, "markFailed",
     kHeld | kWaiting | kRunning | kFinishedOk | kFixed | kMissed | kReview},
    {v1::JOB_ACTION_KIND_MARK_UNDER_REVIEW, "markUnderReview", kFailed},
    {v1::JOB_ACTION_KIND_MARK_FIXED, "markFixed", kFailed | kReview},
}};

std::string AllowedText(v1::JobActionKind kind) {
  std::vector<std::string> names;
  for (int c = v1::JobCategory_MIN; c <= v1::JobCategory_MAX; ++c) {
    const auto category = static_cast<v1::JobCategory>(c);
    if (category != v1::JOB_CATEGORY_UNSPECIFIED &&
        IsAllowedFrom(kind, category)) {
      names.emplace_back(CategoryName(category));
    }
  }
  return absl::StrJoin(names, ", ");
}

absl::Status WrongState(const v1::DailyJob& job, absl::string_view rest) {
  ErrorDetails details;
  details.metadata["category"] = job.status().category_name();
  return OpConError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOB_STATE,
      absl::StrCat("job ", job.id(), " is \"", job.status().description(),
                   "\" (category ", job.status().category_name(), "), ", rest),
      std::move(details));
}

// What was asked for, where OpCon's answer leaves it out.
void Complete(const v1::JobAction& asked, v1::JobAction* action) {
  if (action->action_id() == 0) action->set_action_id(asked.action_id());
  if (action->job_id().empty()) action->set_job_id(asked.job_id());
  if (action->kind() == v1::JOB_ACTION_KIND_UNSPECIFIED) {
    action->set_kind(asked.kind());
  }
}

}  // namespace

v1::JobAction ParseJobAction(const json& value, const SiteZone& site) {
  v1::JobAction action;
  action.set_action_id(Int64Of(value, "id"));
  action.set_kind(ParseActionKind(TextOf(value, "action")));
  const json& jobs = MemberOf(value, "jobs");
  const json job = jobs.is_array() && !jobs.empty() ? jobs.front() : json();
  action.set_job_id(TextOf(job, "id"));
  // The job's own part says why; the whole says so where that is silent.
  v1::ActionState state = ParseActionState(TextOf(job, "result"));
  if (state == v1::ACTION_STATE_SUBMITTED) {
    state = ParseActionState(TextOf(value, "result"));
  }
  action.set_state(state);
  if (state == v1::ACTION_STATE_FAILED) {
    const std::string message = TextOf(job, "message");
    action.set_message(message.empty() ? TextOf(value, "message") : message);
  }
  if (MemberOf(job, "status").is_object()) {
    *action.mutable_job_status() = ParseJobStatus(MemberOf(job, "status"));
  }
  const auto expires = ParseWireTime(TextOf(value, "expires"), site);
  if (expires) *action.mutable_expire_time() = ToTimestamp(expires->time);
  return action;
}

absl::string_view ActionName(v1::JobActionKind kind) {
  for (const ActionRow& row : kActions) {
    if (row.kind == kind) return row.name;
  }
  return "";
}

v1::JobActionKind ParseActionKind(absl::string_view name) {
  for (const ActionRow& row : kActions) {
    if (absl::EqualsIgnoreCase(row.name, name)) return row.kind;
  }
  return v1::JOB_ACTION_KIND_UNSPECIFIED;
}

bool IsAllowedFrom(v1::JobActionKind kind, v1::JobCategory category) {
  if (category == v1::JOB_CATEGORY_UNSPECIFIED) return true;
  for (const ActionRow& row : kActions) {
    if (row.kind == kind) return (row.allowed_from & Bit(category)) != 0;
  }
  return false;
}

absl::Status CheckAction(const v1::SubmitJobActionRequest& request,
                         const v1::DailyJob& job) {
  const std::int32_t expected = request.expected_job_number();
  if (expected != 0 && job.job_number() != expected) {
    ErrorDetails details;
    details.metadata["job_number"] = absl::StrCat(job.job_number());
    return OpConError(
        absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_JOB_RUN_CHANGED,
        absl::StrCat("the latest run of job ", job.id(), " is ",
                     job.job_number(), ", not ", expected,
                     ": it has been restarted meanwhile. Nothing was sent; "
                     "look at the job before acting on it."),
        std::move(details));
  }
  if (job.status().processing_events()) {
    ErrorDetails details;
    details.retry_after = kAfterEvents;
    return OpConError(
        absl::StatusCode::kUnavailable, v1::ERROR_REASON_JOB_PROCESSING_EVENTS,
        absl::StrCat("OpCon still processes the events of job ", job.id(),
                     " (\"", job.status().description(),
                     "\") and would refuse. Nothing was sent; try again "
                     "shortly."),
        std::move(details));
  }
  const v1::JobCategory category = job.status().category();
  const auto& wanted = request.allowed_from_categories();
  if (!wanted.empty() &&
      std::find(wanted.begin(), wanted.end(), category) == wanted.end()) {
    return WrongState(job,
                      "which is not one of allowed_from_categories. Nothing "
                      "was sent.");
  }
  if (!IsAllowedFrom(request.kind(), category)) {
    return WrongState(
        job, absl::StrCat("from which OpCon does not allow ",
                          ActionName(request.kind()), ", only from ",
                          AllowedText(request.kind()), ". Nothing was sent."));
  }
  return absl::OkStatus();
}

async::Task<absl::StatusOr<v1::JobAction>> JobActions::Submit(
    const v1::SubmitJobActionRequest& request, const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(v1::DailyJob job,
                                 co_await jobs_->Find(request.job(), scope));
  OPCON_SNOW_CO_RETURN_IF_ERROR(CheckAction(request, job));
  v1::JobAction asked;
  asked.set_job_id(job.id());
  asked.set_kind(request.kind());
  asked.set_state(v1::ACTION_STATE_SUBMITTED);
  *asked.mutable_job_status() = job.status();
  if (request.validate_only()) co_return asked;

  json target = {{"id", job.id()}};
  json body = {{"action", std::string(ActionName(request.kind()))},
               {"reason", request.reason()},
               {"jobs", json::array({std::move(target)})}};
  RestRequest post;
  post.method = http::Method::kPost;
  post.url = rest_->Url(kPath).Build();
  post.body = std::move(body);
  post.effect = Effect::kWrite;
  post.not_found = v1::ERROR_REASON_JOB_NOT_FOUND;
  post.priority = http::Priority::kCreate;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(post, scope));
  v1::JobAction action = ParseJobAction(answer.body, rest_->site_zone());
  if (action.action_id() == 0 && action.state() == v1::ACTION_STATE_SUBMITTED) {
    co_return rest_->Unreadable(post, answer,
                                "it names no action to ask about");
  }
  Complete(asked, &action);
  co_return co_await Await(std::move(action), scope);
}

async::Task<v1::JobAction> JobActions::Await(v1::JobAction submitted,
                                             const CallScope& scope) {
  PollPauses pauses(polling_);
  v1::JobAction action = submitted;
  while (action.state() == v1::ACTION_STATE_SUBMITTED) {
    const absl::Status paused = co_await pauses.Pause(rest_->loop(), scope);
    if (!paused.ok()) co_return action;
    const absl::StatusOr<v1::JobAction> now =
        co_await Get(submitted.action_id(), scope);
    if (!now.ok()) {
      // It was accepted; that must not be lost over a question about it.
      log::Warning("opcon.action_not_followed",
                   {{"instance", rest_->instance()},
                    {"action_id", submitted.action_id()},
                    {"error", now.status()}});
      co_return action;
    }
    action = *now;
    Complete(submitted, &action);
  }
  co_return action;
}

async::Task<absl::StatusOr<v1::JobAction>> JobActions::Get(
    std::int64_t action_id, const CallScope& scope) {
  RestRequest request;
  request.url = rest_->Url(kPath).Segment(absl::StrCat(action_id)).Build();
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  if (!answer.body.is_object()) {
    co_return rest_->Unreadable(request, answer, "it is no job action");
  }
  v1::JobAction action = ParseJobAction(answer.body, rest_->site_zone());
  if (action.action_id() == 0) action.set_action_id(action_id);
  co_return action;
}

}  // namespace opcon_snow::opcon
