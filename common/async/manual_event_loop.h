#ifndef OPCON_SNOW_COMMON_ASYNC_MANUAL_EVENT_LOOP_H_
#define OPCON_SNOW_COMMON_ASYNC_MANUAL_EVENT_LOOP_H_

// File: manual_event_loop.h
//
// An EventLoop for tests: nothing runs until the test says so, and time is
// virtual.
//
//   ManualEventLoop loop;
//   async::Start(Work(loop), [&](int v) { result = v; });
//   loop.RunUntilIdle();
//   loop.Advance(absl::Seconds(30));
//
// The thread that made the loop is the loop thread. `Post`, `After`, `Cancel`
// and the queries may be called from any thread; the others only from the loop
// thread.

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "common/async/event_loop.h"

namespace opcon_snow::async {

class ManualEventLoop final : public EventLoop {
 public:
  ManualEventLoop() = default;
  // Stops, so that no coroutine of the test leaks.
  ~ManualEventLoop() override { Stop(); }
  ManualEventLoop(const ManualEventLoop&) = delete;
  ManualEventLoop& operator=(const ManualEventLoop&) = delete;

  bool Post(std::function<void()> fn) override;
  TimerId After(absl::Duration delay, std::function<void()> fn) override;
  bool Cancel(TimerId id) override;
  bool InLoopThread() const override;
  bool Stopping() const override;
  absl::Duration MonotonicNow() const override;

  // Runs what is posted and what is due, including what that posts, until
  // nothing is left to do at the present virtual time. Returns how many
  // functions ran.
  std::size_t RunUntilIdle();

  // Moves virtual time forward by `step`, stopping at each timer on the way, so
  // that a timer that arms another one inside the step sees both fire. Runs
  // everything posted. Returns how many functions ran.
  std::size_t Advance(absl::Duration step);

  // As the interface says: refuses new work, runs the old, fires all timers.
  void Stop();

  // Timers not yet fired.
  std::size_t pending_timers() const;

 private:
  using TimerKey = std::pair<absl::Duration, TimerId>;

  // Takes the next posted function or timer due at or before `until`; moves
  // the time to that timer. Empty if there is none.
  std::function<void()> TakeNext(absl::Duration until);
  std::size_t RunUntil(absl::Duration until);

  const std::thread::id thread_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  // All below guarded by mutex_.
  bool stopping_ = false;
  absl::Duration now_ = absl::ZeroDuration();
  TimerId next_timer_ = 1;
  std::deque<std::function<void()>> posted_;
  std::map<TimerKey, std::function<void()>> timers_;
  std::map<TimerId, absl::Duration> due_;
};

}  // namespace opcon_snow::async

#endif  // OPCON_SNOW_COMMON_ASYNC_MANUAL_EVENT_LOOP_H_
