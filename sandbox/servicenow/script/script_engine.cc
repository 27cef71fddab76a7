#include "sandbox/servicenow/script/script_engine.h"

#include <signal.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

constexpr auto kSchedulerPeriod = std::chrono::milliseconds(100);
constexpr std::int64_t kLongestWaitMilliseconds = 60'000;

Reply BadControl(int status, const std::string& message) {
  return Reply::Json(status, {{"error", message}});
}

Reply ResultReply(const absl::StatusOr<ScriptResult>& result) {
  if (result.ok()) return Reply::Json(200, {{"value", result->value}});
  const int status = absl::IsNotFound(result.status()) ? 404 : 422;
  return BadControl(status, std::string(result.status().message()));
}

// A thread gets the signal mask of the one that makes it: the signals that stop
// the program are for others.
std::thread ThreadWithoutSignals(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

ScriptEngine::ScriptEngine(Options options, RecordAccess* records)
    : options_(std::move(options)),
      records_(records),
      log_(records),
      http_(options_.ca_file),
      workers_(options_.workers),
      runner_({.workers = &workers_,
               .records = records,
               .http = &http_,
               .log = &log_,
               .display_offset_minutes = options_.display_offset_minutes}),
      rules_(records, &runner_, &log_),
      jobs_(records, &runner_),
      thread_(ThreadWithoutSignals([this] { Work(); })) {}

ScriptEngine::~ScriptEngine() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  workers_.Stop();
  http_.Stop();
  thread_.join();
}

absl::Status ScriptEngine::Before(RecordOperation operation,
                                  const Record* previous, Record& current,
                                  const Actor& actor) {
  return rules_.Before(operation, previous, current, actor);
}

absl::Status ScriptEngine::After(RecordOperation operation,
                                 const Record* previous, const Record& current,
                                 const Actor& actor) {
  return rules_.After(operation, previous, current, actor);
}

void ScriptEngine::Queue(RecordOperation operation,
                         std::optional<Record> previous, Record current,
                         const Actor& actor) {
  std::vector<QueuedRule> queued = rules_.Queued(
      operation, previous.has_value() ? &*previous : nullptr, current, actor);
  if (queued.empty()) return;
  bool full = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (QueuedRule& rule : queued) {
      full = queue_.size() >= kMostQueued;
      if (full) break;
      queue_.push_back(std::move(rule));
    }
  }
  changed_.notify_all();
  if (full) {
    log_.Write(LogLevel::kError,
               absl::StrCat("more than ", kMostQueued,
                            " async business rules wait; one was dropped"),
               "scripts");
  }
}

absl::StatusOr<std::string> ScriptEngine::Evaluate(
    const std::string& expression, const Actor& actor) {
  const absl::StatusOr<ScriptResult> result =
      runner_.Run({.name = "javascript: in a query",
                   .script = expression,
                   .read_only = true,
                   .actor = actor});
  // As on an instance: one that fails is logged and stands for nothing.
  if (absl::IsInternal(result.status())) return std::string();
  if (!result.ok()) return result.status();
  return result->value;
}

void ScriptEngine::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  auto next_round = std::chrono::steady_clock::now();
  while (!stopping_) {
    if (!queue_.empty()) {
      const QueuedRule rule = std::move(queue_.front());
      queue_.pop_front();
      working_ = true;
      lock.unlock();
      const bool worked = rules_.RunQueued(rule);
      lock.lock();
      ++(worked ? ran_ : failed_);
    } else if (rounds_ < wanted_rounds_ ||
               std::chrono::steady_clock::now() >= next_round) {
      working_ = true;
      lock.unlock();
      const int ran = jobs_.RunDue();
      lock.lock();
      ran_ += static_cast<std::uint64_t>(ran);
      ++rounds_;
      next_round = std::chrono::steady_clock::now() + kSchedulerPeriod;
    }
    working_ = false;
    changed_.notify_all();
    if (queue_.empty() && rounds_ >= wanted_rounds_ && !stopping_) {
      changed_.wait_until(lock, next_round);
    }
  }
}

