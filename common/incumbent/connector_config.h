#ifndef OPCON_SNOW_COMMON_INCUMBENT_CONNECTOR_CONFIG_H_
#define OPCON_SNOW_COMMON_INCUMBENT_CONNECTOR_CONFIG_H_

// The incumbent connector's Connector.config, an INI file: where OpCon's API
// is, which address of it ServiceNow knows, and the proxy. Its documentation
// describes sections [GENERAL], [PROXY CONNECTION] and [OPCON API CONNECTION].

#include <string>

#include "absl/strings/string_view.h"
#include "common/config/secret.h"
#include "common/incumbent/remark.h"
#include "config/v1/common.pb.h"
#include "config/v1/opcon_gateway.pb.h"

namespace opcon_snow::incumbent {

// Values without the blanks around them, which the documentation's own example
// has.
struct ConnectorConfig {
  // Below the folder of the file, with `/` between its parts.
  std::string templates_directory = "templates";
  bool use_proxy = false;
  std::string proxy_address;
  int proxy_port = 0;
  std::string server;  // of OpCon's API
  int port = 443;
  bool uses_tls = true;
  config::Secret token;
  std::string return_server;  // how ServiceNow knows OpCon; `server` if empty
  int return_port = 0;        // `port` if 0
};

// What cannot be understood is said in `remarks`. Never fails otherwise.
ConnectorConfig ParseConnectorConfig(absl::string_view text, Remarks* remarks);

// The instance of opcon_gateway, named `opcon`. `file` is where the token was
// read.
::config::v1::OpConInstance OpConInstanceFrom(const ConnectorConfig& config,
                                              const std::string& file);

// The proxy on the way to ServiceNow; empty if none is to be used.
::config::v1::Proxy ProxyFrom(const ConnectorConfig& config);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_CONNECTOR_CONFIG_H_
