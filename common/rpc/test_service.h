#ifndef OPCON_SNOW_COMMON_RPC_TEST_SERVICE_H_
#define OPCON_SNOW_COMMON_RPC_TEST_SERVICE_H_

// A service over a Bridge whose handlers each test brings along, and a thread
// to run coroutines on. Tests only. It borrows a real contract with a unary, a
// server-streaming and a client-streaming method.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/rpc/call_context.h"
#include "common/rpc/reactor.h"
#include "common/rpc/server.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"

namespace opcon_snow::rpc {

using ::servicenow::v1::AttachFileRequest;
using ::servicenow::v1::AttachFileResponse;
using ::servicenow::v1::GetIncidentRequest;
using ::servicenow::v1::GetIncidentResponse;
using ::servicenow::v1::ReadAttachmentRequest;
using ::servicenow::v1::ReadAttachmentResponse;
using ::servicenow::v1::ServiceNowGateway;

// One thread that runs functions in the order they come.
class TestLoop {
 public:
  TestLoop() : thread_([this] { Run(); }) {}
  ~TestLoop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  void Post(std::function<void()> function) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      functions_.push_back(std::move(function));
    }
    changed_.notify_all();
  }
  Executor executor() {
    return
        [this](std::function<void()> function) { Post(std::move(function)); };
  }
  bool InLoopThread() const {
    return std::this_thread::get_id() == thread_.get_id();
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !functions_.empty(); });
      if (functions_.empty()) return;
      const std::function<void()> function = std::move(functions_.front());
      functions_.pop_front();
      lock.unlock();
      function();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> functions_;
  bool stopping_ = false;
  std::thread thread_;
};

class TestService final : public ServiceNowGateway::CallbackService {
 public:
  using UnaryHandler =
      std::function<async::Task<absl::StatusOr<GetIncidentResponse>>(
          CallContext&, const GetIncidentRequest&)>;
  using ReadHandler = std::function<async::Task<absl::Status>(
      CallContext&, const ReadAttachmentRequest&,
      Writer<ReadAttachmentResponse>&)>;
  using AttachHandler =
      std::function<async::Task<absl::StatusOr<AttachFileResponse>>(
          CallContext&, Reader<AttachFileRequest>&)>;

  explicit TestService(BridgeOptions options) : bridge_(Complete(options)) {}

  Bridge& bridge() { return bridge_; }
  ServedService served() {
    return {ServiceNowGateway::service_full_name(), this, &bridge_};
  }

  // To be set before the server starts.
  UnaryHandler on_get;
  ReadHandler on_read;
  AttachHandler on_attach;

  grpc::ServerUnaryReactor* GetIncident(
      grpc::CallbackServerContext* context, const GetIncidentRequest* request,
      GetIncidentResponse* response) override {
    return bridge_.Unary(
        context, request, response,
        [this](CallContext& call, const GetIncidentRequest& get) {
          return on_get(call, get);
        });
  }
  grpc::ServerWriteReactor<ReadAttachmentResponse>* ReadAttachment(
      grpc::CallbackServerContext* context,
      const ReadAttachmentRequest* request) override {
    return bridge_.ServerStream<ReadAttachmentResponse>(
        context, request,
        [this](CallContext& call, const ReadAttachmentRequest& read,
               Writer<ReadAttachmentResponse>& writer) {
          return on_read(call, read, writer);
        });
  }
  grpc::ServerReadReactor<AttachFileRequest>* AttachFile(
      grpc::CallbackServerContext* context,
      AttachFileResponse* response) override {
    return bridge_.ClientStream<AttachFileRequest>(
        context, response,
        [this](CallContext& call, Reader<AttachFileRequest>& reader) {
          return on_attach(call, reader);
        });
  }

 private:
  static BridgeOptions Complete(BridgeOptions options) {
    options.domain = "test.opcon-snow";
    options.service = ServiceNowGateway::service_full_name();
    return options;
  }

  Bridge bridge_;
};

// Whether `holds` becomes true within a time that only a failure needs.
inline bool Eventually(const std::function<bool()>& holds) {
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (!holds()) {
    if (absl::Now() > give_up) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_TEST_SERVICE_H_
