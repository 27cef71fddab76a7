#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_LIBRARY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_LIBRARY_H_

// The templates of a configuration: those that stand in it, in files beside it,
// and in the files of the incumbent connector.

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/incumbent/remark.h"
#include "config/v1/incident_service.pb.h"
#include "incident/v1/template.pb.h"
#include "incident_service/templates/template_set.h"

namespace opcon_snow::incident {

// Reads all files anew. Null, with every fault of every file in `faults`, if
// there is any.
std::shared_ptr<const TemplateSet> LoadTemplates(
    const ::config::v1::IncidentServiceConfig& config, absl::Time now,
    config::Faults* faults);

// What is wrong with a text, and what it became.
struct CheckedTemplate {
  std::shared_ptr<const Template> compiled;  // null with any error
  ::incident::v1::TemplateFormat format =
      ::incident::v1::TEMPLATE_FORMAT_UNSPECIFIED;
  std::vector<::incident::v1::Diagnostic> diagnostics;  // by line
  ::config::v1::Template config;
};

// Checks a template that is not loaded. `name` is what its file is called; what
// it inherits is taken from `loaded`. With format UNSPECIFIED a text that
// begins with `{` is the incumbent's.
CheckedTemplate CheckTemplate(const std::string& text,
                              ::incident::v1::TemplateFormat format,
                              const std::string& name,
                              const TemplateSet& loaded);

::incident::v1::Diagnostic DiagnosticFrom(const incumbent::Remark& remark);
::incident::v1::Diagnostic DiagnosticFrom(const config::Fault& fault);

// The name of a template whose file does not say it: `payroll` of
// `payroll.yaml`.
std::string TemplateNameOf(const std::string& file_name);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_LIBRARY_H_
