#ifndef OPCON_SNOW_CLI_SCHEDULE_DATE_H_
#define OPCON_SNOW_CLI_SCHEDULE_DATE_H_

// The date of a schedule as OpCon may write it. `$SCHEDULE DATE` follows the
// regional settings of the OpCon server unless a global property such as
// `$SCHEDULE DATE-SNOW` sets a format, so several are understood.

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

// Understood, with any of "-", "/", "." and blanks between the parts:
//   2026-01-05  2026/1/5  20260105                year first
//   05-Jan-2026  5 January 2026  05JAN2026        day, English month, year
//   Jan 5, 2026                                   English month, day, year
//   05.01.2026                                    with dots: the day is first
//   25/01/2026  01/25/2026  05/05/2026            only one reading
// A midnight after the date ("00:00:00") is ignored.
//
// Otherwise INVALID_ARGUMENT; the message is a predicate to be put behind the
// value, such as `can be read two ways: …`, and says what to write instead.
absl::StatusOr<std::chrono::year_month_day> ParseScheduleDate(
    absl::string_view text);

// "2026-01-05".
std::string FormatScheduleDate(std::chrono::year_month_day date);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_SCHEDULE_DATE_H_
