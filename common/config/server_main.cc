#include "common/config/server_main.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/config/flags.h"
#include "common/config/named_files.h"
#include "common/config/port_file.h"
#include "common/config/yaml_loader.h"
#include "common/config/yaml_writer.h"
#include "common/log/log.h"
#include "common/metrics/process_metrics.h"
#include "common/rpc/health_probe.h"
#include "common/trace/export.h"
#include "config/v1/common.pb.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::Message;

// Below the 5 s that the documented probes have.
constexpr absl::Duration kHealthTimeout = absl::Seconds(3);

// The signals that the main thread waits for; blocked before any other thread
// exists, so that every thread inherits that.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      sigaddset(&set_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    // Writing to a connection that the peer has closed is an error, not a
    // reason to die.
    signal(SIGPIPE, SIG_IGN);
  }

  int Wait() const {
    int received = 0;
    while (sigwait(&set_, &received) != 0) {
    }
    return received;
  }

 private:
  sigset_t set_ = {};
};

void Print(std::FILE* stream, const std::string& text) {
  if (std::fputs(text.c_str(), stream) == EOF || std::fflush(stream) != 0) {
    log::Warning("main.cannot_print", {{"reason", std::strerror(errno)}});
  }
}

log::Level LevelOf(int config_level) {
  switch (config_level) {
    case ::config::v1::LOG_LEVEL_DEBUG:
      return log::Level::kDebug;
    case ::config::v1::LOG_LEVEL_WARNING:
      return log::Level::kWarning;
    case ::config::v1::LOG_LEVEL_ERROR:
      return log::Level::kError;
    default:
      return log::Level::kInfo;
  }
}

// Errors that mend only if somebody changes the configuration or a file that
// it names.
bool IsConfigurationError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return true;
    default:
      return false;
  }
}

class Main {
 public:
  Main(const ServerSpec& spec, ServerFlags flags)
      : spec_(spec), flags_(std::move(flags)) {}

  int Run(const Signals& signals);
  // Asks the process that runs with the same flags.
  int AskHealth() const;

 private:
  // Loads and validates; nullptr with all faults in `faults`.
  std::unique_ptr<Message> Load(Faults* faults) const;
  // Prints what was asked for of a configuration without fault.
  int Look(const Message& config) const;
  int StartAndServe(Application& application, const Signals& signals);
  void Reload(Application& application);
  void SetLogLevel(const Message& config) const {
    if (spec_.log_level) log::SetLevel(LevelOf(spec_.log_level(config)));
  }
  int Fail(int exit_code, const std::string& what,
           const absl::Status& status) const {
    log::Error("server.failed", {{"what", what}, {"status", status}});
    return exit_code;
  }

  const ServerSpec& spec_;
  const ServerFlags flags_;
};

std::unique_ptr<Message> Main::Load(Faults* faults) const {
  std::unique_ptr<Message> config = spec_.new_config();
  const absl::Status loaded =
      LoadYamlFile(flags_.config_file, config.get(), faults);
  // A validator may still find more in what could be read.
  const bool is_readable =
      loaded.ok() || loaded.code() == absl::StatusCode::kInvalidArgument;
  if (is_readable && spec_.validate) spec_.validate(*config, faults);
  if (is_readable && spec_.telemetry) {
    trace::ValidateTraces(spec_.telemetry(*config), "telemetry", faults);
  }
  if (is_readable) CheckNamedFiles(*config, faults);
  return faults->empty() ? std::move(config) : nullptr;
}

int Main::Run(const Signals& signals) {
  Faults faults;
  const std::unique_ptr<Message> config = Load(&faults);
  if (config == nullptr) {
    Print(stderr, faults.Format());
    return kExitConfig;
  }
  SetLogLevel(*config);
  const bool looks_only = flags_.check_config || flags_.show_config;
  if (looks_only && !spec_.check_builds) return Look(*config);
  // Before there is any other thread; ends after the application.
  const std::unique_ptr<trace::Export> traces =
      spec_.telemetry && !looks_only
          ? trace::Export::Start(spec_.telemetry(*config), spec_.name,
                                 spec_.version)
          : nullptr;
  absl::StatusOr<std::unique_ptr<Application>> application =
      spec_.build(*config);
  if (!application.ok()) {
    const bool is_config = IsConfigurationError(application.status());
    if (looks_only || is_config) {
      Print(stderr, absl::StrCat(flags_.config_file, ": ",
                                 application.status().message(), "\n"));
      return kExitConfig;
    }
    return Fail(kExitUnavailable, "build", application.status());
  }
  if (looks_only) return Look(*config);
  metrics::ObserveProcess(spec_.name, spec_.version);
  metrics::ObserveCertificates(*config);
  log::Info("server.starting",
            {{"version", spec_.version}, {"config", Redacted(*config)}});
  return StartAndServe(**application, signals);
}

