#include "opcon_gateway/waiting.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "opcon_gateway/error_mapping.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

// With less than this left another look is not worth its request.
constexpr absl::Duration kLeastForPoll = absl::Milliseconds(20);

absl::Status TimeIsUp() {
  ErrorDetails details;
  details.retry_after = absl::Seconds(5);
  return OpConError(absl::StatusCode::kDeadlineExceeded,
                    v1::ERROR_REASON_UPSTREAM_TIMEOUT,
                    "OpCon had not finished when the time for the call was up. "
                    "Try again later, or allow more time.",
                    std::move(details));
}

absl::Status GivenUp() {
  return OpConError(absl::StatusCode::kCancelled, v1::ERROR_REASON_CANCELLED,
                    "the call was given up, or the gateway shuts down");
}

}  // namespace

absl::Duration TimeLeft(const async::EventLoop& loop, const CallScope& scope) {
  return scope.deadline - loop.MonotonicNow();
}

async::Task<absl::Status> WaitWithin(async::EventLoop* loop,
                                     async::OneShot<absl::Status> done,
                                     const CallScope& scope) {
  const async::EventLoop::TimerId timer =
      loop->After(TimeLeft(*loop, scope), [loop, done]() mutable {
        done.Set(loop->Stopping() ? GivenUp() : TimeIsUp());
      });
  if (timer == async::EventLoop::kNoTimer) done.Set(GivenUp());
  absl::Status status;
  {
    const std::function<void()> give_up = [loop, done] {
      loop->Post([done]() mutable { done.Set(GivenUp()); });
    };
    const std::stop_callback<std::function<void()>> on_stop(scope.stop,
                                                            give_up);
    status = co_await done.Wait();
  }
  loop->Cancel(timer);
  co_return status;
}

async::Task<absl::Status> PollPauses::Pause(async::EventLoop* loop,
                                            const CallScope& scope) {
  const absl::Duration left = TimeLeft(*loop, scope);
  if (left < kLeastForPoll) co_return TimeIsUp();
  const absl::Duration pause = std::min(next_, left * 0.75);
  next_ = std::min(next_ * 2, longest_);
  const absl::Status slept = co_await async::Sleep(*loop, pause, scope.stop);
  co_return slept.ok() ? slept : GivenUp();
}

}  // namespace opcon_snow::opcon
