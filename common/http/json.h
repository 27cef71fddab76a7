#ifndef OPCON_SNOW_COMMON_HTTP_JSON_H_
#define OPCON_SNOW_COMMON_HTTP_JSON_H_

// File: json.h
//
// JSON of request and response bodies, without exceptions.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::http {

// Parses one JSON text (RFC 8259, UTF-8). Errors are INVALID_ARGUMENT, tell the
// byte offset, and quote nothing of the text, which may hold a secret.
// `max_depth`: objects and arrays within one another.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text,
                                         int max_depth = 64);

// Writes `value` without blanks. Never throws: bytes that are not UTF-8 become
// U+FFFD.
std::string WriteJson(const nlohmann::json& value);

// The member `key` of `object`; null if there is none or `object` is no object.
const nlohmann::json* FindMember(const nlohmann::json& object,
                                 absl::string_view key);

// The member as a string, number or truth value; nothing if it is missing, null
// or of another type. FindInt64 takes no fractions and no numbers out of range.
std::optional<std::string> FindString(const nlohmann::json& object,
                                      absl::string_view key);
std::optional<std::int64_t> FindInt64(const nlohmann::json& object,
                                      absl::string_view key);
std::optional<bool> FindBool(const nlohmann::json& object,
                             absl::string_view key);

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_JSON_H_
