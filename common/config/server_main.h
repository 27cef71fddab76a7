#ifndef OPCON_SNOW_COMMON_CONFIG_SERVER_MAIN_H_
#define OPCON_SNOW_COMMON_CONFIG_SERVER_MAIN_H_

// The main function of every server:
//
//   int main(int argc, char** argv) {
//     return opcon_snow::config::RunServerMain(
//         argc, argv,
//         opcon_snow::config::MakeServerSpec<::config::v1::OpConGatewayConfig>(
//             "opcon_gateway", kVersion, "gRPC gateway to OpCon",
//             &opcon_snow::opcon::ValidateConfig,
//             &opcon_snow::opcon::MakeApplication));
//   }
//
// Steps: flags (exit 64), configuration and the files that it names (exit 78
// with every fault on stderr), log level, build (exit 78 if the error is about
// the configuration, else 69), Start (exit 69), port file, wait for signals,
// Stop, exit 0. --check-config and --show-config end after build, or before it
// where building takes hold of something; --health ends after the flags: it
// only asks another process (exit 0 or 69; 78 if the configuration does not say
// where that is). SIGTERM and SIGINT stop, a second one
// during Stop is ignored; SIGHUP reads the configuration and the files again,
// and if they have no fault passes it to Reload. All three are blocked in
// every thread and taken with sigwait by the main thread, so that nothing ever
// runs inside a signal handler. SIGPIPE is ignored.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "google/protobuf/message.h"

namespace config::v1 {
class Listener;
class Telemetry;
}  // namespace config::v1

namespace opcon_snow::config {

// A server process's object graph. Methods are called by one thread.
class Application {
 public:
  virtual ~Application() = default;

  // Begins to serve; calls are accepted when it returns. Gives the bound ports
  // by name: {"grpc", 50051}, {"http", 8080}.
  virtual absl::StatusOr<std::map<std::string, int>> Start() = 0;

  // Takes over a configuration that has passed validation; its type is the
  // spec's. An error means that nothing has changed. What cannot be taken over
  // while the process runs is told by TellNextStart (next_start.h), and is no
  // error.
  virtual absl::Status Reload(const google::protobuf::Message& config) = 0;

  // Drains and stops, in bounded time. An error means that something still
  // runs: the process then exits with 70 at once, without destructors.
  virtual absl::Status Stop() = 0;
};

struct ServerSpec {
  std::string name;
  std::string version;
  std::string description;
  // An empty configuration.
  std::function<std::unique_ptr<google::protobuf::Message>()> new_config;
  // Adds what the schema cannot say: required fields, ranges, contradictions.
  std::function<void(const google::protobuf::Message&, Faults*)> validate;
  // What a configuration without fault comes to, with what it takes from other
  // files; for --show-config. Empty: the configuration itself.
  std::function<std::unique_ptr<google::protobuf::Message>(
      const google::protobuf::Message&)>
      effective;
  // Builds without starting. Files that the configuration names are read here.
  std::function<absl::StatusOr<std::unique_ptr<Application>>(
      const google::protobuf::Message&)>
      build;
  // False where building takes hold of what a running process has, such as a
  // store, or changes it: then --check-config and --show-config do not build,
  // and `validate` has to find what building would.
  bool check_builds = true;
  // Where a configuration has its gRPC listener, for --health; empty if it has
  // none.
  std::function<const ::config::v1::Listener&(const google::protobuf::Message&)>
      listener;
  // The config.v1.LogLevel in a configuration; empty if it has none.
  std::function<int(const google::protobuf::Message&)> log_level;
  // The config.v1.Telemetry in a configuration, of which the part about traces
  // is checked and done by RunServerMain; empty if it has none.
  std::function<const ::config::v1::Telemetry&(
      const google::protobuf::Message&)>
      telemetry;
};

template <class Config>
ServerSpec MakeServerSpec(
    absl::string_view name, absl::string_view version,
    absl::string_view description,
    std::function<void(const Config&, Faults*)> validate,
    std::function<absl::StatusOr<std::unique_ptr<Application>>(const Config&)>
        build) {
  ServerSpec spec;
  spec.name = std::string(name);
  spec.version = std::string(version);
  spec.description = std::string(description);
  spec.new_config = [] { return std::make_unique<Config>(); };
  spec.validate = [validate = std::move(validate)](
                      const google::protobuf::Message& config, Faults* faults) {
    validate(static_cast<const Config&>(config), faults);
  };
  spec.build = [build =
                    std::move(build)](const google::protobuf::Message& config) {
    return build(static_cast<const Config&>(config));
  };
  if constexpr (requires(const Config& config) { config.listener(); }) {
    spec.listener = [](const google::protobuf::Message& config)
        -> const ::config::v1::Listener& {
      return static_cast<const Config&>(config).listener();
    };
  }
  if constexpr (requires(const Config& config) { config.logging().level(); }) {
    spec.log_level = [](const google::protobuf::Message& config) {
      return static_cast<int>(
          static_cast<const Config&>(config).logging().level());
    };
  }
  if constexpr (requires(const Config& config) { config.telemetry(); }) {
    spec.telemetry = [](const google::protobuf::Message& config)
        -> const ::config::v1::Telemetry& {
      return static_cast<const Config&>(config).telemetry();
    };
  }
  return spec;
}

// Returns the exit code.
int RunServerMain(int argc, const char* const* argv, const ServerSpec& spec);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_SERVER_MAIN_H_
