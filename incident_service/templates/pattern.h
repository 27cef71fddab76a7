#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_PATTERN_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_PATTERN_H_

// Regular expressions of templates: RE2, whose time and memory are bounded
// whatever expression and text are.

#include <memory>
#include <string>

#include "common/config/fault.h"
#include "re2/re2.h"

namespace opcon_snow::incident {

// nullptr and a fault at `field` if it is none, or longer than 1000
// characters.
std::shared_ptr<const re2::RE2> CompilePattern(const std::string& pattern,
                                               bool ignore_case,
                                               const std::string& field,
                                               config::Faults* faults);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_PATTERN_H_
