#ifndef OPCON_SNOW_OPCON_GATEWAY_CONFIG_VALIDATION_H_
#define OPCON_SNOW_OPCON_GATEWAY_CONFIG_VALIDATION_H_

#include "common/config/fault.h"
#include "config/v1/opcon_gateway.pb.h"

namespace opcon_snow::opcon {

// Adds every fault of `written` that its schema cannot express: what is
// missing, contradicts itself or is out of range. Touches no file.
void ValidateConfig(const ::config::v1::OpConGatewayConfig& written,
                    config::Faults* faults);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_CONFIG_VALIDATION_H_
