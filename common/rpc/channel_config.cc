#include "common/rpc/channel_config.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/config/validate.h"
#include "common/rpc/address.h"
#include "common/rpc/channel.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::rpc {

void ValidateChannel(const ::config::v1::Channel& channel,
                     absl::string_view field, config::Faults* faults) {
  const std::string address = config::FieldPath(field, "address");
  config::CheckRequired(address, channel.address(), faults);
  if (!channel.address().empty()) {
    const absl::StatusOr<HostPort> parsed = ParseHostPort(channel.address());
    if (!parsed.ok()) {
      faults->Add(address, parsed.status().message());
    } else if (parsed->port == 0) {
      faults->Add(address, "port 0 cannot be called");
    } else if (!channel.has_tls() && !IsLoopbackHost(parsed->host)) {
      faults->Add(address,
                  "this address is not this machine, so calling it needs tls "
                  "(\"tls: {}\" trusts the system's authorities)");
    }
  }
  if (channel.tls().certificate_file().empty() !=
      channel.tls().key_file().empty()) {
    faults->Add(config::FieldPath(field, "tls"),
                "certificate_file and key_file go together: set both or "
                "neither");
  }
}

ChannelOptions ChannelOptionsFrom(const ::config::v1::Channel& channel) {
  ChannelOptions options;
  options.target = channel.address();
  options.use_tls = channel.has_tls();
  options.tls.ca_file = channel.tls().ca_file();
  options.tls.certificate_file = channel.tls().certificate_file();
  options.tls.private_key_file = channel.tls().key_file();
  return options;
}

}  // namespace opcon_snow::rpc
