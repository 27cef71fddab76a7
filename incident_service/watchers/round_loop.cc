#include "incident_service/watchers/round_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/trace/scope.h"
#include "common/trace/span.h"

namespace opcon_snow::incident {

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
  absl::Status last;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::Status looked = LookTraced();
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
