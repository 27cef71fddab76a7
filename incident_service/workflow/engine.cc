#include "incident_service/workflow/engine.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/error_record.h"
#include "incident_service/workflow/failpoint.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// How long the dispatcher waits at most: the time of day may jump, and a store
// that failed may work again.
constexpr absl::Duration kLongestWait = absl::Seconds(30);
constexpr absl::Duration kWaitAfterStoreError = absl::Seconds(1);

std::string StepLabel(v1::StepKind kind) {
  return v1::StepKind_Name(kind).substr(sizeof("STEP_KIND_") - 1);
}

}  // namespace

Engine::Engine(EngineOptions options, Store* store, StepRunner* runner,
               Clock* clock)
    : options_(options),
      store_(store),
      runner_(runner),
      clock_(clock),
      random_(std::random_device{}()) {}

Engine::~Engine() { Stop(); }

void Engine::Start() {
  threads_.emplace_back([this] { Dispatch(); });
  for (int i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

void Engine::Wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  woken_ = true;
  dispatcher_wakes_.notify_one();
}

void Engine::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    // Claimed but not begun: the next start makes them due again.
    queue_.clear();
  }
  dispatcher_wakes_.notify_all();
  worker_wakes_.notify_all();
  store_retries_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Engine::Dispatch() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    const int idle = options_.workers - busy_ - static_cast<int>(queue_.size());
    absl::Time next = absl::InfiniteFuture();
    if (idle > 0) {
      lock.unlock();
      next = ClaimDue(idle);
      lock.lock();
    }
    const absl::Duration wait =
        std::clamp(next - clock_->Now(), absl::ZeroDuration(), kLongestWait);
    clock_->WaitUntil(lock, dispatcher_wakes_,
                      SteadyAfter(clock_->SteadyNow(), wait),
                      [this] { return woken_ || stopping_; });
  }
}

absl::Time Engine::ClaimDue(int limit) {
  absl::StatusOr<std::vector<ClaimedStep>> claimed =
      store_->ClaimSteps(clock_->Now(), limit);
  absl::StatusOr<absl::Time> next =
      claimed.ok() ? store_->NextDueTime() : claimed.status();
  if (!next.ok()) {
    log::Error("store.unavailable", {{"error", next.status()}});
    return clock_->Now() + kWaitAfterStoreError;
  }
  const bool all_busy = static_cast<int>(claimed->size()) == limit;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!stopping_) {
      std::move(claimed->begin(), claimed->end(), std::back_inserter(queue_));
    }
  }
  worker_wakes_.notify_all();
  // With every worker busy, the first to finish wakes the dispatcher.
  return all_busy ? absl::InfiniteFuture() : *next;
}

void Engine::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    worker_wakes_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const ClaimedStep claimed = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    lock.unlock();
    RunStep(claimed);
    lock.lock();
    --busy_;
    // Its end may have made other steps due: its own next ones, or those of
    // reports that waited for it.
    woken_ = true;
    dispatcher_wakes_.notify_one();
  }
}

void Engine::RunStep(const ClaimedStep& claimed) {
  const std::string label = StepLabel(claimed.claim.kind);
  const std::string& report_id = claimed.claim.report_id;
  absl::StatusOr<StepCommit> result = runner_->Run(claimed);
  if (GetErrorReason(result.status()) == "CLAIM_LOST") {
    log::Warning("step.claim_lost",
                 {{"report_id", report_id}, {"step", label}});
    return;
  }
  if (result.status().code() == absl::StatusCode::kCancelled && Stopping()) {
    // Cut short by our own end, which is no attempt's failure: the step stays
    // RUNNING in the store and is taken up again after the next start.
    return;
  }
  const StepCommit commit =
      result.ok() ? *std::move(result) : AfterFailure(claimed, result.status());
  Failpoint(absl::StrCat("commit.", label, ".before"));
  if (!CommitUntilStored(commit)) return;
  Failpoint(absl::StrCat("commit.", label, ".after"));
  if (commit.step.state() == v1::STEP_STATE_SUCCEEDED ||
      commit.step.state() == v1::STEP_STATE_SKIPPED) {
    log::Info("step.done", {{"report_id", report_id},
                            {"step", label},
                            {"attempts", commit.step.attempts()},
                            {"outcome", commit.step.outcome()}});
  }
}

bool Engine::CommitUntilStored(const StepCommit& commit) {
  while (true) {
    const absl::Status committed = store_->Commit(commit);
    if (committed.ok()) return true;
    // What was done is done: only its record is missing, so it is written as
    // soon as the store takes it, and nothing else is done meanwhile.
    log::Error("step.not_committed", {{"report_id", commit.claim.report_id},
                                      {"step", StepLabel(commit.claim.kind)},
                                      {"error", committed}});
    if (committed.code() != absl::StatusCode::kUnavailable) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    const bool stopping = clock_->WaitUntil(
        lock, store_retries_,
        SteadyAfter(clock_->SteadyNow(), kWaitAfterStoreError),
        [this] { return stopping_; });
    if (stopping) return false;
  }
}

bool Engine::Stopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

StepCommit Engine::AfterFailure(const ClaimedStep& claimed,
                                const absl::Status& status) {
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  const absl::Time now = clock_->Now();
  RetryPolicy policy = options_.retry;
  policy.give_up_after =
      runner_->GiveUpAfter(claimed, options_.retry.give_up_after);
  const std::optional<absl::Time> next =
      NextAttempt(policy, status, claimed.step.attempts(),
                  ToTime(claimed.step.start_time()), now, Jitter());
  // A repetition that fails like the one before is not worth a warning again.
  const bool repeated = claimed.step.error().message() == status.message();
  SetError(status, claimed.step.attempts(), !next.has_value(),
           commit.step.mutable_error());
  if (next.has_value()) {
    commit.step.set_state(v1::STEP_STATE_WAITING);
    SetTime(*next, commit.step.mutable_next_attempt_time());
    log::Write(repeated ? log::Level::kDebug : log::Level::kWarning,
               "step.will_be_retried",
               {{"report_id", claimed.claim.report_id},
                {"step", StepLabel(claimed.claim.kind)},
                {"attempts", claimed.step.attempts()},
                {"next_attempt", *next},
                {"error", status}});
  } else {
    commit.step.set_state(v1::STEP_STATE_FAILED);
    log::Error("step.given_up", {{"report_id", claimed.claim.report_id},
                                 {"step", StepLabel(claimed.claim.kind)},
                                 {"attempts", claimed.step.attempts()},
                                 {"error", status}});
  }
  return commit;
}

double Engine::Jitter() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

}  // namespace opcon_snow::incident
