#ifndef OPCON_SNOW_SANDBOX_NOTIFY_COMMAND_TEMPLATE_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_COMMAND_TEMPLATE_H_

// Replacing OpCon's property tokens in the command of a notification.

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::notify {

// What becomes of a token that names no property. The product's documentation
// does not say; both have been reported.
enum class Unresolved { kLiteral, kEmpty };

// Replaces every [[name]] and {{name}} by the property of that name.
//
// Names are case-sensitive. A name with "[", "]", "{" or "}" in it has to be
// quoted within the token: [["a]b"]]; unquoted, such brackets do not make a
// token and stay. A value is put in as it is, whatever it contains: nothing is
// quoted, and tokens in it are not replaced again. That is what the product
// does, and why a name with a blank falls apart unless the command quotes it.
std::string ExpandTokens(absl::string_view command,
                         const std::map<std::string, std::string>& properties,
                         Unresolved unresolved);

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_COMMAND_TEMPLATE_H_
