#include "cli/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/version.h"
#include "common/rpc/channel.h"
#include "common/rpc/channel_config.h"
#include "common/status/status_macros.h"

namespace opcon_snow::cli {

absl::StatusOr<std::unique_ptr<Stub>> Connect(const Settings& settings) {
  rpc::ChannelOptions options = rpc::ChannelOptionsFrom(settings.server);
  options.user_agent = absl::StrCat(kProgram, "/", kVersion);
  OPCON_SNOW_ASSIGN_OR_RETURN(auto channel, rpc::CreateChannel(options));
  return std::unique_ptr<Stub>(
      ::incident::v1::IncidentService::NewStub(std::move(channel)));
}

}  // namespace opcon_snow::cli
