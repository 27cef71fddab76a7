#ifndef OPCON_SNOW_COMMON_RPC_SERVER_CONFIG_H_
#define OPCON_SNOW_COMMON_RPC_SERVER_CONFIG_H_

// From the configuration's Listener to ServerOptions.

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/rpc/server.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::rpc {

// Adds the faults of `listener`; `field` is its path, "listener".
void ValidateListener(const ::config::v1::Listener& listener,
                      absl::string_view field, config::Faults* faults);

// For a listener without fault. The limit of calls is a bridge's, see
// MaxConcurrentCalls.
ServerOptions ServerOptionsFrom(const ::config::v1::Listener& listener);

// For BridgeOptions::max_active_calls.
int MaxConcurrentCalls(const ::config::v1::Listener& listener);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_SERVER_CONFIG_H_
