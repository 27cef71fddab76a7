#include "cli/command_context.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "cli/verdict.h"

namespace opcon_snow::cli {

CommandContext::CommandContext(const Environment& environment,
                               Settings settings)
    : environment_(environment), settings_(std::move(settings)) {}

absl::StatusOr<Stub*> CommandContext::Service() {
  if (stub_ == nullptr) {
    absl::StatusOr<std::unique_ptr<Stub>> stub = Connect(settings_);
    if (!stub.ok()) return stub.status();
    stub_ = *std::move(stub);
  }
  return stub_.get();
}

int CommandContext::Fail(const absl::Status& status) const {
  if (stub_ == nullptr) {
    // No call was made: a certificate or token cannot be read.
    console().Error(status.message());
    return kExitConfig;
  }
  console().Error(
      Describe(status, settings_.server.address(), settings_.server_origin));
  return ExitCodeFor(status);
}

int CommandContext::PrintJson(const google::protobuf::Message& reply) const {
  console().Out(ToJson(reply));
  return kExitOk;
}

absl::StatusOr<Spool> CommandContext::OpenSpool() const {
  const std::string obstacle = SpoolObstacle(settings_);
  if (!obstacle.empty()) return absl::FailedPreconditionError(obstacle);
  return Spool({settings_.spool_directory, settings_.spool_max_entries},
               environment_.files);
}

}  // namespace opcon_snow::cli
