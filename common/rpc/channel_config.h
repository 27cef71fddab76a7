#ifndef OPCON_SNOW_COMMON_RPC_CHANNEL_CONFIG_H_
#define OPCON_SNOW_COMMON_RPC_CHANNEL_CONFIG_H_

// From the configuration's Channel to ChannelOptions. Portable.

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/rpc/channel.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::rpc {

// Adds the faults of `channel`; `field` is its path, "opcon_gateway".
void ValidateChannel(const ::config::v1::Channel& channel,
                     absl::string_view field, config::Faults* faults);

// For a channel without fault.
ChannelOptions ChannelOptionsFrom(const ::config::v1::Channel& channel);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_CHANNEL_CONFIG_H_
