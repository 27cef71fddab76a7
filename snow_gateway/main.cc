// snow_gateway: the gRPC gateway to ServiceNow.

#include <memory>

#include "common/config/server_main.h"
#include "common/incumbent/directory.h"
#include "common/version/version.h"
#include "config/v1/snow_gateway.pb.h"
#include "snow_gateway/application.h"
#include "snow_gateway/config_check.h"

int main(int argc, char** argv) {
  using ::config::v1::SnowGatewayConfig;
  opcon_snow::config::ServerSpec spec =
      opcon_snow::config::MakeServerSpec<SnowGatewayConfig>(
          "snow_gateway", opcon_snow::kVersion,
          "gRPC gateway to the REST APIs of ServiceNow.",
          &opcon_snow::snow::CheckConfig, &opcon_snow::snow::MakeApplication);
  spec.effective = [](const google::protobuf::Message& config) {
    opcon_snow::incumbent::ServiceNowLogins logins;
    opcon_snow::config::Faults faults;
    return std::make_unique<SnowGatewayConfig>(
        opcon_snow::incumbent::WithIncumbent(
            static_cast<const SnowGatewayConfig&>(config), &logins, &faults));
  };
  return opcon_snow::config::RunServerMain(argc, argv, spec);
}
