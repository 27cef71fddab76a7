#include "cli/client.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/version.h"
#include "common/auth/bearer_token.h"
#include "common/rpc/address.h"
#include "common/rpc/channel.h"
#include "common/rpc/channel_config.h"
#include "common/status/status_macros.h"
#include "grpcpp/channel.h"

namespace opcon_snow::cli {
namespace {

// gRPC starts its resolver of names only for what may be one. That is a part of
// the few milliseconds that a report takes.
std::string TargetOf(const std::string& address) {
  const absl::StatusOr<rpc::HostPort> parsed = rpc::ParseHostPort(address);
  return parsed.ok() && rpc::IsIpv4Address(parsed->host)
             ? absl::StrCat("ipv4:", address)
             : address;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Stub>> Connect(const Settings& settings) {
  rpc::ChannelOptions options = rpc::ChannelOptionsFrom(settings.server);
  options.target = TargetOf(options.target);
  if (!settings.token_file.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string token,
                                auth::ReadTokenFile(settings.token_file));
    options.token = std::make_shared<auth::BearerToken>(std::move(token));
  }
  options.user_agent = absl::StrCat(kProgram, "/", kVersion);
  OPCON_SNOW_ASSIGN_OR_RETURN(auto channel, rpc::CreateChannel(options));
  // Until the next one: with its last channel gRPC would end its threads one by
  // one, which takes longer than the call, and main() leaves without that.
  static auto& kept = *new std::shared_ptr<grpc::Channel>();
  kept = channel;
  return std::unique_ptr<Stub>(
      ::incident::v1::IncidentService::NewStub(std::move(channel)));
}

}  // namespace opcon_snow::cli
