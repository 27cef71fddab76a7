#ifndef OPCON_SNOW_COMMON_CONFIG_SCALAR_PARSER_H_
#define OPCON_SNOW_COMMON_CONFIG_SCALAR_PARSER_H_

// Texts of a configuration as values. For yaml_loader.h. Errors are
// INVALID_ARGUMENT with a message for the person who wrote the file.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace opcon_snow::config::internal {

// Decimal, no leading "+", between the bounds.
absl::StatusOr<std::int64_t> ParseSigned(absl::string_view text,
                                         std::int64_t least, std::int64_t most);
absl::StatusOr<std::uint64_t> ParseUnsigned(absl::string_view text,
                                            std::uint64_t most);
// Decimal, finite.
absl::StatusOr<double> ParseFloating(absl::string_view text);
absl::StatusOr<bool> ParseBool(absl::string_view text);

// "250ms", "1h30m", "7d", "0.5s"; units ns us ms s m h d; not negative, at
// most 10,000 years.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);
// "2026-01-05"
absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text);
// RFC 3339: "2026-01-05T12:00:00Z", "2026-01-05T13:00:00.5+01:00"
absl::StatusOr<absl::Time> ParseTimestamp(absl::string_view text);

// LOG_LEVEL_INFO as "info", "INFO", "log_level_info" or "LOG_LEVEL_INFO". The
// value UNSPECIFIED cannot be written: leave the field out.
absl::StatusOr<const google::protobuf::EnumValueDescriptor*> ParseEnum(
    absl::string_view text, const google::protobuf::EnumDescriptor& type);

// How an enum value is written at its shortest: "info".
std::string ShortEnumName(const google::protobuf::EnumValueDescriptor& value);

}  // namespace opcon_snow::config::internal

#endif  // OPCON_SNOW_COMMON_CONFIG_SCALAR_PARSER_H_
