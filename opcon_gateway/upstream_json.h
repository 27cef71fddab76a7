#ifndef OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_JSON_H_
#define OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_JSON_H_

// JSON as OpCon sends it: every field may be missing, null or of another type
// than expected, and texts that agents produced may be no Unicode.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::opcon {

// Parses `body`. If it is no JSON as it stands, what is no UTF-8 and halves of
// surrogate pairs (\ud83d alone) are replaced by U+FFFD, and it is tried once
// more. All strings of the result are valid UTF-8. Errors as http::ParseJson.
absl::StatusOr<nlohmann::json> ParseUpstreamJson(absl::string_view body);

// The member as a text; "" if it is missing, null, an object or an array. A
// number becomes its decimal text.
std::string TextOf(const nlohmann::json& object, absl::string_view key);

// The member as a whole number, also if it is written as a text ("12"); 0 if
// it is missing, of another type or out of range.
std::int64_t Int64Of(const nlohmann::json& object, absl::string_view key);
std::int32_t Int32Of(const nlohmann::json& object, absl::string_view key);

// The member itself; JSON's null if it is missing.
const nlohmann::json& MemberOf(const nlohmann::json& object,
                               absl::string_view key);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_JSON_H_
