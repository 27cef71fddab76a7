#ifndef OPCON_SNOW_COMMON_ASYNC_EVENT_LOOP_H_
#define OPCON_SNOW_COMMON_ASYNC_EVENT_LOOP_H_

// File: event_loop.h
//
// One thread that runs functions and timers, and what a coroutine needs of it:
//
//   absl::Status on_loop = co_await async::Hop(loop);
//   absl::Status slept = co_await async::Sleep(loop, absl::Seconds(2), stop);
//
// The process has one real loop, `http::CurlLoop`; tests use `ManualEventLoop`
// with virtual time.
//
// Stopping. From the moment a loop is told to stop
//   * `Post` refuses (returns false) and `After` refuses (returns kNoTimer);
//     the function is dropped without being called;
//   * functions accepted before run;
//   * timers still pending fire AT ONCE, on the loop thread, whatever their
//     delay was. A timer function that cares asks `Stopping()`;
//   * every coroutine suspended in an operation of the loop is resumed with
//     CANCELLED, so no frame leaks.
// A function accepted by `Post` or `After` (and not cancelled) is thus called
// exactly once. Code that sees CANCELLED from the loop must come to an end and
// not start anew: a loop that retries on CANCELLED would never let it stop.

#include <coroutine>
#include <cstdint>
#include <functional>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/async/task.h"

namespace opcon_snow::async {

class EventLoop {
 public:
  using TimerId = std::uint64_t;
  // Never the id of a timer.
  static constexpr TimerId kNoTimer = 0;

  virtual ~EventLoop() = default;

  // Queues `fn` for the loop thread, in order of arrival. Any thread, also the
  // loop's own (then it runs after the current function has returned). `fn`
  // must not block or throw. Returns false, without calling `fn`, if the loop
  // is stopping.
  virtual bool Post(std::function<void()> fn) = 0;

  // Runs `fn` on the loop thread once `delay` has passed by a steady clock (a
  // delay <= 0: as soon as possible; infinite: only when the loop stops). Any
  // thread. Timers due at the same instant fire in the order they were made.
  // Returns kNoTimer, without calling `fn`, if the loop is stopping.
  virtual TimerId After(absl::Duration delay, std::function<void()> fn) = 0;

  // Forgets a timer. Any thread. True: `fn` has not been and will not be
  // called. False: it has fired, is firing on the loop thread, was cancelled
  // before, or never existed. On the loop thread false never means "firing
  // later".
  virtual bool Cancel(TimerId id) = 0;

  // True on the thread that runs the functions.
  virtual bool InLoopThread() const = 0;

  // True from the moment the loop was told to stop. Any thread.
  virtual bool Stopping() const = 0;

  // Time by the steady clock that timers go by, since an arbitrary origin of
  // this loop. Any thread. Never goes backwards; not related to the date.
  virtual absl::Duration MonotonicNow() const = 0;
};

namespace internal {

class HopAwaiter {
 public:
  explicit HopAwaiter(EventLoop& loop) : loop_(loop) {}
  bool await_ready() const { return loop_.InLoopThread(); }
  bool await_suspend(std::coroutine_handle<> waiting);
  absl::Status await_resume() const;

 private:
  EventLoop& loop_;
  bool refused_ = false;
};

}  // namespace internal

// `co_await Hop(loop)` continues on the loop thread and gives OK; on the loop
// thread already, it does not suspend. If the loop has stopped, it continues on
// the calling thread and gives CANCELLED: state that belongs to the loop thread
// must then not be touched.
inline internal::HopAwaiter Hop(EventLoop& loop) {
  return internal::HopAwaiter(loop);
}

// `co_await Sleep(loop, d)` continues on the loop thread after `d` by the
// loop's steady clock and gives OK. It gives CANCELLED, earlier, if `stop` is
// requested (on any thread) or the loop stops; see Hop for the thread in the
// latter case.
Task<absl::Status> Sleep(EventLoop& loop, absl::Duration duration,
                         std::stop_token stop = {});

}  // namespace opcon_snow::async

#endif  // OPCON_SNOW_COMMON_ASYNC_EVENT_LOOP_H_
