#include "common/http/retry_after.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace opcon_snow::http {
namespace {

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

std::optional<absl::Time> Parse(const char* format, absl::string_view value) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(format, value, absl::UTCTimeZone(), &time, &error)) {
    return std::nullopt;
  }
  // ParseTime also reads "infinite-future".
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return std::nullopt;
  }
  return time;
}

// RFC 9110, 5.6.7: a two-digit year that appears to be more than 50 years in
// the future is the most recent past one with the same digits. The C library
// behind ParseTime splits at 69 instead, whatever the present year.
absl::Time InCenturyOf(absl::Time now, absl::Time parsed) {
  absl::CivilSecond civil = absl::ToCivilSecond(parsed, absl::UTCTimeZone());
  const absl::CivilSecond present =
      absl::ToCivilSecond(now, absl::UTCTimeZone());
  std::int64_t year =
      present.year() - present.year() % 100 + civil.year() % 100;
  if (year > present.year() + 50) year -= 100;
  return absl::FromCivil(
      absl::CivilSecond(year, civil.month(), civil.day(), civil.hour(),
                        civil.minute(), civil.second()),
      absl::UTCTimeZone());
}

}  // namespace

std::optional<absl::Time> ParseHttpDate(absl::string_view value,
                                        absl::Time now) {
  value = absl::StripAsciiWhitespace(value);
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  if (auto time = Parse("%a, %d %b %Y %H:%M:%S GMT", value)) return time;
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  if (auto time = Parse("%A, %d-%b-%y %H:%M:%S GMT", value)) {
    return InCenturyOf(now, *time);
  }
  // asctime: Sun Nov  6 08:49:37 1994
  return Parse("%a %b %d %H:%M:%S %Y", value);
}

std::optional<absl::Duration> ParseRetryAfter(absl::string_view value,
                                              absl::Time now,
                                              absl::Duration max) {
  value = absl::StripAsciiWhitespace(value);
  absl::Duration delay;
  if (AllDigits(value)) {
    std::int64_t seconds = 0;
    // Too many digits to hold is longer than any limit.
    delay = absl::SimpleAtoi(value, &seconds) ? absl::Seconds(seconds)
                                              : absl::InfiniteDuration();
  } else {
    std::optional<absl::Time> until = ParseHttpDate(value, now);
    if (!until) return std::nullopt;
    delay = *until - now;
  }
  return std::clamp(delay, absl::ZeroDuration(),
                    std::max(max, absl::ZeroDuration()));
}

}  // namespace opcon_snow::http
