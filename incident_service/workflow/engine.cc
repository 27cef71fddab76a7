#include "incident_service/workflow/engine.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/failpoint.h"
#include "incident_service/workflow/step_metrics.h"
#include "incident_service/workflow/step_span.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// How long the dispatcher waits at most: the time of day may jump, a signal of
// the store may get lost, and a store that failed may work again.
constexpr absl::Duration kLongestWait = absl::Seconds(30);
constexpr absl::Duration kWaitAfterStoreError = absl::Seconds(1);

std::string StepLabel(v1::StepKind kind) {
  return v1::StepKind_Name(kind).substr(sizeof("STEP_KIND_") - 1);
}

std::string KeyOf(const StepClaim& claim) {
  return absl::StrCat(claim.report_id, "/", static_cast<int>(claim.kind));
}

}  // namespace

std::string MakeWorkerName() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "/", getpid(), "/",
                      absl::Hex(std::random_device{}()));
}

Engine::Engine(EngineOptions options, Store* store, StepRunner* runner,
               Clock* clock)
    : options_(std::move(options)),
      worker_(options_.worker.empty() ? MakeWorkerName() : options_.worker),
      store_(store),
      clock_(clock),
      attempts_(options_.retry, runner, clock, [this] { return Jitter(); }),
      random_(std::random_device{}()) {
  ExposeStepMetrics();
}

Engine::~Engine() { Stop(); }

void Engine::Start() {
  released_ = false;
  subscription_ = store_->Subscribe([this](const StoreSignal& signal) {
    if (signal.work) Wake();
  });
  threads_.emplace_back([this] { Dispatch(); });
  threads_.emplace_back([this] { Renew(); });
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
  subscription_.reset();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  dispatcher_wakes_.notify_all();
  worker_wakes_.notify_all();
  stop_wakes_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (std::exchange(released_, true)) return;
  const absl::Status released = store_->ReleaseClaims(worker_);
  if (!released.ok()) {
    // Their leases end by themselves.
    log::Warning("engine.claims_not_released", {{"error", released}});
  }
}

ClaimRequest Engine::ClaimFor(int workers) const {
  ClaimRequest request{.limit = workers,
                       .worker = worker_,
                       .lease = options_.lease,
                       .most_running = budget_.Limits()};
  // Logs are large and nobody waits for them: half of the workers are kept for
  // tickets.
  request.most_running.emplace(v1::STEP_KIND_ATTACH_LOG,
                               std::max(1, options_.workers / 2));
  return request;
}

void Engine::Dispatch() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    const int idle = options_.workers - busy_ - static_cast<int>(queue_.size());
    // With every worker busy, the first to finish wakes the dispatcher.
    absl::Duration wait = kLongestWait;
    if (idle > 0) {
      ClaimRequest request = ClaimFor(idle);
      lock.unlock();
      wait = std::min(ClaimDue(std::move(request)), kLongestWait);
      lock.lock();
    }
    clock_->WaitUntil(lock, dispatcher_wakes_,
                      SteadyAfter(clock_->SteadyNow(), wait),
                      [this] { return woken_ || stopping_; });
  }
}

absl::Duration Engine::ClaimDue(ClaimRequest request) {
  absl::StatusOr<std::vector<ClaimedStep>> claimed =
      store_->ClaimSteps(request);
  absl::StatusOr<absl::Duration> next =
      claimed.ok() ? store_->TimeToNextStep() : claimed.status();
  if (!next.ok()) {
    log::Error("store.unavailable", {{"error", next.status()}});
    return kWaitAfterStoreError;
  }
  const std::size_t count = claimed->size();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!stopping_) {
      for (const ClaimedStep& step : *claimed) {
        held_[KeyOf(step.claim)] = step.claim;
      }
      std::move(claimed->begin(), claimed->end(), std::back_inserter(queue_));
    }
  }
  // Not all of them: a few dozen threads that find nothing would take the
  // processor from the one that answers.
  for (std::size_t i = 0; i < count; ++i) worker_wakes_.notify_one();
  // Ready, but not to be had: its kind is under way as often as it may be, and
  // the end of one of them wakes the dispatcher.
  if (count == 0 && *next <= absl::ZeroDuration()) return kWaitAfterStoreError;
  return *next;
}

void Engine::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    worker_wakes_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    std::optional<ClaimedStep> claimed = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    while (claimed.has_value() && !stopping_) {
      lock.unlock();
      std::optional<ClaimedStep> next = RunStep(*claimed);
      lock.lock();
      held_.erase(KeyOf(claimed->claim));
      if (next.has_value()) held_[KeyOf(next->claim)] = next->claim;
      claimed = std::move(next);
      // Its end may have made more steps due than this worker takes up: its
      // own next ones, or those of reports that waited for it.
      woken_ = true;
      dispatcher_wakes_.notify_one();
    }
    --busy_;
  }
}

