#ifndef OPCON_SNOW_COMMON_INCUMBENT_DIRECTORY_H_
#define OPCON_SNOW_COMMON_INCUMBENT_DIRECTORY_H_

// The folder of the incumbent connector, as it lies on its machine:
// Connector.config, and the templates below it.

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/config/fault.h"
#include "common/config/secret.h"
#include "common/incumbent/connector_config.h"
#include "common/incumbent/remark.h"
#include "common/incumbent/template_file.h"
#include "config/v1/opcon_gateway.pb.h"
#include "config/v1/snow_gateway.pb.h"

namespace opcon_snow::incumbent {

struct DirectoryTemplate {
  std::string file_name;  // `basic.json`
  std::string path;
  std::string text;
  TemplateFile content;
  Remarks remarks;
};

struct Directory {
  std::string config_path;
  ConnectorConfig config;
  Remarks config_remarks;
  std::vector<DirectoryTemplate> templates;  // by file name
};

// Largest file that is read, and how many.
inline constexpr std::size_t kMaxFileBytes = std::size_t{512} << 10;
inline constexpr std::size_t kMaxTemplates = 1000;

// Reads all that is there. What cannot be read is a fault of `field`; what is
// wrong inside the files is in the remarks, and their errors are faults of
// those files, merged into `faults`.
Directory ReadDirectory(const std::string& path, const std::string& field,
                        config::Faults* faults);

// The instances that the folder stands for, each under the entry of the same
// name in `config` if there is one. `passwords` of the instances by name: where
// the file stands for them, not the entry.
struct ServiceNowLogins {
  std::map<std::string, config::Secret> passwords;
};
::config::v1::SnowGatewayConfig WithIncumbent(
    const ::config::v1::SnowGatewayConfig& config, ServiceNowLogins* logins,
    config::Faults* faults);

// The same for OpCon. `token_file` is the path of Connector.config if its token
// is used, and empty otherwise; ReadToken reads it.
::config::v1::OpConGatewayConfig WithIncumbent(
    const ::config::v1::OpConGatewayConfig& config, std::string* token_file,
    config::Faults* faults);
absl::StatusOr<config::Secret> ReadToken(const std::string& connector_config);
// The password in a template of the connector.
absl::StatusOr<config::Secret> ReadPassword(const std::string& template_file);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_DIRECTORY_H_
