#ifndef OPCON_SNOW_COMMON_RPC_REACTOR_H_
#define OPCON_SNOW_COMMON_RPC_REACTOR_H_

// From coroutines to gRPC's callback API: a method starts a coroutine and
// returns at once; the call ends when the coroutine does.
//
//   class Service final : public OpConGateway::CallbackService {
//     grpc::ServerUnaryReactor* GetDailyJob(
//         grpc::CallbackServerContext* context,
//         const GetDailyJobRequest* request, DailyJob* reply) override {
//       return bridge_.Unary(context, request, reply,
//                            [this](rpc::CallContext& call, const auto& req) {
//                              return GetJob(call, req);
//                            });
//     }
//     async::Task<absl::StatusOr<DailyJob>> GetJob(
//         rpc::CallContext& call, const GetDailyJobRequest& request);
//     grpc::ServerWriteReactor<LogChunk>* ReadJobLog(
//         grpc::CallbackServerContext* context,
//         const ReadJobLogRequest* request) override {
//       return bridge_.ServerStream<LogChunk>(
//           context, request,
//           [this](rpc::CallContext& call, const ReadJobLogRequest& request,
//                  rpc::Writer<LogChunk>& writer)
//               -> async::Task<absl::Status> { … });
//     }
//
// Any awaitable of the right result will do as the handler's return type.
//
// Where it runs: the coroutine starts on the bridge's executor, and resumes
// there after each co_await of a Reader or Writer.
//
// Lifetime: the handler object (with its captures), the CallContext, the
// request, the Reader and the Writer live until the coroutine has returned; do
// not keep pointers to them any longer. What the handlers use must outlive
// every call: stop the server first (Server::Stop), then destroy it.
//
// Cancellation (the client cancels or vanishes, the deadline passes, the
// server shuts down) does not destroy the coroutine. It makes IsCancelled()
// true, asks stop_token() to stop, and ends pending and later Reads and
// Writes. The coroutine should then return; until it does, the call stays open
// and holds back the server's shutdown.
//
// Errors: the status that the coroutine returns goes through ToGrpcStatus with
// the bridge's domain. An exception that leaves it becomes INTERNAL.

#include <chrono>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/bridge_state.h"
#include "common/rpc/call_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"

namespace opcon_snow::rpc {

namespace internal {

// A coroutine nobody waits for; its frame frees itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    // The bodies below catch everything.
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

// One call of any kind: entered, run, finished, left.
class CallState {
 public:
  CallState(std::shared_ptr<BridgeState> bridge,
            grpc::CallbackServerContext* context,
            const google::protobuf::Descriptor* request)
      : bridge_(std::move(bridge)),
        call_(context, bridge_->MethodName(request), bridge_->drain_token()),
        admitted_(bridge_->Enter(call_)) {}
  ~CallState() { bridge_->Leave(); }
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;

  BridgeState& bridge() { return *bridge_; }
  CallContext& call() { return call_; }
  const absl::Status& admitted() const { return admitted_; }
  grpc::Status Finish(const absl::Status& status) {
    return bridge_->Finish(call_, status, started_);
  }

 private:
  const SteadyTime started_ = std::chrono::steady_clock::now();
  const std::shared_ptr<BridgeState> bridge_;
  CallContext call_;
  const absl::Status admitted_;
};

template <class Request, class Reply, class Handler>
class UnaryCall;
template <class Request, class Reply, class Handler>
class ServerStreamCall;
template <class Request, class Reply, class Handler>
class ClientStreamCall;

}  // namespace internal

// The messages of a client stream:
//
//   while (std::optional<Chunk> chunk = co_await reader.Read()) { … }
//
// nullopt comes at the end of the stream, and also when the call is cancelled;
// IsCancelled() may become true only a moment later. So the end of a stream
// does not prove that everything came: compare with a size or a hash that the
// protocol carries. One Read at a time; gRPC's flow control holds the client
// back while nobody reads.
template <class Request>
class Reader {
 public:
  class Operation {
   public:
    explicit Operation(Reader* reader) : reader_(reader) {}
    bool await_ready() const {
      return reader_->ended_ || reader_->call_->call().IsCancelled();
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      reader_->waiting_ = waiting;
      reader_->reactor_->StartRead(&reader_->message_.emplace());
    }
    std::optional<Request> await_resume() {
      return std::exchange(reader_->message_, std::nullopt);
    }

   private:
    Reader* const reader_;
  };

