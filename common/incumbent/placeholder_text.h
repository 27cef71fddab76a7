#ifndef OPCON_SNOW_COMMON_INCUMBENT_PLACEHOLDER_TEXT_H_
#define OPCON_SNOW_COMMON_INCUMBENT_PLACEHOLDER_TEXT_H_

// Texts of the incumbent connector, with {0} to {5}, as Mustache.

#include <string>

#include "absl/strings/string_view.h"
#include "common/incumbent/remark.h"

namespace opcon_snow::incumbent {

// {0} schedule, {1} job, {2} machine, {3} termination, {4} date and time, {5}
// unique job id. Everything else stays as it is; what looks like Mustache in
// the text is kept from being it.
std::string MustacheFrom(absl::string_view text, Place place,
                         const std::string& field, Remarks* remarks);

// A text that means itself, as Mustache.
std::string Literally(absl::string_view text);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_PLACEHOLDER_TEXT_H_
