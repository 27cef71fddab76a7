#include "common/async/manual_event_loop.h"

#include <algorithm>
#include <utility>

namespace opcon_snow::async {

bool ManualEventLoop::Post(std::function<void()> fn) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return false;
  posted_.push_back(std::move(fn));
  return true;
}

EventLoop::TimerId ManualEventLoop::After(absl::Duration delay,
                                          std::function<void()> fn) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return kNoTimer;
  const TimerId id = next_timer_++;
  const absl::Duration due = now_ + std::max(delay, absl::ZeroDuration());
  timers_.emplace(TimerKey(due, id), std::move(fn));
  due_.emplace(id, due);
  return id;
}

bool ManualEventLoop::Cancel(TimerId id) {
  // The function is destroyed outside the lock: it may own something whose
  // destructor calls back.
  std::function<void()> dropped;  // outlives the lock: declared before it
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = due_.find(id);
  if (found == due_.end()) return false;
  auto timer = timers_.find(TimerKey(found->second, id));
  dropped = std::move(timer->second);
  timers_.erase(timer);
  due_.erase(found);
  return true;
}

bool ManualEventLoop::InLoopThread() const {
  return std::this_thread::get_id() == thread_;
}

bool ManualEventLoop::Stopping() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

absl::Duration ManualEventLoop::MonotonicNow() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

std::size_t ManualEventLoop::pending_timers() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return timers_.size();
}

std::function<void()> ManualEventLoop::TakeNext(absl::Duration until) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::function<void()> next;
  if (!posted_.empty()) {
    next = std::move(posted_.front());
    posted_.pop_front();
    return next;
  }
  auto first = timers_.begin();
  if (first == timers_.end()) return next;
  if (!stopping_ && first->first.first > until) return next;
  // When stopping, timers fire early and the time stands still.
  if (!stopping_) now_ = std::max(now_, first->first.first);
  next = std::move(first->second);
  due_.erase(first->first.second);
  timers_.erase(first);
  return next;
}

std::size_t ManualEventLoop::RunUntil(absl::Duration until) {
  std::size_t ran = 0;
  while (std::function<void()> next = TakeNext(until)) {
    next();
    ++ran;
  }
  return ran;
}

std::size_t ManualEventLoop::RunUntilIdle() { return RunUntil(MonotonicNow()); }

std::size_t ManualEventLoop::Advance(absl::Duration step) {
  const absl::Duration target = MonotonicNow() + step;
  const std::size_t ran = RunUntil(target);
  std::lock_guard<std::mutex> lock(mutex_);
  if (!stopping_) now_ = std::max(now_, target);
  return ran;
}

void ManualEventLoop::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  RunUntil(absl::ZeroDuration());
}

}  // namespace opcon_snow::async