  Reader(internal::CallState* call, grpc::ServerReadReactor<Request>* reactor)
      : call_(call), reactor_(reactor) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] Operation Read() { return Operation(this); }

 private:
  template <class, class, class>
  friend class internal::ClientStreamCall;

  void OnReadDone(bool ok) {
    if (!ok) {
      ended_ = true;
      message_.reset();
    }
    call_->bridge().Run([waiting = waiting_] { waiting.resume(); });
  }

  internal::CallState* const call_;
  grpc::ServerReadReactor<Request>* const reactor_;
  std::optional<Request> message_;
  std::coroutine_handle<> waiting_;
  bool ended_ = false;
};

// The messages of a server stream:
//
//   OPCON_SNOW_CO_RETURN_IF_ERROR(co_await writer.Write(std::move(chunk)));
//
// A Write is over when gRPC's flow control has taken the message: a slow
// client slows the coroutine. CANCELLED or DEADLINE_EXCEEDED once the call is
// cancelled. One Write at a time.
template <class Reply>
class Writer {
 public:
  class Operation {
   public:
    Operation(Writer* writer, const Reply& message)
        : writer_(writer), message_(message) {}
    Operation(Writer* writer, Reply&& message)
        : writer_(writer), message_(std::move(message)) {}
    bool await_ready() const { return writer_->call_->call().IsCancelled(); }
    void await_suspend(std::coroutine_handle<> waiting) {
      writer_->waiting_ = waiting;
      writer_->reactor_->StartWrite(&message_);
    }
    absl::Status await_resume() const {
      return writer_->call_->call().CheckCancelled();
    }

   private:
    Writer* const writer_;
    const Reply message_;
  };

  Writer(internal::CallState* call, grpc::ServerWriteReactor<Reply>* reactor)
      : call_(call), reactor_(reactor) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Not by value: GCC 12 destroys such arguments of awaited calls twice.
  [[nodiscard]] Operation Write(const Reply& message) {
    return Operation(this, message);
  }
  [[nodiscard]] Operation Write(Reply&& message) {
    return Operation(this, std::move(message));
  }

 private:
  template <class, class, class>
  friend class internal::ServerStreamCall;

  void OnWriteDone(bool ok) {
    // A write fails only because the call is over, which OnCancel may tell
    // later than this.
    if (!ok) call_->call().Cancel();
    call_->bridge().Run([waiting = waiting_] { waiting.resume(); });
  }

  internal::CallState* const call_;
  grpc::ServerWriteReactor<Reply>* const reactor_;
  std::coroutine_handle<> waiting_;
};

namespace internal {

// The three reactors delete themselves in OnDone, which gRPC calls once, after
// Finish and after every other reaction. Nothing may touch them after Finish.

template <class Request, class Reply, class Handler>
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(std::shared_ptr<BridgeState> bridge,
            grpc::CallbackServerContext* context, const Request* request,
            Reply* reply, Handler handler)
      : state_(std::move(bridge), context, Request::descriptor()),
        request_(request),
        reply_(reply),
        handler_(std::move(handler)) {}

  void Begin() {
    if (!state_.admitted().ok()) {
      Finish(state_.Finish(state_.admitted()));
      return;
    }
    state_.bridge().Run([this] { Run(this); });
  }
  void OnCancel() override { state_.call().Cancel(); }
  void OnDone() override { delete this; }

 private:
  static Detached Run(UnaryCall* self) {
    absl::StatusOr<Reply> result = absl::UnknownError("no result");
    try {
      result = co_await self->handler_(self->state_.call(), *self->request_);
    } catch (...) {
      result = StatusOfCurrentException();
    }
    const absl::Status status = result.status();
    if (status.ok()) *self->reply_ = *std::move(result);
    self->Finish(self->state_.Finish(status));
  }

  CallState state_;
  const Request* const request_;
  Reply* const reply_;
  Handler handler_;
};

template <class Request, class Reply, class Handler>
class ServerStreamCall final : public grpc::ServerWriteReactor<Reply> {
 public:
  ServerStreamCall(std::shared_ptr<BridgeState> bridge,
                   grpc::CallbackServerContext* context, const Request* request,
                   Handler handler)
      : state_(std::move(bridge), context, Request::descriptor()),
        request_(request),
        handler_(std::move(handler)),
        writer_(&state_, this) {}

