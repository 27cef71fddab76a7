#include "common/http/limiter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/http/upstream_metrics.h"
#include "common/status/error.h"

namespace opcon_snow::http {
namespace {

constexpr absl::Duration kMinAdvice = absl::Seconds(1);
constexpr absl::Duration kMaxAdvice = absl::Seconds(60);
constexpr absl::Duration kAfterTimeout = absl::Seconds(5);
constexpr absl::Duration kMaxHourAdvice = absl::Hours(1);

const LimiterMetrics kNoMetrics{};

absl::Status Overloaded(absl::string_view what, absl::Duration advice) {
  ErrorDetails details;
  details.reason = "GATEWAY_OVERLOADED";
  details.retry_after = advice;
  return MakeError(absl::StatusCode::kResourceExhausted,
                   absl::StrCat("nothing was sent: ", what), details);
}

absl::Status TooLate() {
  ErrorDetails details;
  details.reason = "UPSTREAM_TIMEOUT";
  details.retry_after = kAfterTimeout;
  return MakeError(absl::StatusCode::kDeadlineExceeded,
                   "the time was up before it was this call's turn; nothing "
                   "was sent",
                   details);
}

absl::Status Cancelled() {
  ErrorDetails details;
  details.reason = "CANCELLED";
  return MakeError(absl::StatusCode::kCancelled,
                   "the call was given up before it was its turn; nothing was "
                   "sent",
                   details);
}

}  // namespace

// Shared by the limiter, its permits and its waiters.
struct Limiter::Core {
  struct Waiter {
    async::OneShot<absl::Status> turn;
    async::EventLoop::TimerId timer = async::EventLoop::kNoTimer;
  };
  // By arrival.
  using Queue = std::map<std::uint64_t, Waiter>;

  Core(async::EventLoop* event_loop, LimiterOptions given)
      : loop(event_loop),
        options(given),
        metrics(given.metrics == nullptr ? kNoMetrics : *given.metrics) {
    options.max_concurrent = std::max(1, options.max_concurrent);
    SetLimit(options.max_concurrent);
    if (options.requests_per_hour > 0) {
      // What may come at once and what comes in again within an hour are
      // together what an hour may see.
      const double all = options.requests_per_hour;
      burst = std::max(1.0, std::floor(all / 10));
      per_second = std::max(all - burst, 1.0) / 3600;
      allowance = burst;
      refilled_at = loop->MonotonicNow();
    }
  }

