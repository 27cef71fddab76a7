#include "incident_service/service/change_bell.h"

#include <algorithm>
#include <utility>

namespace opcon_snow::incident {
namespace {

// A signal of the store may get lost while a connection is down.
constexpr absl::Duration kLongestWait = absl::Seconds(5);

}  // namespace

ChangeBell::ChangeBell(Store* store, Clock* clock)
    : store_(store), clock_(clock) {
  subscription_ = store_->Subscribe([this](const StoreSignal& signal) {
    if (!signal.changes) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
    if (!waiters_.empty()) wakes_.notify_one();
  });
  thread_ = std::thread([this] { Loop(); });
}

ChangeBell::~ChangeBell() {
  subscription_.reset();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  thread_.join();
}

void ChangeBell::Ring() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++rings_;
  woken_ = true;
  wakes_.notify_one();
}

std::int64_t ChangeBell::rings() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return rings_;
}

async::OneShot<bool> ChangeBell::After(std::int64_t sequence,
                                       std::int64_t rings,
                                       absl::Duration limit) {
  async::OneShot<bool> woken;
  const std::lock_guard<std::mutex> lock(mutex_);
  waiters_.push_back(
      {sequence, rings, SteadyAfter(clock_->SteadyNow(), limit), woken});
  woken_ = true;  // There may be changes already.
  wakes_.notify_one();
  return woken;
}

std::vector<async::OneShot<bool>> ChangeBell::TakeDue(std::int64_t last,
                                                      bool everybody) {
  const SteadyTime now = clock_->SteadyNow();
  const auto due =
      std::partition(waiters_.begin(), waiters_.end(), [&](const Waiter& w) {
        return !everybody && w.rings == rings_ && w.sequence >= last &&
               w.until > now;
      });
  std::vector<async::OneShot<bool>> woken;
  for (auto at = due; at != waiters_.end(); ++at) woken.push_back(at->woken);
  waiters_.erase(due, waiters_.end());
  return woken;
}

void ChangeBell::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    SteadyTime until = SteadyAfter(clock_->SteadyNow(), kLongestWait);
    for (const Waiter& waiter : waiters_) until = std::min(until, waiter.until);
    clock_->WaitUntil(lock, wakes_, until,
                      [this] { return woken_ || stopping_; });
    woken_ = false;
    if (waiters_.empty()) continue;
    lock.unlock();
    const absl::StatusOr<std::int64_t> last = store_->LastChange();
    lock.lock();
    // A store that fails is told to those who wait: they ask it themselves.
    std::vector<async::OneShot<bool>> due =
        TakeDue(last.value_or(0), !last.ok());
    lock.unlock();
    for (async::OneShot<bool>& woken : due) woken.Set(true);
    due.clear();
    lock.lock();
  }
}

}  // namespace opcon_snow::incident
