// opcon_gateway: the gRPC gateway to OpCon.

#include "common/config/server_main.h"
#include "common/version/version.h"
#include "config/v1/opcon_gateway.pb.h"
#include "opcon_gateway/application.h"
#include "opcon_gateway/config_validation.h"

int main(int argc, char** argv) {
  using ::config::v1::OpConGatewayConfig;
  return opcon_snow::config::RunServerMain(
      argc, argv,
      opcon_snow::config::MakeServerSpec<OpConGatewayConfig>(
          "opcon_gateway", opcon_snow::kVersion,
          "gRPC gateway to the REST API of OpCon.",
          &opcon_snow::opcon::ValidateConfig,
          &opcon_snow::opcon::MakeApplication));
}
