// A server without anything to serve, for server_main_test. What it does wrong
// is said by default_instance_name in its configuration.

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/config/fault.h"
#include "common/config/next_start.h"
#include "common/config/server_main.h"
#include "common/config/validate.h"
#include "common/log/log.h"
#include "config/v1/opcon_gateway.pb.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {
namespace {

using ::config::v1::OpConGatewayConfig;

void Validate(const OpConGatewayConfig& config, Faults* faults) {
  CheckRequired("listener.address", config.listener().address(), faults);
}

class TestApplication final : public Application {
 public:
  explicit TestApplication(const OpConGatewayConfig& config)
      : running_(config), behaviour_(config.default_instance_name()) {}
  ~TestApplication() override { log::Info("test.destroyed"); }

  absl::StatusOr<std::map<std::string, int>> Start() override {
    if (behaviour_ == "fail-start") {
      return absl::UnavailableError("cannot bind");
    }
    log::Debug("test.debug");
    return std::map<std::string, int>{{"grpc", 1234}};
  }

  absl::Status Reload(const google::protobuf::Message& message) override {
    const auto& config = static_cast<const OpConGatewayConfig&>(message);
    if (config.default_instance_name() == "fail-reload") {
      return absl::InvalidArgumentError("not this");
    }
    TellNextStart(running_, config, {"default_instance_name", "logging"});
    log::Info("test.reloaded", {{"name", config.default_instance_name()}});
    return absl::OkStatus();
  }

  absl::Status Stop() override {
    log::Info("test.stopped");
    return behaviour_ == "fail-stop" ? absl::DeadlineExceededError("hangs")
                                     : absl::OkStatus();
  }

 private:
  const OpConGatewayConfig running_;
  const std::string behaviour_;
};

absl::StatusOr<std::unique_ptr<Application>> Build(
    const OpConGatewayConfig& config) {
  if (config.default_instance_name() == "fail-build") {
    return absl::NotFoundError("no such token file");
  }
  if (config.default_instance_name() == "fail-build-later") {
    return absl::UnavailableError("not now");
  }
  return std::make_unique<TestApplication>(config);
}

}  // namespace
}  // namespace opcon_snow::config

int main(int argc, char** argv) {
  opcon_snow::config::ServerSpec spec =
      opcon_snow::config::MakeServerSpec<::config::v1::OpConGatewayConfig>(
          "test_server", "1.2.3", "serves nothing",
          &opcon_snow::config::Validate, &opcon_snow::config::Build);
  spec.check_builds = std::getenv("TEST_BUILD_TAKES_HOLD") == nullptr;
  return opcon_snow::config::RunServerMain(argc, argv, spec);
}
