// opcon_sandbox: an OpCon that speaks the REST API, for tests and demos.

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/opcon/opcon_flags.h"
#include "sandbox/opcon/opcon_sandbox.h"

namespace opcon_snow::sandbox {
namespace {

// That of a machine whose time of day is another one.
class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(std::function<absl::Time()> now)
      : now_(std::move(now)) {}

  absl::Time Now() const override { return now_(); }
  SteadyTime SteadyNow() const override {
    return RealClock::Get()->SteadyNow();
  }
  bool WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& condition, SteadyTime until,
                 const std::function<bool()>& done) override {
    return RealClock::Get()->WaitUntil(lock, condition, until, done);
  }

 private:
  const std::function<absl::Time()> now_;
};

// Not RunSandbox: readers that wait for notifications must be woken before the
// server stops, and the sandbox's own thread must start with the signals
// blocked.
int Run(SandboxServer::Options server_options,
        const opcon::OpConOptions& options) {
  if (server_options.flags.health) {
    return AskHealth("opcon_sandbox", server_options.flags);
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  ShiftedClock clock(OffsetClock(server_options.flags));
  opcon::OpConSandbox sandbox(options, &clock);
  sandbox.Connect(server_options);
  absl::StatusOr<std::unique_ptr<SandboxServer>> server =
      SandboxServer::Start(std::move(server_options));
  if (!server.ok()) {
    std::cerr << "opcon_sandbox: " << server.status().message() << '\n';
    return 1;
  }
  std::cout << "opcon sandbox on " << (*server)->base_url() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  sandbox.WakeReaders();
  const absl::Status stopped = (*server)->Stop();
  if (stopped.ok()) return 0;
  std::cerr << "opcon_sandbox: " << stopped.message() << '\n';
  return 1;
}

}  // namespace
}  // namespace opcon_snow::sandbox

int main(int argc, char** argv) {
  CLI::App app("An OpCon that speaks the REST API, for tests and demos");
  opcon_snow::sandbox::SandboxServer::Options server;
  opcon_snow::sandbox::opcon::OpConOptions options;
  opcon_snow::sandbox::AddServerFlags(app, &server.flags);
  opcon_snow::sandbox::opcon::AddOpConFlags(app, &options);
  CLI11_PARSE(app, argc, argv);
  return opcon_snow::sandbox::Run(std::move(server), options);
}
