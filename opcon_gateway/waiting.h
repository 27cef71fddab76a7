#ifndef OPCON_SNOW_OPCON_GATEWAY_WAITING_H_
#define OPCON_SNOW_OPCON_GATEWAY_WAITING_H_

// Waiting inside a call: never longer than the call may last, and no longer
// than anybody wants the answer.

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/one_shot.h"
#include "common/async/task.h"
#include "opcon_gateway/call_scope.h"

namespace opcon_snow::opcon {

// What is left of the call; may be negative.
absl::Duration TimeLeft(const async::EventLoop& loop, const CallScope& scope);

// Waits for somebody to set `done`, and gives what was set; UPSTREAM_TIMEOUT at
// the call's deadline, CANCELLED if the caller gives up or the loop stops. On
// the loop thread; continues there.
async::Task<absl::Status> WaitWithin(async::EventLoop* loop,
                                     async::OneShot<absl::Status> done,
                                     const CallScope& scope);

struct PollIntervals {
  absl::Duration first = absl::Milliseconds(200);
  absl::Duration longest = absl::Seconds(3);
};

// The pauses between looks at something that OpCon does in its own time. They
// double from the first to the longest, and the last one is shortened so that
// there is still time to look once more.
class PollPauses {
 public:
  explicit PollPauses(PollIntervals intervals)
      : next_(intervals.first), longest_(intervals.longest) {}

  // OK after the pause; UPSTREAM_TIMEOUT, at once, if the call has no time for
  // another look; CANCELLED as above.
  async::Task<absl::Status> Pause(async::EventLoop* loop,
                                  const CallScope& scope);

 private:
  absl::Duration next_;
  const absl::Duration longest_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_WAITING_H_