int Main::AskHealth() const {
  // Other faults do not matter: a process that works is not ill because
  // somebody has made a mistake in its file since.
  Faults faults;
  const std::unique_ptr<Message> config = spec_.new_config();
  const absl::Status loaded =
      LoadYamlFile(flags_.config_file, config.get(), &faults);
  if (!spec_.listener || spec_.listener(*config).address().empty()) {
    Print(stderr, loaded.ok()
                      ? absl::StrCat(flags_.config_file,
                                     ": listener.address: is required\n")
                      : faults.Format());
    return kExitConfig;
  }
  absl::StatusOr<int> port = 0;
  if (!flags_.port_file.empty()) {
    port = ReadPortFile(flags_.port_file, "grpc");
  }
  const absl::Status health =
      port.ok()
          ? rpc::ProbeHealth(spec_.listener(*config), *port, kHealthTimeout)
          : port.status();
  if (health.ok()) return kExitOk;
  Print(stderr, absl::StrCat(spec_.name, ": ", health.message(), "\n"));
  return health.code() == absl::StatusCode::kInvalidArgument ? kExitConfig
                                                             : kExitUnavailable;
}

int Main::Look(const Message& config) const {
  if (flags_.show_config) {
    const std::unique_ptr<Message> effective =
        spec_.effective ? spec_.effective(config) : nullptr;
    Print(stdout, ToYaml(*RedactedCopy(effective ? *effective : config)));
  } else {
    Print(stdout, absl::StrCat(flags_.config_file, ": no faults\n"));
  }
  return kExitOk;
}

int Main::StartAndServe(Application& application, const Signals& signals) {
  const absl::StatusOr<std::map<std::string, int>> ports = application.Start();
  if (!ports.ok()) return Fail(kExitUnavailable, "start", ports.status());
  int exit_code = kExitOk;
  if (!flags_.port_file.empty()) {
    const absl::Status written = WritePortFile(flags_.port_file, *ports);
    if (!written.ok()) exit_code = Fail(kExitUnavailable, "port file", written);
  }
  if (exit_code == kExitOk) {
    log::Info(
        "server.started",
        {{"ports", absl::StrJoin(*ports, " ", absl::PairFormatter("="))}});
    int signal = signals.Wait();
    while (signal == SIGHUP) {
      Reload(application);
      signal = signals.Wait();
    }
    log::Info("server.stopping", {{"signal", signal}});
  }
  const absl::Status stopped = application.Stop();
  if (!stopped.ok()) {
    // What still runs may use everything: no destructor may run.
    Fail(kExitSoftware, "stop", stopped);
    _exit(kExitSoftware);
  }
  log::Info("server.stopped");
  return exit_code;
}

void Main::Reload(Application& application) {
  Faults faults;
  const std::unique_ptr<Message> config = Load(&faults);
  if (config == nullptr) {
    metrics::CountReload(false);
    log::Error("config.reload_refused", {{"faults", faults.Format()}});
    return;
  }
  const absl::Status taken = application.Reload(*config);
  metrics::CountReload(taken.ok());
  if (!taken.ok()) {
    log::Error("config.reload_refused", {{"status", taken}});
    return;
  }
  metrics::ObserveCertificates(*config);
  SetLogLevel(*config);
  log::Info("config.reloaded");
}

}  // namespace

int RunServerMain(int argc, const char* const* argv, const ServerSpec& spec) {
  log::SetProcessName(spec.name);
  FlagsResult parsed =
      ParseServerFlags(argc, argv, spec.name, spec.version, spec.description);
  if (!parsed.flags.has_value()) {
    Print(stdout, parsed.out);
    Print(stderr, parsed.error);
    return parsed.exit_code;
  }
  if (parsed.flags->health) {
    return Main(spec, *std::move(parsed.flags)).AskHealth();
  }
  const Signals signals;
  return Main(spec, *std::move(parsed.flags)).Run(signals);
}

}  // namespace opcon_snow::config
