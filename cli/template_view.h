#ifndef OPCON_SNOW_CLI_TEMPLATE_VIEW_H_
#define OPCON_SNOW_CLI_TEMPLATE_VIEW_H_

// Templates for people: remarks on them, and what they would send.

#include <string>

#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {

// "basic.json:3:5: warning: rules.x: message; mend". Control characters in it
// are replaced.
std::string RemarkLine(const std::string& file,
                       const ::incident::v1::Diagnostic& remark);

// What would be sent, field by field, and why.
std::string PreviewText(const ::incident::v1::RenderTemplateResponse& preview);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TEMPLATE_VIEW_H_
