#ifndef OPCON_SNOW_SNOW_GATEWAY_CONFIG_CHECK_H_
#define OPCON_SNOW_SNOW_GATEWAY_CONFIG_CHECK_H_

#include "common/config/fault.h"
#include "config/v1/snow_gateway.pb.h"

namespace opcon_snow::snow {

// Adds every fault that the schema cannot express. Reads no file.
void CheckConfig(const ::config::v1::SnowGatewayConfig& written,
                 config::Faults* faults);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_CONFIG_CHECK_H_
