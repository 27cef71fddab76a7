#ifndef OPCON_SNOW_CLI_COMMAND_CONTEXT_H_
#define OPCON_SNOW_CLI_COMMAND_CONTEXT_H_

// What the commands other than `report` have in common.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/settings.h"
#include "cli/spool.h"
#include "common/rpc/call.h"
#include "google/protobuf/message.h"

namespace opcon_snow::cli {

class CommandContext {
 public:
  CommandContext(const Environment& environment, Settings settings);

  const Environment& environment() const { return environment_; }
  const Settings& settings() const { return settings_; }
  Console& console() const { return *environment_.console; }
  bool json() const { return settings_.output == Output::kJson; }

  // The service; connects with the first call.
  absl::StatusOr<Stub*> Service();

  template <class Interface, class Request, class Reply>
  absl::StatusOr<Reply> Call(grpc::Status (Interface::*method)(
                                 grpc::ClientContext*, const Request&, Reply*),
                             const Request& request) {
    absl::StatusOr<Stub*> service = Service();
    if (!service.ok()) return service.status();
    return rpc::Call(**service, method, request,
                     {.timeout = settings_.timeout});
  }

  // Says what failed; returns the exit code for it.
  int Fail(const absl::Status& status) const;

  // Prints a reply as JSON.
  int PrintJson(const google::protobuf::Message& reply) const;

  // The spool, if it is switched on and its folder known.
  absl::StatusOr<Spool> OpenSpool() const;

 private:
  const Environment& environment_;
  Settings settings_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_COMMAND_CONTEXT_H_
