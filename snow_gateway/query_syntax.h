#ifndef OPCON_SNOW_SNOW_GATEWAY_QUERY_SYNTAX_H_
#define OPCON_SNOW_SNOW_GATEWAY_QUERY_SYNTAX_H_

// What names and values can be in ServiceNow's queries and addresses.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::snow {

// What is wrong with `value` as the value of a condition, in words that follow
// "the value "; nothing if it can be looked up.
std::optional<std::string> QueryValueFault(absl::string_view value);
// The same for one value of several.
std::optional<std::string> QueryListValueFault(absl::string_view value);

// Lower-case letters, digits and "_", beginning with a letter; at most 80.
bool IsColumnName(absl::string_view name);
// The same with "." between names, over references; at most 200.
bool IsColumnPath(absl::string_view path);
// As IsColumnName.
bool IsTableName(absl::string_view name);
// 32 lower-case hexadecimal digits.
bool IsSysId(absl::string_view text);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_QUERY_SYNTAX_H_