  void Begin() {
    if (!state_.admitted().ok()) {
      this->Finish(state_.Finish(state_.admitted()));
      return;
    }
    state_.bridge().Run([this] { Run(this); });
  }
  void OnWriteDone(bool ok) override { writer_.OnWriteDone(ok); }
  void OnCancel() override { state_.call().Cancel(); }
  void OnDone() override { delete this; }

 private:
  static Detached Run(ServerStreamCall* self) {
    absl::Status result;
    try {
      result = co_await self->handler_(self->state_.call(), *self->request_,
                                       self->writer_);
    } catch (...) {
      result = StatusOfCurrentException();
    }
    self->Finish(self->state_.Finish(result));
  }

  CallState state_;
  const Request* const request_;
  Handler handler_;
  Writer<Reply> writer_;
};

template <class Request, class Reply, class Handler>
class ClientStreamCall final : public grpc::ServerReadReactor<Request> {
 public:
  ClientStreamCall(std::shared_ptr<BridgeState> bridge,
                   grpc::CallbackServerContext* context, Reply* reply,
                   Handler handler)
      : state_(std::move(bridge), context, Request::descriptor()),
        reply_(reply),
        handler_(std::move(handler)),
        reader_(&state_, this) {}

  void Begin() {
    if (!state_.admitted().ok()) {
      this->Finish(state_.Finish(state_.admitted()));
      return;
    }
    state_.bridge().Run([this] { Run(this); });
  }
  void OnReadDone(bool ok) override { reader_.OnReadDone(ok); }
  void OnCancel() override { state_.call().Cancel(); }
  void OnDone() override { delete this; }

 private:
  static Detached Run(ClientStreamCall* self) {
    absl::StatusOr<Reply> result = absl::UnknownError("no result");
    try {
      result = co_await self->handler_(self->state_.call(), self->reader_);
    } catch (...) {
      result = StatusOfCurrentException();
    }
    const absl::Status status = result.status();
    if (status.ok()) *self->reply_ = *std::move(result);
    self->Finish(self->state_.Finish(status));
  }

  CallState state_;
  Reply* const reply_;
  Handler handler_;
  Reader<Request> reader_;
};

}  // namespace internal

// Starts calls. One per service; all methods from any thread.
class Bridge {
 public:
  explicit Bridge(BridgeOptions options)
      : state_(std::make_shared<internal::BridgeState>(std::move(options))) {}
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // handler(CallContext&, const Request&)
  //     -> awaitable of absl::StatusOr<Reply>
  template <class Request, class Reply, class Handler>
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  const Request* request, Reply* reply,
                                  Handler handler) {
    // gRPC binds the reactor only when the method has returned it, so OnDone
    // cannot come earlier, however fast the coroutine is.
    auto* call = new internal::UnaryCall<Request, Reply, Handler>(
        state_, context, request, reply, std::move(handler));
    call->Begin();
    return call;
  }

  // handler(CallContext&, const Request&, Writer<Reply>&)
  //     -> awaitable of absl::Status
  template <class Reply, class Request, class Handler>
  grpc::ServerWriteReactor<Reply>* ServerStream(
      grpc::CallbackServerContext* context, const Request* request,
      Handler handler) {
    auto* call = new internal::ServerStreamCall<Request, Reply, Handler>(
        state_, context, request, std::move(handler));
    call->Begin();
    return call;
  }

  // handler(CallContext&, Reader<Request>&)
  //     -> awaitable of absl::StatusOr<Reply>
  template <class Request, class Reply, class Handler>
  grpc::ServerReadReactor<Request>* ClientStream(
      grpc::CallbackServerContext* context, Reply* reply, Handler handler) {
    auto* call = new internal::ClientStreamCall<Request, Reply, Handler>(
        state_, context, reply, std::move(handler));
    call->Begin();
    return call;
  }

  // From now on each call is let in by `authorizer` or refused, before anything
  // is done for it. Not while calls are under way; the server does it.
  void Guard(std::shared_ptr<const auth::Authorizer> authorizer) {
    state_->Guard(std::move(authorizer));
  }
  // Tells all calls, present and future, by their drain_token(). The server
  // does it.
  void BeginDrain() { state_->BeginDrain(); }
  int active_calls() const { return state_->active_calls(); }
  // Waits until no call is left; false after `limit`.
  bool AwaitIdle(absl::Duration limit) { return state_->AwaitIdle(limit); }

 private:
  // Shared with the calls, which may outlive the bridge.
  const std::shared_ptr<internal::BridgeState> state_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_REACTOR_H_
