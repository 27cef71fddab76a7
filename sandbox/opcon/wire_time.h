#ifndef OPCON_SNOW_SANDBOX_OPCON_WIRE_TIME_H_
#define OPCON_SNOW_SANDBOX_OPCON_WIRE_TIME_H_

// Times and dates as OpCon writes them.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace opcon_snow::sandbox::opcon {

// "2026-01-05T03:00:01.0000000-06:00": seven digits of fraction, as .NET
// writes, and always a numeric offset.
std::string FormatWireTime(absl::Time time, absl::TimeZone zone);

// "2026-01-05T00:00:00.0000000": a date in the full date-time form, without an
// offset.
std::string FormatWireDateTime(absl::CivilDay date);

// "2026-01-05".
std::string FormatIsoDate(absl::CivilDay date);

// "05-Jan-2026": OpCon's default format of $SCHEDULE DATE.
std::string FormatLongDate(absl::CivilDay date);

// "2026/01/05 03:00:01": OpCon's default format of $JOB STARTTIME.
std::string FormatPropertyTime(absl::Time time, absl::TimeZone zone);

// "-06:00", "+05:30", "Z": a fixed offset of at most 14 hours.
std::optional<absl::TimeZone> ParseUtcOffset(absl::string_view text);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_WIRE_TIME_H_
