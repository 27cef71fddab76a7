#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_TEXT_ENCODING_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_TEXT_ENCODING_H_

// Between UTF-8 and what Duktape takes for a text. A script sees UTF-16 code
// units, so that Duktape keeps a character beyond U+FFFF as its two surrogates,
// each encoded like a character of its own (CESU-8).

#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::servicenow {

// `utf8` must be valid.
std::string ToScriptText(absl::string_view utf8);

// Always valid UTF-8: a lone surrogate, and bytes that are no character, become
// U+FFFD.
std::string FromScriptText(absl::string_view text);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_TEXT_ENCODING_H_
