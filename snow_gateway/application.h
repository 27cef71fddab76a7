#ifndef OPCON_SNOW_SNOW_GATEWAY_APPLICATION_H_
#define OPCON_SNOW_SNOW_GATEWAY_APPLICATION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/config/server_main.h"
#include "config/v1/snow_gateway.pb.h"

namespace opcon_snow::snow {

// The object graph of the process, for a configuration without fault: event
// loop, instances, service, server. Reads the files that the configuration
// names; serves once it is started. Its port is called "grpc".
//
// Reload takes over the instances with their credentials and limits. The
// listener cannot change while the process runs.
absl::StatusOr<std::unique_ptr<config::Application>> MakeApplication(
    const ::config::v1::SnowGatewayConfig& config);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_APPLICATION_H_
