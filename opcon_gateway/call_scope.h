#ifndef OPCON_SNOW_OPCON_GATEWAY_CALL_SCOPE_H_
#define OPCON_SNOW_OPCON_GATEWAY_CALL_SCOPE_H_

// How long one gRPC call may go on, for everything that is done for it.

#include <stop_token>

#include "absl/time/time.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::opcon {

// Made by the service for each call and handed down by reference: it lives in
// the handler's frame, which awaits everything that takes it.
struct CallScope {
  // By the steady clock of the event loop (`EventLoop::MonotonicNow`).
  absl::Duration deadline = absl::InfiniteDuration();
  // Asked to stop when the caller has given up.
  std::stop_token stop;
  // What requests are made for.
  trace::TraceParent trace{};
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_CALL_SCOPE_H_