void ScriptEngine::AwaitIdle(absl::Duration limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  // One whole round of the scheduler sees the clock as it is now; the one that
  // may be under way need not.
  const std::uint64_t rounds = rounds_ + (working_ ? 2 : 1);
  wanted_rounds_ = std::max(wanted_rounds_, rounds);
  changed_.notify_all();
  changed_.wait_for(lock, absl::ToChronoMilliseconds(limit), [&] {
    return stopping_ || (queue_.empty() && !working_ && rounds_ >= rounds);
  });
}

void ScriptEngine::Commit(const std::string& name,
                          const UpdateSet& update_set) {
  UpdateSetResult result = CommitUpdateSet(update_set, *records_);
  for (const std::string& fault : update_set.faults) {
    result.faults.push_back(fault);
  }
  const std::string source = absl::StrCat("update set ", name);
  if (!result.unknown_tables.empty()) {
    log_.Write(LogLevel::kWarning,
               absl::StrCat("records without effect here, of: ",
                            absl::StrJoin(result.unknown_tables, ", ")),
               source);
  }
  for (const std::string& fault : result.faults) {
    log_.Write(LogLevel::kError, fault, source);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  update_sets_.push_back({{"name", name},
                          {"records", result.stored},
                          {"deleted", result.deleted},
                          {"unknown_tables", result.unknown_tables},
                          {"faults", result.faults}});
}

std::optional<Reply> ScriptEngine::Control(const SandboxRequest& request) {
  const std::vector<std::string>& segments = request.segments;
  if (segments.size() < 2) return std::nullopt;
  const bool post = request.method == "POST";
  if (segments[1] == "scripts" && segments.size() == 2) {
    if (post) return RunBackground(request);
    if (request.method == "GET") return ControlScripts(request);
  }
  if (segments[1] == "scheduled-jobs" && segments.size() == 3 && post) {
    return ResultReply(jobs_.RunNow(segments[2]));
  }
  if (segments[1] == "update-sets" && segments.size() == 2 && post) {
    return ControlUpdateSets(request);
  }
  return std::nullopt;
}

Reply ScriptEngine::ControlScripts(const SandboxRequest& request) {
  const std::optional<std::string> wait = request.Query("wait_ms");
  if (wait.has_value()) {
    std::int64_t milliseconds = 0;
    if (!absl::SimpleAtoi(*wait, &milliseconds) || milliseconds < 0 ||
        milliseconds > kLongestWaitMilliseconds) {
      return BadControl(400, absl::StrCat("wait_ms must be from 0 to ",
                                          kLongestWaitMilliseconds));
    }
    AwaitIdle(absl::Milliseconds(milliseconds));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  return Reply::Json(200, {{"queued", queue_.size() + (working_ ? 1 : 0)},
                           {"ran", ran_},
                           {"failed", failed_},
                           {"update_sets", update_sets_}});
}

Reply ScriptEngine::RunBackground(const SandboxRequest& request) {
  const Json body =
      Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("script") ||
      !body["script"].is_string() ||
      (body.contains("user") && !body["user"].is_string())) {
    return BadControl(400,
                      "the body must be {\"script\": \"…\", \"user\": \"…\"}; "
                      "the user may be missing");
  }
  const std::string user = body.value("user", "admin");
  const std::optional<Actor> actor = records_->User(user);
  if (!actor.has_value()) {
    return BadControl(400, absl::StrCat("there is no active user ", user));
  }
  return ResultReply(runner_.Run({.name = "background script",
                                  .script = body["script"].get<std::string>(),
                                  .actor = *actor}));
}

Reply ScriptEngine::ControlUpdateSets(const SandboxRequest& request) {
  const absl::StatusOr<UpdateSet> update_set = ParseUpdateSet(request.body);
  if (!update_set.ok()) {
    return BadControl(400, std::string(update_set.status().message()));
  }
  Commit(update_set->name, *update_set);
  const std::lock_guard<std::mutex> lock(mutex_);
  return Reply::Json(201, update_sets_.back());
}

void ScriptEngine::Reset() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.clear();
    ran_ = 0;
    failed_ = 0;
    committed_ = false;
    update_sets_ = Json::array();
  }
  rules_.Reset();
  jobs_.Reset();
  log_.Reset();
}

void ScriptEngine::Planted() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (std::exchange(committed_, true)) return;
  }
  for (const auto& [name, update_set] : options_.update_sets) {
    Commit(name, update_set);
  }
}

}  // namespace opcon_snow::sandbox::servicenow
