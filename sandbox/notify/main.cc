// notification_manager: runs a command for each notification of an
// opcon_sandbox, as OpCon's Notification Manager does on its server.

#include <pthread.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "common/clock/clock.h"
#include "common/http/curl_transport.h"
#include "common/log/log.h"
#include "sandbox/notify/manager.h"
#include "sandbox/notify/notification_source.h"
#include "sandbox/notify/run_log.h"
#include "sandbox/notify/settings.h"

namespace opcon_snow::sandbox::notify {
namespace {

constexpr int kConfigurationExit = 78;

absl::Status Serve(const Settings& settings, const std::stop_token& stop) {
  auto log = RunLog::Open(settings.log_file);
  if (!log.ok()) return log.status();
  auto loop = http::CurlLoop::Create({});
  if (!loop.ok()) return loop.status();
  http::CurlTransportOptions options;
  options.ca_file = settings.ca_file;
  options.allow_http = absl::StartsWithIgnoreCase(settings.opcon, "http://");
  auto transport = http::CurlTransport::Create(loop->get(), options);
  if (!transport.ok()) return transport.status();
  HttpNotificationSource source(transport->get(), settings.opcon);
  Manager manager(settings, &source, log->get(), RealClock::Get());
  return manager.Run(stop);
}

int Run(const Settings& settings) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source stop;
  std::thread watcher([&signals, &stop] {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
  });
  const absl::Status status = Serve(settings, stop.get_token());
  // Ends the watcher if no signal has come.
  pthread_kill(watcher.native_handle(), SIGTERM);
  watcher.join();
  if (status.ok()) return 0;
  std::cerr << "notification_manager: " << status.message() << '\n';
  return 1;
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify

int main(int argc, char** argv) {
  namespace notify = opcon_snow::sandbox::notify;
  CLI::App app("Runs a command for each notification of an OpCon sandbox");
  notify::Flags flags;
  notify::AddFlags(app, &flags);
  CLI11_PARSE(app, argc, argv);
  opcon_snow::log::SetProcessName("notification_manager");
  const absl::StatusOr<notify::Settings> settings = notify::ToSettings(flags);
  if (!settings.ok()) {
    std::cerr << "notification_manager: " << settings.status().message()
              << '\n';
    return notify::kConfigurationExit;
  }
  return notify::Run(*settings);
}
