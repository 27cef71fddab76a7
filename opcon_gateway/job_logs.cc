#include "opcon_gateway/job_logs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/action_result.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/upstream_message.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr char kPath[] = "api/jobinstanceactions";
// JSON writes one byte as at most six characters (\u0026).
constexpr std::size_t kEscapeFactor = 6;
constexpr std::size_t kEnvelopeBytes = std::size_t{64} * 1024;

// The item for the run; the only one if OpCon did not repeat its number.
json ItemFor(const json& action, std::int32_t job_number) {
  const json& items = MemberOf(action, "jobInstanceActionItems");
  if (!items.is_array()) return json::object();
  for (const json& item : items) {
    if (Int64Of(item, "id") == job_number) return item;
  }
  return items.size() == 1 ? items.front() : json::object();
}

// The state of the item, or of the whole action where that says more: items
// may fail although the action succeeds, and an action that failed says so
// even if nobody touched its items.
v1::ActionState StateOf(const json& action, const json& item) {
  const v1::ActionState own = ParseActionState(TextOf(item, "result"));
  if (own != v1::ACTION_STATE_SUBMITTED) return own;
  return ParseActionState(TextOf(action, "result"));
}

std::string MessageOf(const json& action, const json& item) {
  const std::string message = TextOf(item, "message");
  return ToOneLine(message.empty() ? TextOf(action, "message") : message, 300);
}

std::vector<v1::JobLogFile> FilesOf(const json& item) {
  std::vector<v1::JobLogFile> files;
  const json& list = MemberOf(item, "files");
  // Some clients wrote a single file without the list around it.
  if (list.is_string()) files.push_back(LogFileOf(list.get<std::string>()));
  if (!list.is_array()) return files;
  for (const json& file : list) {
    if (!file.is_string() || file.get_ref<const std::string&>().empty()) {
      continue;
    }
    files.push_back(LogFileOf(file.get<std::string>()));
  }
  return files;
}

}  // namespace

v1::JobLogFile LogFileOf(absl::string_view path) {
  v1::JobLogFile file;
  file.set_path(std::string(path));
  const std::size_t slash = path.find_last_of("\\/");
  if (slash != absl::string_view::npos && slash + 1 < path.size()) {
    path.remove_prefix(slash + 1);
  }
  file.set_display_name(std::string(path));
  return file;
}

absl::Status JobLogs::NoLog(std::int32_t job_number) const {
  return OpConError(
      absl::StatusCode::kNotFound, v1::ERROR_REASON_NO_JOB_LOG,
      absl::StrCat("OpCon instance \"", rest_->instance(),
                   "\" has no log of job number ", job_number,
                   ": it never ran on an agent, or is a Null or Container "
                   "job"));
}

absl::Status JobLogs::Unavailable(std::int32_t job_number,
                                  const std::string& message) const {
  ErrorDetails details;
  if (!message.empty()) details.metadata["upstream_message"] = message;
  return OpConError(
      absl::StatusCode::kUnavailable, v1::ERROR_REASON_JOB_LOG_UNAVAILABLE,
      absl::StrCat("OpCon instance \"", rest_->instance(),
                   "\" could not fetch the log of job number ", job_number,
                   " from its agent", message.empty() ? "" : ": ", message,
                   ". Check the agent and its JORS port, or try again later."),
      std::move(details));
}

std::size_t JobLogs::MaxAnswerBytes() const {
  return options_.max_log_bytes * kEscapeFactor + kEnvelopeBytes;
}

RestRequest JobLogs::PostRequest(const std::string& action,
                                 std::int32_t job_number,
                                 const std::string& path) const {
  json item = {{"id", job_number}};
  if (!path.empty()) item["jorsRequestParameters"] = path;
  json body = {{"action", action},
               {"jobInstanceActionItems", json::array({std::move(item)})}};
  RestRequest request;
  request.method = http::Method::kPost;
  request.url = rest_->Url(kPath).Build();
  // It makes OpCon fetch something and changes nothing.
  request.effect = Effect::kRead;
  request.not_found = v1::ERROR_REASON_NO_JOB_LOG;
  request.body = std::move(body);
  request.priority = http::Priority::kUpload;
  request.max_response_bytes = MaxAnswerBytes();
  return request;
}

