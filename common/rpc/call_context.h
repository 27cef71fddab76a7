#ifndef OPCON_SNOW_COMMON_RPC_CALL_CONTEXT_H_
#define OPCON_SNOW_COMMON_RPC_CALL_CONTEXT_H_

// What a server's handler may know about its call.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "grpcpp/server_context.h"

namespace opcon_snow::rpc {

using SteadyTime = std::chrono::steady_clock::time_point;

// The deadline that the client set; absl::InfiniteFuture() and
// SteadyTime::max() if it set none.
absl::Time CallDeadline(const grpc::CallbackServerContext* context);
SteadyTime SteadyCallDeadline(const grpc::CallbackServerContext* context);

// Lives as long as the call's coroutine. All methods from any thread.
class CallContext {
 public:
  // `method` is "package.Service/Method", or "" if it is not known. Without
  // `context`, in tests, it is a call without deadline, metadata and peer.
  CallContext(grpc::CallbackServerContext* context, std::string method,
              std::stop_token drain = {});
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  const std::string& method() const { return method_; }
  // As gRPC writes it, "ipv4:127.0.0.1:40000". Not proof of who it is.
  const std::string& peer() const { return peer_; }
  absl::Time deadline() const { return deadline_; }
  SteadyTime steady_deadline() const { return steady_deadline_; }

  bool IsCancelled() const { return stop_.stop_requested(); }
  // Asked to stop when the call is cancelled, for std::stop_callback. Such
  // callbacks run on a thread of gRPC's and must not block.
  std::stop_token stop_token() const { return stop_.get_token(); }
  // Asked to stop when the server begins to drain: for streams that would not
  // end by themselves. The call is not cancelled by it. Never, if the bridge is
  // not named to the server.
  std::stop_token drain_token() const { return drain_; }
  // OK while it makes sense to go on; else DEADLINE_EXCEEDED or CANCELLED.
  absl::Status CheckCancelled() const;

  // The first value of a metadata key (lower case), if the client sent it.
  std::optional<std::string> Metadata(absl::string_view key) const;
  // What the call shows of who it is: the subject alternative names of the
  // client's verified certificate, its `authorization` metadata.
  auth::Credentials ShownCredentials() const;

  // Who it is, once it was let in; without a name if nobody had to say.
  const auth::Caller& caller() const { return caller_; }
  // Before the handler begins. Called by the bridge; a test may, too.
  void set_caller(auth::Caller caller) { caller_ = std::move(caller); }

  // The call's span, from when it was let in to its end.
  trace::Span& span() { return span_; }
  // What is done for the call belongs to it; not valid if there is no trace.
  const trace::TraceParent& trace() const { return span_.context(); }
  // What the caller says of its own.
  const trace::Caller& trace_caller() const { return trace_caller_; }
  // Called by the bridge, for calls that are let in.
  void BeginSpan();

  // Marks the call as cancelled. Called by the bridge; a test may, too.
  void Cancel() { stop_.request_stop(); }

 private:
  grpc::CallbackServerContext* const context_;
  const std::string method_;
  const std::string peer_;
  const absl::Time deadline_;
  const SteadyTime steady_deadline_;
  const std::stop_token drain_;
  auth::Caller caller_;
  trace::Caller trace_caller_;
  trace::Span span_;
  std::stop_source stop_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_CALL_CONTEXT_H_
