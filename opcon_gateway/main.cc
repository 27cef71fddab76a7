// opcon_gateway: the gRPC gateway to OpCon.

#include <memory>
#include <string>

#include "common/config/server_main.h"
#include "common/incumbent/directory.h"
#include "common/version/version.h"
#include "config/v1/opcon_gateway.pb.h"
#include "opcon_gateway/application.h"
#include "opcon_gateway/config_validation.h"

int main(int argc, char** argv) {
  using ::config::v1::OpConGatewayConfig;
  opcon_snow::config::ServerSpec spec =
      opcon_snow::config::MakeServerSpec<OpConGatewayConfig>(
          "opcon_gateway", opcon_snow::kVersion,
          "gRPC gateway to the REST API of OpCon.",
          &opcon_snow::opcon::ValidateConfig,
          &opcon_snow::opcon::MakeApplication);
  spec.effective = [](const google::protobuf::Message& config) {
    std::string token_file;
    opcon_snow::config::Faults faults;
    return std::make_unique<OpConGatewayConfig>(
        opcon_snow::incumbent::WithIncumbent(
            static_cast<const OpConGatewayConfig&>(config), &token_file,
            &faults));
  };
  return opcon_snow::config::RunServerMain(argc, argv, spec);
}