  ~Core() { SetLimit(0); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void SetLimit(int fresh) {
    metrics.limit.Add(fresh - limit);
    limit = fresh;
  }

  bool HasRate() const { return options.requests_per_hour > 0; }

  void Refill() {
    if (!HasRate()) return;
    const absl::Duration now = loop->MonotonicNow();
    allowance =
        std::min(burst, allowance + absl::ToDoubleSeconds(now - refilled_at) *
                                        per_second);
    refilled_at = now;
  }

  // How long until `count` requests may go, all who wait before them included.
  absl::Duration UntilAllowed(double count) {
    Refill();
    // Not for the sake of a rounding error.
    if (!HasRate() || allowance >= count - 1e-6) return absl::ZeroDuration();
    return absl::Seconds((count - allowance) / per_second);
  }

  Queue& queue(Priority priority) {
    return queues[static_cast<std::size_t>(priority)];
  }

  bool HasSlot(Priority priority) {
    if (in_use >= limit || UntilAllowed(1) > absl::ZeroDuration()) return false;
    return priority != Priority::kUpload ||
           uploads_in_use < std::max(1, limit / 2);
  }

  void Take(Priority priority) {
    ++in_use;
    metrics.in_use.Add(1);
    if (HasRate()) allowance -= 1;
    if (priority == Priority::kUpload) ++uploads_in_use;
  }

  // How long the present queue will take, by the recent mean duration.
  absl::Duration Advice() const {
    const double rounds =
        (static_cast<double>(queued) + 1.0) / static_cast<double>(limit);
    return std::clamp(mean_duration * rounds, kMinAdvice, kMaxAdvice);
  }

  // Ends the wait of one waiter, if it still waits.
  void End(Priority priority, std::uint64_t id, absl::Status status) {
    Queue& waiting = queue(priority);
    const auto found = waiting.find(id);
    if (found == waiting.end()) return;
    Waiter waiter = std::move(found->second);
    waiting.erase(found);
    --queued;
    metrics.queued.Add(-1);
    loop->Cancel(waiter.timer);
    waiter.turn.Set(std::move(status));
  }

  // Makes room for an arrival of this priority, if it may have any.
  bool MakeRoom(Priority priority) {
    if (queued < static_cast<std::size_t>(std::max(0, options.max_queued))) {
      return true;
    }
    for (Priority other : {Priority::kUpload, Priority::kUpdate}) {
      if (other <= priority || queue(other).empty()) continue;
      metrics.refused_queue_full.Add();
      End(other, queue(other).rbegin()->first,
          Overloaded("a more urgent call took the last place in the gateway's "
                     "queue",
                     Advice()));
      return true;
    }
    return false;
  }

  // Gives free slots to those who wait, most urgent first.
  void Dispatch() {
    for (Priority priority :
         {Priority::kCreate, Priority::kUpdate, Priority::kUpload}) {
      while (!queue(priority).empty() && HasSlot(priority)) {
        Take(priority);
        End(priority, queue(priority).begin()->first, absl::OkStatus());
      }
    }
  }

  // Whoever waits for the hour's requests and not for a slot is woken by time.
  static void DispatchInTime(const std::shared_ptr<Core>& core) {
    if (core->waking || core->queued == 0) return;
    const absl::Duration wait = core->UntilAllowed(1);
    if (wait <= absl::ZeroDuration()) return;
    core->waking = true;
    const auto timer = core->loop->After(wait, [core] {
      core->waking = false;
      core->Dispatch();
      DispatchInTime(core);
    });
    if (timer == async::EventLoop::kNoTimer) core->waking = false;
  }

  void Learn(Outcome outcome, std::uint64_t permit_round) {
    if (outcome == Outcome::kOverloaded) {
      // Requests sent before the last decrease tell nothing about its effect.
      if (permit_round != round) return;
      ++round;
      successes = 0;
      SetLimit(std::max(1, limit / 2));
      return;
    }
    if (outcome != Outcome::kSuccess || in_use < limit) return;
    if (++successes < limit) return;
    successes = 0;
    SetLimit(std::min(limit + 1, options.max_concurrent));
  }

  async::EventLoop* const loop;
  LimiterOptions options;
  const LimiterMetrics& metrics;
  int limit = 0;
  int in_use = 0;
  int uploads_in_use = 0;
  // Successes with all slots taken since the limit last changed.
  int successes = 0;
  // Counts decreases.
  std::uint64_t round = 0;
  std::uint64_t next_id = 0;
  std::size_t queued = 0;
  absl::Duration mean_duration = absl::Milliseconds(500);
  // Of the requests an hour: what may go now, at most, and how it comes back.
  double allowance = 0;
  double burst = 0;
  double per_second = 0;
  absl::Duration refilled_at;
  // A timer for DispatchInTime runs.
  bool waking = false;
  std::array<Queue, 3> queues;
};

Limiter::Permit::Permit(std::shared_ptr<Core> core, Priority priority)
    : core_(std::move(core)),
      priority_(priority),
      round_(core_->round),
      since_(core_->loop->MonotonicNow()) {}

Limiter::Permit::Permit(Permit&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)),
      priority_(other.priority_),
      outcome_(other.outcome_),
      round_(other.round_),
      since_(other.since_) {}

Limiter::Permit& Limiter::Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  Release();
  core_ = std::exchange(other.core_, nullptr);
  priority_ = other.priority_;
  outcome_ = other.outcome_;
  round_ = other.round_;
  since_ = other.since_;
  return *this;
}

