#ifndef OPCON_SNOW_COMMON_RPC_LOOP_EXECUTOR_H_
#define OPCON_SNOW_COMMON_RPC_LOOP_EXECUTOR_H_

#include <functional>

#include "common/async/event_loop.h"
#include "common/rpc/bridge_state.h"

namespace opcon_snow::rpc {

// Runs coroutines on `loop`, which must outlive the bridge's calls. A loop that
// has been stopped takes nothing any more; then they run on gRPC's threads,
// where every operation of the loop gives CANCELLED at once, so that no call
// is left open.
inline Executor LoopExecutor(async::EventLoop* loop) {
  return [loop](std::function<void()> function) {
    if (!loop->Post(function)) function();
  };
}

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_LOOP_EXECUTOR_H_