void Engine::Renew() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const bool stop = clock_->WaitUntil(
        lock, stop_wakes_, SteadyAfter(clock_->SteadyNow(), options_.lease / 3),
        [this] { return stopping_; });
    if (stop) return;
    std::vector<StepClaim> claims;
    for (const auto& [key, claim] : held_) claims.push_back(claim);
    if (claims.empty()) continue;
    lock.unlock();
    const absl::StatusOr<std::vector<StepClaim>> lost =
        store_->RenewClaims(claims, options_.lease);
    if (!lost.ok()) {
      log::Error("engine.claims_not_renewed", {{"error", lost.status()}});
    } else {
      // Their workers find out before they do anything.
      for (const StepClaim& claim : *lost) {
        log::Debug("engine.claim_gone", {{"report_id", claim.report_id},
                                         {"step", StepLabel(claim.kind)}});
      }
    }
    lock.lock();
  }
}

std::optional<ClaimedStep> Engine::RunStep(const ClaimedStep& claimed) {
  const std::string label = StepLabel(claimed.claim.kind);
  const std::string& report_id = claimed.claim.report_id;
  StepSpan span(claimed, label);
  const SteadyTime started = clock_->SteadyNow();
  const AttemptResult result = attempts_.Make(claimed);
  const absl::Duration elapsed =
      absl::FromChrono(clock_->SteadyNow() - started);
  span.Note(result);
  if (result.status.code() == absl::StatusCode::kCancelled && Stopping()) {
    // Cut short by our own end, which is no attempt's failure: the claim is
    // given back.
    return std::nullopt;
  }
  ClaimRequest request;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    budget_.Record(claimed.claim.kind, result.status);
    request = ClaimFor(stopping_ ? 0 : 1);
  }
  if (!result.commit.has_value()) {
    log::Warning("step.claim_lost",
                 {{"report_id", report_id}, {"step", label}});
    CountAttempt(claimed, result, elapsed, clock_->Now());
    if (claimed.audit->empty()) return std::nullopt;
    // What it did before is told all the same.
    for (v1::AuditEntry& entry : *claimed.audit) {
      entry.set_report_id(report_id);
    }
    UntilStored(report_id, [&] { return store_->AppendAudit(*claimed.audit); });
    return std::nullopt;
  }
  Failpoint(absl::StrCat("commit.", label, ".before"));
  absl::StatusOr<std::vector<ClaimedStep>> next;
  const bool stored = UntilStored(report_id, [&] {
    next = store_->CommitAndClaim(*result.commit, request);
    return next.status();
  });
  if (!stored) return std::nullopt;
  Failpoint(absl::StrCat("commit.", label, ".after"));
  CountAttempt(claimed, result, elapsed, clock_->Now());
  LogOutcome(claimed, result);
  if (next->empty()) return std::nullopt;
  return std::move(next->front());
}

void Engine::LogOutcome(const ClaimedStep& claimed,
                        const AttemptResult& result) {
  const v1::Step& step = result.commit->step;
  const std::string& report_id = claimed.claim.report_id;
  const std::string label = StepLabel(step.kind());
  const v1::Report& report = claimed.stored.report;
  const std::string job = JobKeyText(JobKeyOf(report));
  switch (step.state()) {
    case v1::STEP_STATE_SUCCEEDED:
    case v1::STEP_STATE_SKIPPED:
      log::Info("step.done", {{"report_id", report_id},
                              {"request_id", report.request_id()},
                              {"job", job},
                              {"step", label},
                              {"attempts", step.attempts()},
                              {"outcome", step.outcome()}});
      return;
    case v1::STEP_STATE_WAITING: {
      // A repetition that fails like the one before is not worth a warning
      // again.
      const bool repeated =
          claimed.step.error().message() == result.status.message();
      log::Write(repeated ? log::Level::kDebug : log::Level::kWarning,
                 "step.will_be_retried",
                 {{"report_id", report_id},
                  {"request_id", report.request_id()},
                  {"job", job},
                  {"step", label},
                  {"attempts", step.attempts()},
                  {"error", result.status}});
      return;
    }
    default:
      log::Error("step.given_up", {{"report_id", report_id},
                                   {"request_id", report.request_id()},
                                   {"job", job},
                                   {"step", label},
                                   {"attempts", step.attempts()},
                                   {"error", result.status}});
  }
}

bool Engine::UntilStored(const std::string& report_id,
                         const std::function<absl::Status()>& write) {
  while (true) {
    const absl::Status stored = write();
    if (stored.ok()) return true;
    // What was done is done: only its record is missing, so it is written as
    // soon as the store takes it, and nothing else is done meanwhile.
    log::Error("step.not_committed",
               {{"report_id", report_id}, {"error", stored}});
    if (stored.code() != absl::StatusCode::kUnavailable) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    const bool stopping = clock_->WaitUntil(
        lock, stop_wakes_,
        SteadyAfter(clock_->SteadyNow(), kWaitAfterStoreError),
        [this] { return stopping_; });
    if (stopping) return false;
  }
}

bool Engine::Stopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

double Engine::Jitter() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

}  // namespace opcon_snow::incident
