#ifndef OPCON_SNOW_COMMON_RPC_BRIDGE_STATE_H_
#define OPCON_SNOW_COMMON_RPC_BRIDGE_STATE_H_

// What the calls of one bridge share. Use it through common/rpc/reactor.h.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/rpc/call_context.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/status.h"

namespace opcon_snow::rpc {

class CallMetrics;

// Runs a function soon: on an event loop, on a worker pool. It must run every
// function it is given until the bridge is idle; a dropped one leaves its call
// open for ever. Called from any thread.
using Executor = std::function<void(std::function<void()>)>;

// One call that is over.
struct FinishedCall {
  const CallContext* call = nullptr;
  // What the client gets, or got nothing of if it had gone.
  absl::Status status;
  absl::Duration elapsed;
};

struct BridgeOptions {
  // Domain of errors that name none: "opcon-gateway.opcon-snow".
  std::string domain{};
  // The service's full name, "opcon.v1.OpConGateway": to name the method of a
  // call from its request type. Methods that share one have no name.
  std::string service{};
  // Where coroutines run. Empty: on gRPC's own threads, which is right only
  // for handlers that do next to nothing, and two parts of one coroutine may
  // then run on different threads (never at once).
  Executor executor{};
  // Calls beyond it are refused with RESOURCE_EXHAUSTED and RetryInfo.
  int max_active_calls = 1000;
  // Asked before each handler, on a gRPC thread, must not block. An error ends
  // the call. Who may call what is decided before that; see Bridge::Guard.
  std::function<absl::Status(const CallContext&)> admit{};
  // Told after each call, on the thread that ended it; must not block.
  std::function<void(const FinishedCall&)> on_finished{};
};

namespace internal {

class BridgeState {
 public:
  explicit BridgeState(BridgeOptions options);

  // See Bridge::Guard.
  void Guard(std::shared_ptr<const auth::Authorizer> authorizer) {
    authorizer_ = std::move(authorizer);
  }
  // Counts a call in and finds out who it is. An error if it is not admitted,
  // or there are too many; also then Finish() and Leave() follow.
  absl::Status Enter(CallContext& call);
  void Leave();
  bool AwaitIdle(absl::Duration limit);
  void BeginDrain() { drain_.request_stop(); }
  std::stop_token drain_token() const { return drain_.get_token(); }
  int active_calls() const;

  void Run(std::function<void()> function) const;
  std::string MethodName(const google::protobuf::Descriptor* request) const;
  // The call makes room for another, because its client may send that as soon
  // as it has the answer, before gRPC is done with this one and Leave() is
  // called. Tells the observer and converts.
  grpc::Status Finish(CallContext& call, const absl::Status& status,
                      SteadyTime started);

 private:
  const BridgeOptions options_;
  std::map<const google::protobuf::Descriptor*, std::string> methods_;
  const std::shared_ptr<const CallMetrics> metrics_;
  std::shared_ptr<const auth::Authorizer> authorizer_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::stop_source drain_;
  int active_ = 0;   // guarded by mutex_; entered and not left
  int running_ = 0;  // guarded by mutex_; entered and not finished
};

// The status for an exception that left a handler, which is a bug in it.
// Called inside a catch block.
absl::Status StatusOfCurrentException();

}  // namespace internal
}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_BRIDGE_STATE_H_
