#ifndef OPCON_SNOW_OPCON_GATEWAY_APPLICATION_H_
#define OPCON_SNOW_OPCON_GATEWAY_APPLICATION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/config/server_main.h"
#include "config/v1/opcon_gateway.pb.h"

namespace opcon_snow::opcon {

// The object graph of the process, for a configuration without fault: event
// loop, instances, service, server. Reads the files that the configuration
// names; serves once it is started. Its port is called "grpc".
//
// Reload takes over the instances with their credentials and limits. The
// listener cannot change while the process runs.
absl::StatusOr<std::unique_ptr<config::Application>> MakeApplication(
    const ::config::v1::OpConGatewayConfig& config);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_APPLICATION_H_
