#include "common/async/event_loop.h"

#include <memory>
#include <optional>
#include <utility>

namespace opcon_snow::async {
namespace {

absl::Status Stopped() {
  return absl::CancelledError("the event loop is stopping");
}

// Used on the loop thread only, so timer, stop request and end of the loop are
// serialized there, and `state_->over` decides which of them resumes.
class SleepAwaiter {
 public:
  SleepAwaiter(EventLoop* loop, absl::Duration duration, std::stop_token stop)
      : loop_(loop), duration_(duration), stop_(std::move(stop)) {}

  bool await_ready() const { return stop_.stop_requested(); }

  bool await_suspend(std::coroutine_handle<> waiting) {
    state_ = std::make_shared<State>();
    state_->waiting = waiting;
    state_->timer =
        loop_->After(duration_, [state = state_] { state->Finish(true); });
    if (state_->timer == EventLoop::kNoTimer) {
      state_.reset();
      return false;
    }
    // On whatever thread the stop is requested, even this one, it only posts.
    on_stop_.emplace(stop_, PostCancel{loop_, state_});
    return true;
  }

  absl::Status await_resume() {
    // Waits for a PostCancel that is running right now; it holds no lock that
    // this thread needs.
    on_stop_.reset();
    if (!state_ || !state_->slept || loop_->Stopping()) {
      return stop_.stop_requested() ? absl::CancelledError("sleep cancelled")
                                    : Stopped();
    }
    return absl::OkStatus();
  }

 private:
  struct State {
    std::coroutine_handle<> waiting;
    EventLoop::TimerId timer = EventLoop::kNoTimer;
    bool over = false;
    bool slept = false;

    void Finish(bool by_timer) {
      if (over) return;
      over = true;
      slept = by_timer;
      waiting.resume();
    }
  };

  struct PostCancel {
    EventLoop* loop;
    std::shared_ptr<State> state;
    void operator()() const {
      // Refused only when the loop is stopping, and then the timer fires.
      loop->Post([loop = loop, state = state] {
        if (state->over) return;
        loop->Cancel(state->timer);
        state->Finish(false);
      });
    }
  };

  EventLoop* loop_;
  absl::Duration duration_;
  std::stop_token stop_;
  std::shared_ptr<State> state_;
  std::optional<std::stop_callback<PostCancel>> on_stop_;
};

}  // namespace

namespace internal {

bool HopAwaiter::await_suspend(std::coroutine_handle<> waiting) {
  // Once Post has accepted, the loop thread may have resumed, finished and
  // freed the coroutine with this awaiter: nothing is touched after it.
  if (loop_.Post([waiting] { waiting.resume(); })) return true;
  refused_ = true;
  return false;
}

absl::Status HopAwaiter::await_resume() const {
  return refused_ ? Stopped() : absl::OkStatus();
}

}  // namespace internal

Task<absl::Status> Sleep(EventLoop& loop, absl::Duration duration,
                         std::stop_token stop) {
  absl::Status on_loop = co_await Hop(loop);
  if (!on_loop.ok()) co_return on_loop;
  SleepAwaiter sleep(&loop, duration, std::move(stop));
  absl::Status slept = co_await sleep;
  co_return slept;
}

}  // namespace opcon_snow::async