void Limiter::Permit::Release() {
  if (!core_) return;
  const std::shared_ptr<Core> core = std::exchange(core_, nullptr);
  const absl::Duration held = core->loop->MonotonicNow() - since_;
  core->mean_duration = core->mean_duration * 0.9 + held * 0.1;
  core->Learn(outcome_, round_);
  --core->in_use;
  core->metrics.in_use.Add(-1);
  if (priority_ == Priority::kUpload) --core->uploads_in_use;
  // Not from here: whoever waits would run inside the one who leaves.
  if (core->queued == 0) return;
  core->loop->Post([core] {
    core->Dispatch();
    Core::DispatchInTime(core);
  });
}

Limiter::Limiter(async::EventLoop* loop, LimiterOptions options)
    : core_(std::make_shared<Core>(loop, options)) {}

async::Task<absl::StatusOr<Limiter::Permit>> Limiter::Acquire(
    Priority priority, absl::Duration deadline, std::stop_token stop) {
  return Wait(core_, priority, deadline, std::move(stop));
}

async::Task<absl::StatusOr<Limiter::Permit>> Limiter::Wait(
    std::shared_ptr<Core> core, Priority priority, absl::Duration deadline,
    std::stop_token stop) {
  if (stop.stop_requested() || core->loop->Stopping()) co_return Cancelled();
  const absl::Duration now = core->loop->MonotonicNow();
  if (deadline <= now) {
    core->metrics.refused_timeout.Add();
    co_return TooLate();
  }

  // Nobody overtakes a waiter of the same or a higher priority.
  bool somebody_before = false;
  for (std::size_t p = 0; p <= static_cast<std::size_t>(priority); ++p) {
    if (!core->queues[p].empty()) somebody_before = true;
  }
  if (!somebody_before && core->HasSlot(priority)) {
    core->Take(priority);
    co_return Permit(core, priority);
  }
  const absl::Duration hour =
      core->UntilAllowed(static_cast<double>(core->queued) + 1);
  if (hour > deadline - now) {
    core->metrics.refused_hour.Add();
    co_return Overloaded(
        absl::StrCat("the ", core->options.requests_per_hour,
                     " requests an hour that this gateway may make are used "
                     "up"),
        std::clamp(hour, kMinAdvice, kMaxHourAdvice));
  }
  if (!core->MakeRoom(priority)) {
    core->metrics.refused_queue_full.Add();
    co_return Overloaded(absl::StrCat("the gateway's queue is full (",
                                      core->queued, " calls are waiting)"),
                         core->Advice());
  }

  const std::uint64_t id = core->next_id++;
  Core::Waiter waiter;
  async::OneShot<absl::Status> turn = waiter.turn;
  // Fires at the latest when the loop stops.
  waiter.timer = core->loop->After(deadline - now, [core, priority, id] {
    const bool stopping = core->loop->Stopping();
    if (!stopping) core->metrics.refused_timeout.Add();
    core->End(priority, id, stopping ? Cancelled() : TooLate());
  });
  if (waiter.timer == async::EventLoop::kNoTimer) co_return Cancelled();
  core->queue(priority).emplace(id, std::move(waiter));
  ++core->queued;
  core->metrics.queued.Add(1);
  Core::DispatchInTime(core);

  absl::Status status;
  {
    // On whatever thread: only the loop's may touch the queue.
    const std::function<void()> give_up = [core, priority, id] {
      core->loop->Post(
          [core, priority, id] { core->End(priority, id, Cancelled()); });
    };
    const std::stop_callback<std::function<void()>> on_stop(stop, give_up);
    status = co_await turn.Wait();
  }
  if (!status.ok()) co_return status;
  co_return Permit(core, priority);
}

int Limiter::in_use() const { return core_->in_use; }
int Limiter::concurrency() const { return core_->limit; }
std::size_t Limiter::queued() const { return core_->queued; }

}  // namespace opcon_snow::http
