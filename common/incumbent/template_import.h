#ifndef OPCON_SNOW_COMMON_INCUMBENT_TEMPLATE_IMPORT_H_
#define OPCON_SNOW_COMMON_INCUMBENT_TEMPLATE_IMPORT_H_

// From the incumbent connector's templates to this suite's configuration: one
// conversion, for files that are used as they are and for those that people
// convert for good.

#include <string>

#include "absl/strings/string_view.h"
#include "common/incumbent/connector_config.h"
#include "common/incumbent/remark.h"
#include "common/incumbent/template_file.h"
#include "config/v1/snow_gateway.pb.h"
#include "config/v1/template.pb.h"

namespace opcon_snow::incumbent {

// The instance that a template file stands for, in both processes that read
// it: `basic.json` is `basic`, `Prod EU.json` is `prod-eu`.
std::string InstanceName(absl::string_view file_name);

// The template, called as its file is. What each rule became is said in
// `remarks`.
::config::v1::Template NativeTemplate(const TemplateFile& file,
                                      const std::string& file_name,
                                      Remarks* remarks);

// The instance of snow_gateway. Its password is not in it: `path`, the
// template's own, stands where the file with the password is named.
::config::v1::ServiceNowInstance ServiceNowInstanceFrom(
    const TemplateFile& file, const std::string& file_name,
    const std::string& path, const ConnectorConfig& connector,
    Remarks* remarks);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_TEMPLATE_IMPORT_H_
