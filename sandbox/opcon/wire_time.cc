#include "sandbox/opcon/wire_time.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sandbox/opcon/ids.h"

namespace opcon_snow::sandbox::opcon {

std::string FormatWireTime(absl::Time time, absl::TimeZone zone) {
  const std::int64_t ticks =
      absl::ToUnixNanos(time) / 100 % 10'000'000;  // .NET's 100 ns ticks
  return absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%S", time, zone),
                      absl::StrFormat(".%07d", ticks),
                      absl::FormatTime("%Ez", time, zone));
}

std::string FormatWireDateTime(absl::CivilDay date) {
  return absl::StrCat(FormatIsoDate(date), "T00:00:00.0000000");
}

std::string FormatIsoDate(absl::CivilDay date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(),
                         date.day());
}

std::string FormatLongDate(absl::CivilDay date) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr",
                                            "May", "Jun", "Jul", "Aug",
                                            "Sep", "Oct", "Nov", "Dec"};
  return absl::StrFormat("%02d-%s-%04d", date.day(), kMonths[date.month() - 1],
                         date.year());
}

std::string FormatPropertyTime(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y/%m/%d %H:%M:%S", time, zone);
}

std::optional<absl::TimeZone> ParseUtcOffset(absl::string_view text) {
  if (text == "Z" || text == "z") return absl::UTCTimeZone();
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') ||
      text[3] != ':') {
    return std::nullopt;
  }
  const std::optional<int> hours = ParsePlainInt(text.substr(1, 2));
  const std::optional<int> minutes = ParsePlainInt(text.substr(4, 2));
  if (!hours || !minutes || *minutes > 59 || *hours * 60 + *minutes > 14 * 60) {
    return std::nullopt;
  }
  const int seconds = (*hours * 60 + *minutes) * 60;
  return absl::FixedTimeZone(text[0] == '-' ? -seconds : seconds);
}

}  // namespace opcon_snow::sandbox::opcon
