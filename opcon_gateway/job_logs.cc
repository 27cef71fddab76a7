#include "opcon_gateway/job_logs.h"

#include <algorithm>
#include <memory>
#include <stop_token>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/log_answer.h"
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
// What the receiver gets at once, and what may wait for it.
constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr std::size_t kPipeBytes = std::size_t{256} * 1024;

}  // namespace

struct JobLogs::Reading {
  std::int32_t job_number = 0;
  const v1::JobLogFile& file;
  JobLogReceiver* receiver = nullptr;
  // Of the request under way.
  LogAnswerReader answer{};
  // Decoded and not delivered yet.
  std::string pending{};
  std::size_t bytes = 0;
  bool begun = false;
  bool has_text = false;
  // What came is no answer of OpCon's API.
  bool unreadable = false;
};

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
  return request;
}

RestRequest JobLogs::PollRequest(std::int64_t action_id) const {
  RestRequest request;
  request.url = rest_->Url(kPath).Segment(absl::StrCat(action_id)).Build();
  request.priority = http::Priority::kUpload;
  request.missing_is_answer = true;
  return request;
}

async::Task<absl::StatusOr<LogAction>> JobLogs::Run(RestRequest post,
                                                    std::int32_t job_number,
                                                    const Exchange& exchange,
                                                    const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await exchange(post, scope));
  const std::int64_t id = Int64Of(answer.body, "id");
  PollPauses pauses(options_.polling);
  for (;;) {
    LogAction action = ParseLogAction(answer.body, job_number);
    if (action.state == v1::ACTION_STATE_SUCCEEDED) co_return action;
    if (action.state == v1::ACTION_STATE_FAILED) {
      co_return Unavailable(job_number, ToOneLine(action.message, 300));
    }
    if (id <= 0) {
      co_return rest_->Unreadable(post, answer,
                                  "it names no action to ask about");
    }
    OPCON_SNOW_CO_RETURN_IF_ERROR(co_await pauses.Pause(rest_->loop(), scope));
    RestRequest poll = PollRequest(id);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(answer,
                                   co_await exchange(std::move(poll), scope));
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
  RestRequest post = PostRequest("LIST", job_number, "");
  const Exchange exchange = [this](RestRequest request, const CallScope& call) {
    return rest_->Send(std::move(request), call);
  };
  absl::StatusOr<LogAction> action =
      co_await Run(std::move(post), job_number, exchange, scope);
  if (!action.ok()) {
    absl::Status failure = action.status();
    const absl::Status explained =
        co_await Explain(std::move(failure), job_number, scope);
    co_return explained;
  }
  if (action->files.empty()) co_return NoLog(job_number);
  co_return std::move(action->files);
}

async::Task<absl::Status> JobLogs::Read(std::int32_t job_number,
                                        std::string path,
                                        JobLogReceiver* receiver,
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
  co_return co_await ReadFile(job_number, *file, receiver, scope);
}

async::Task<absl::Status> JobLogs::ReadFile(std::int32_t job_number,
                                            const v1::JobLogFile& file,
                                            JobLogReceiver* receiver,
                                            const CallScope& scope) {
  Reading reading{.job_number = job_number, .file = file, .receiver = receiver};
  const Exchange exchange = [this, &reading](RestRequest request,
                                             const CallScope& call) {
    return SendReading(std::move(request), &reading, call);
  };
  RestRequest post = PostRequest("FILE", job_number, file.path());
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const LogAction action,
      co_await Run(std::move(post), job_number, exchange, scope));
  if (!reading.has_text) {
    co_return Unavailable(job_number, "OpCon reported success without a text");
  }
  // An empty log is a log.
  if (!reading.begun) co_return co_await receiver->Begin(file);
  co_return absl::OkStatus();
}

async::Task<absl::StatusOr<RestAnswer>> JobLogs::SendReading(
    RestRequest request, Reading* reading, const CallScope& scope) {
  const auto sink = std::make_shared<http::PipeSink>(kPipeBytes);
  request.sink = sink;
  request.max_response_bytes = MaxAnswerBytes();
  reading->answer = LogAnswerReader();
  // Ended by the caller, or by us if we want no more of it.
  std::stop_source stop;
  const std::function<void()> pass_on = [&stop] { stop.request_stop(); };
  const std::stop_callback<std::function<void()>> on_stop(scope.stop, pass_on);
  const CallScope own{scope.deadline, stop.get_token()};
  async::OneShot<absl::StatusOr<RestAnswer>> answered;
  async::Start(rest_->Send(request, own),
               [answered, sink](absl::StatusOr<RestAnswer> answer) mutable {
                 answered.Set(std::move(answer));
                 sink->FinishUnopened();
               });
  const absl::Status pumped = co_await Pump(sink.get(), reading);
  if (!pumped.ok()) {
    sink->Cancel();
    stop.request_stop();
  }
  absl::StatusOr<RestAnswer> answer = co_await answered.Wait();
  // What we did not want is not to be blamed on the connection.
  if (reading->unreadable) {
    const RestAnswer what_came{.status = 200};
    co_return rest_->Unreadable(request, what_came, pumped.message());
  }
  if (!pumped.ok()) co_return pumped;
  if (!answer.ok() || answer->missing()) co_return answer;
  absl::StatusOr<json> body = reading->answer.Finish();
  if (!body.ok()) {
    co_return rest_->Unreadable(request, *answer, body.status().message());
  }
  answer->body = *std::move(body);
  if (reading->answer.has_text()) reading->has_text = true;
  co_return answer;
}

async::Task<absl::Status> JobLogs::Pump(http::PipeSink* sink,
                                        Reading* reading) const {
  using State = http::PipeSink::TakeState;
  for (;;) {
    http::PipeSink::TakeResult taken = sink->Take(kPieceBytes);
    if (taken.state == State::kWait) {
      async::OneShot<bool> readable;
      sink->WhenReadable([readable]() mutable { readable.Set(true); });
      co_await readable.Wait();
      continue;
    }
    // Why it failed is what Send answers.
    if (taken.state != State::kData) break;
    const std::size_t before = reading->pending.size();
    const absl::Status read =
        reading->answer.Take(taken.data, &reading->pending);
    if (!read.ok()) {
      reading->unreadable = true;
      co_return read;
    }
    reading->bytes += reading->pending.size() - before;
    if (reading->bytes > options_.max_log_bytes) {
      co_return TooLarge(reading->job_number);
    }
    OPCON_SNOW_CO_RETURN_IF_ERROR(co_await Deliver(reading, kPieceBytes));
  }
  co_return co_await Deliver(reading, 1);
}

async::Task<absl::Status> JobLogs::Deliver(Reading* reading,
                                           std::size_t least) const {
  while (reading->pending.size() >= least) {
    if (!std::exchange(reading->begun, true)) {
      OPCON_SNOW_CO_RETURN_IF_ERROR(
          co_await reading->receiver->Begin(reading->file));
    }
    std::string piece = reading->pending.substr(0, kPieceBytes);
    reading->pending.erase(0, piece.size());
    OPCON_SNOW_CO_RETURN_IF_ERROR(
        co_await reading->receiver->Take(std::move(piece)));
  }
  co_return absl::OkStatus();
}

absl::Status JobLogs::TooLarge(std::int32_t job_number) const {
  return OpConError(
      absl::StatusCode::kOutOfRange, v1::ERROR_REASON_TOO_LARGE,
      absl::StrCat("the log of job number ", job_number,
                   " on OpCon instance \"", rest_->instance(),
                   "\" has more bytes than max_job_log_bytes allows, ",
                   options_.max_log_bytes));
}

}  // namespace opcon_snow::opcon