RestRequest JobLogs::PollRequest(std::int64_t action_id) const {
  RestRequest request;
  request.url = rest_->Url(kPath).Segment(absl::StrCat(action_id)).Build();
  request.priority = http::Priority::kUpload;
  request.max_response_bytes = MaxAnswerBytes();
  request.missing_is_answer = true;
  return request;
}

async::Task<absl::StatusOr<json>> JobLogs::Run(std::string action,
                                               std::int32_t job_number,
                                               std::string path,
                                               const CallScope& scope) {
  RestRequest request = PostRequest(action, job_number, path);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  const std::int64_t id = Int64Of(answer.body, "id");
  PollPauses pauses(options_.polling);
  for (;;) {
    json item = ItemFor(answer.body, job_number);
    const v1::ActionState state = StateOf(answer.body, item);
    if (state == v1::ACTION_STATE_SUCCEEDED) co_return item;
    if (state == v1::ACTION_STATE_FAILED) {
      co_return Unavailable(job_number, MessageOf(answer.body, item));
    }
    if (id <= 0) {
      co_return rest_->Unreadable(request, answer,
                                  "it names no action to ask about");
    }
    OPCON_SNOW_CO_RETURN_IF_ERROR(co_await pauses.Pause(rest_->loop(), scope));
    RestRequest poll = PollRequest(id);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(
        answer, co_await rest_->Send(std::move(poll), scope));
    if (answer.missing()) {
      co_return Unavailable(job_number, "OpCon has forgotten the request");
    }
  }
}

async::Task<absl::Status> JobLogs::Explain(absl::Status failure,
                                           std::int32_t job_number,
                                           const CallScope& scope) {
  if (!IsReason(failure, v1::ERROR_REASON_JOB_LOG_UNAVAILABLE)) {
    co_return failure;
  }
  // Not by OpCon's words, which may change with its version and language, but
  // by what it knows of the run.
  v1::JobSelector selector;
  selector.set_job_number(job_number);
  const absl::StatusOr<v1::DailyJob> job =
      co_await jobs_->Find(selector, scope);
  if (job.ok() && job->start_machine().empty()) co_return NoLog(job_number);
  co_return failure;
}

async::Task<absl::StatusOr<std::vector<v1::JobLogFile>>> JobLogs::List(
    std::int32_t job_number, const CallScope& scope) {
  const std::string list = "LIST";
  const std::string no_path;
  const absl::StatusOr<json> item =
      co_await Run(list, job_number, no_path, scope);
  if (!item.ok()) {
    absl::Status failure = item.status();
    const absl::Status explained =
        co_await Explain(std::move(failure), job_number, scope);
    co_return explained;
  }
  std::vector<v1::JobLogFile> files = FilesOf(*item);
  if (files.empty()) co_return NoLog(job_number);
  co_return files;
}

async::Task<absl::StatusOr<JobLog>> JobLogs::Read(std::int32_t job_number,
                                                  std::string path,
                                                  const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(std::vector<v1::JobLogFile> files,
                                 co_await List(job_number, scope));
  const auto file = std::find_if(
      files.begin(), files.end(), [&path](const v1::JobLogFile& candidate) {
        return path.empty() || candidate.path() == path;
      });
  if (file == files.end()) {
    co_return OpConError(
        absl::StatusCode::kNotFound, v1::ERROR_REASON_RECORD_NOT_FOUND,
        absl::StrCat("OpCon instance \"", rest_->instance(),
                     "\" lists no such log file for job number ", job_number,
                     ". Take a path from ListJobLogs."));
  }
  JobLog log;
  log.file = *file;
  const std::string action = "FILE";
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      json item, co_await Run(action, job_number, log.file.path(), scope));
  const json& data = MemberOf(item, "data");
  if (!data.is_string()) {
    co_return Unavailable(job_number, "OpCon reported success without a text");
  }
  log.text = std::move(item["data"].get_ref<std::string&>());
  if (log.text.size() > options_.max_log_bytes) {
    co_return OpConError(
        absl::StatusCode::kOutOfRange, v1::ERROR_REASON_TOO_LARGE,
        absl::StrCat("the log of job number ", job_number,
                     " on OpCon instance "
                     "\"",
                     rest_->instance(), "\" has ", log.text.size(),
                     " bytes, and max_job_log_bytes allows ",
                     options_.max_log_bytes));
  }
  co_return log;
}

}  // namespace opcon_snow::opcon
