#ifndef OPCON_SNOW_SNOW_GATEWAY_CALL_SCOPE_H_
#define OPCON_SNOW_SNOW_GATEWAY_CALL_SCOPE_H_

#include <stop_token>

#include "absl/time/time.h"
#include "common/http/limiter.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::snow {

// What every upstream request made for one gRPC call has in common.
struct CallScope {
  http::Priority priority = http::Priority::kUpdate;
  // By the steady clock of the event loop (`EventLoop::MonotonicNow`).
  absl::Duration deadline = absl::InfiniteDuration();
  // Asked to stop when the caller has given up.
  std::stop_token stop;
  // What requests are made for.
  trace::TraceParent trace{};
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_CALL_SCOPE_H_
