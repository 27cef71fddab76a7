#include "incident_service/watchers/round_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/trace/scope.h"
#include "common/trace/span.h"

namespace opcon_snow::incident {
namespace {

metrics::Counter ActionsOf(const std::string& watcher) {
  return metrics::GetCounter("opcon_snow_watcher_actions_total",
                             "What watchers found to do.",
                             {{"watcher", watcher}});
}

struct RoundMetrics {
  explicit RoundMetrics(const std::string& watcher)
      : ok(Rounds(watcher, "ok")),
        failed(Rounds(watcher, "failed")),
        last_success(metrics::GetGauge(
            "opcon_snow_watcher_last_success_timestamp_seconds",
            "When the last good round ended, or the watcher started.",
            {{"watcher", watcher}})) {
    ActionsOf(watcher);
  }

  static metrics::Counter Rounds(const std::string& watcher,
                                 const std::string& result) {
    return metrics::GetCounter("opcon_snow_watcher_rounds_total",
                               "Rounds of watchers.",
                               {{"watcher", watcher}, {"result", result}});
  }
  void Succeeded() const {
    last_success.Set(absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()));
  }

  metrics::Counter ok;
  metrics::Counter failed;
  metrics::Gauge last_success;
};

}  // namespace

void CountActions(absl::string_view name, int count) {
  ActionsOf(std::string(name)).Add(count);
}

absl::Duration WatchLease(absl::Duration interval) {
  return std::max(3 * interval, absl::Minutes(2));
}

RoundLoop::RoundLoop(absl::string_view name, absl::Duration interval,
                     Clock* clock, std::function<absl::Status()> look)
    : name_(name), interval_(interval), clock_(clock), look_(std::move(look)) {}

RoundLoop::~RoundLoop() { Stop(); }

void RoundLoop::Start() {
  thread_ = std::thread([this] { Run(); });
}

void RoundLoop::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status RoundLoop::LookTraced() const {
  trace::Span round =
      trace::StartSpan(absl::StrCat(name_, " round"), trace::Kind::kInternal);
  const trace::Scope traced(round.context());
  absl::Status looked = look_();
  round.SetStatus(looked);
  return looked;
}

void RoundLoop::Run() {
  const RoundMetrics metrics(name_);
  metrics.Succeeded();
  absl::Status last;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::Status looked = LookTraced();
    (looked.ok() ? metrics.ok : metrics.failed).Add();
    if (looked.ok()) metrics.Succeeded();
    lock.lock();
    if (!stopping_ && looked != last) {
      if (looked.ok()) {
        log::Info(absl::StrCat(name_, ".recovered"));
      } else {
        log::Warning(absl::StrCat(name_, ".failed"), {{"error", looked}});
      }
      last = looked;
    }
    clock_->WaitUntil(lock, wakes_, SteadyAfter(clock_->SteadyNow(), interval_),
                      [this] { return stopping_; });
  }
}

}  // namespace opcon_snow::incident
