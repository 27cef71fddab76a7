#include "cli/event_engine.h"

#include <grpc/event_engine/event_engine.h>

#include <memory>
#include <mutex>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace opcon_snow::cli {
namespace {

namespace engine = grpc_event_engine::experimental;

// gRPC's own, once there is something to do.
class LateEventEngine final : public engine::EventEngine {
 public:
  absl::StatusOr<std::unique_ptr<Listener>> CreateListener(
      Listener::AcceptCallback on_accept,
      absl::AnyInvocable<void(absl::Status)> on_shutdown,
      const engine::EndpointConfig& config,
      std::unique_ptr<engine::MemoryAllocatorFactory> memory) override {
    return Real().CreateListener(std::move(on_accept), std::move(on_shutdown),
                                 config, std::move(memory));
  }
  ConnectionHandle Connect(OnConnectCallback on_connect,
                           const ResolvedAddress& address,
                           const engine::EndpointConfig& config,
                           engine::MemoryAllocator memory,
                           Duration timeout) override {
    return Real().Connect(std::move(on_connect), address, config,
                          std::move(memory), timeout);
  }
  bool CancelConnect(ConnectionHandle handle) override {
    return Real().CancelConnect(handle);
  }
  bool IsWorkerThread() override { return Real().IsWorkerThread(); }
  std::unique_ptr<DNSResolver> GetDNSResolver(
      const DNSResolver::ResolverOptions& options) override {
    return Real().GetDNSResolver(options);
  }
  void Run(Closure* closure) override { Real().Run(closure); }
  void Run(absl::AnyInvocable<void()> closure) override {
    Real().Run(std::move(closure));
  }
  TaskHandle RunAfter(Duration when, Closure* closure) override {
    return Real().RunAfter(when, closure);
  }
  TaskHandle RunAfter(Duration when,
                      absl::AnyInvocable<void()> closure) override {
    return Real().RunAfter(when, std::move(closure));
  }
  bool Cancel(TaskHandle handle) override { return Real().Cancel(handle); }

 private:
  engine::EventEngine& Real() {
    std::call_once(once_, [this] {
      engine::EventEngineFactoryReset();
      real_ = engine::CreateEventEngine();
    });
    return *real_;
  }

  std::once_flag once_;
  std::shared_ptr<engine::EventEngine> real_;
};

}  // namespace

void StartEventEngineWhenNeeded() {
  engine::SetEventEngineFactory(
      [] { return std::make_unique<LateEventEngine>(); });
}

}  // namespace opcon_snow::cli
