#ifndef OPCON_SNOW_COMMON_RPC_CALL_H_
#define OPCON_SNOW_COMMON_RPC_CALL_H_

// Synchronous calls over a generated stub, for threads that may block: worker
// threads and the CLI, never gRPC handlers and event loops. Portable.
//
//   using Stub = ::opcon::v1::OpConGateway::StubInterface;
//   absl::StatusOr<DailyJob> job = rpc::Call(
//       *stub, &Stub::GetDailyJob, request,
//       {.timeout = absl::Seconds(10), .cancel = worker_stop});
//
// Errors are the server's, with their details; see status_conversion.h. An
// error that the channel made itself (UNAVAILABLE, DEADLINE_EXCEEDED) has no
// details. Thread-safe as the stub is.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/status_conversion.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"

namespace opcon_snow::rpc {

struct CallOptions {
  // Longest time for the whole call. gRPC has no default deadline, so this
  // has: a call without limit could hold a thread for ever.
  absl::Duration timeout = absl::Seconds(30);
  // A second limit, if the caller works towards one: the earlier of the two
  // counts. If it has passed, nothing is sent: DEADLINE_EXCEEDED.
  std::chrono::steady_clock::time_point deadline =
      std::chrono::steady_clock::time_point::max();
  // Keys in lower case. Values must be printable ASCII.
  std::multimap<std::string, std::string> metadata{};
  // Wait for a connection until the deadline instead of failing at once.
  bool wait_for_ready = false;
  // Cancels the call from another thread: CANCELLED.
  std::stop_token cancel{};
};

namespace internal {

// Applies `options`; an error if the deadline has passed or was cancelled.
absl::Status PrepareContext(const CallOptions& options,
                            grpc::ClientContext& context);

}  // namespace internal

// A unary call.
template <class Stub, class Interface, class Request, class Reply>
absl::StatusOr<Reply> Call(Stub& stub,
                           grpc::Status (Interface::*method)(
                               grpc::ClientContext*, const Request&, Reply*),
                           const Request& request,
                           const CallOptions& options = {}) {
  grpc::ClientContext context;
  absl::Status ready = internal::PrepareContext(options, context);
  if (!ready.ok()) return ready;
  const std::stop_callback cancel(options.cancel,
                                  [&context] { context.TryCancel(); });
  Reply reply;
  const grpc::Status status = (stub.*method)(&context, request, &reply);
  if (!status.ok()) return FromGrpcStatus(status);
  return reply;
}

// A server-streaming call: `on_message` gets every message in order. If it
// returns an error, the call is cancelled and that error returned.
template <class Stub, class Interface, class Request, class Message>
absl::Status ReadStream(
    Stub& stub,
    std::unique_ptr<grpc::ClientReaderInterface<Message>> (Interface::*method)(
        grpc::ClientContext*, const Request&),
    const Request& request, const CallOptions& options,
    const std::function<absl::Status(Message&)>& on_message) {
  grpc::ClientContext context;
  absl::Status ready = internal::PrepareContext(options, context);
  if (!ready.ok()) return ready;
  const std::stop_callback cancel(options.cancel,
                                  [&context] { context.TryCancel(); });
  auto reader = (stub.*method)(&context, request);
  absl::Status stopped;
  Message message;
  while (reader->Read(&message)) {
    if (stopped.ok()) {
      stopped = on_message(message);
      if (!stopped.ok()) context.TryCancel();
    }
  }
  const grpc::Status status = reader->Finish();
  if (!stopped.ok()) return stopped;
  return FromGrpcStatus(status);
}

// A client-streaming call: `next` fills one message and returns true, or
// returns false after the last. If it returns an error, the call is cancelled
// and that error returned. The server may answer before it has read
// everything; then `next` is not asked again.
template <class Stub, class Interface, class Message, class Reply>
absl::StatusOr<Reply> WriteStream(
    Stub& stub,
    std::unique_ptr<grpc::ClientWriterInterface<Message>> (Interface::*method)(
        grpc::ClientContext*, Reply*),
    const CallOptions& options,
    const std::function<absl::StatusOr<bool>(Message&)>& next) {
  grpc::ClientContext context;
  absl::Status ready = internal::PrepareContext(options, context);
  if (!ready.ok()) return ready;
  const std::stop_callback cancel(options.cancel,
                                  [&context] { context.TryCancel(); });
  Reply reply;
  auto writer = (stub.*method)(&context, &reply);
  absl::Status stopped;
  for (;;) {
    Message message;
    const absl::StatusOr<bool> more = next(message);
    if (!more.ok()) {
      stopped = more.status();
      context.TryCancel();
      break;
    }
    if (!*more) {
      writer->WritesDone();
      break;
    }
    if (!writer->Write(message)) break;  // Finish() says why.
  }
  const grpc::Status status = writer->Finish();
  if (!stopped.ok()) return stopped;
  if (!status.ok()) return FromGrpcStatus(status);
  return reply;
}

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_CALL_H_
