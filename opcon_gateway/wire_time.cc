#include "opcon_gateway/wire_time.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace opcon_snow::opcon {
namespace {

// A number of exactly these digits; -1 if it is something else.
int Digits(absl::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!absl::ascii_isdigit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<google::type::Date> MakeDate(int year, int month, int day) {
  google::type::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  if (!IsValidDate(date)) return std::nullopt;
  return date;
}

// Takes "Z", "+05:30" or "-06:00" from the end.
std::optional<absl::Duration> TakeOffset(absl::string_view& text) {
  if (!text.empty() && (text.back() == 'Z' || text.back() == 'z')) {
    text.remove_suffix(1);
    return absl::ZeroDuration();
  }
  if (text.size() < 6) return std::nullopt;
  const std::size_t at = text.size() - 6;
  const int hours = Digits(text, at + 1, 2);
  const int minutes = Digits(text, at + 4, 2);
  if ((text[at] != '+' && text[at] != '-') || text[at + 3] != ':' ||
      hours < 0 || hours > 18 || minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  const absl::Duration offset = absl::Hours(hours) + absl::Minutes(minutes);
  const bool behind = text[at] == '-';
  text.remove_suffix(6);
  return behind ? -offset : offset;
}

}  // namespace

std::optional<WireTime> ParseWireTime(absl::string_view text,
                                      const SiteZone& site) {
  // The library reads more than is written here: blanks, years of any length.
  if (Digits(text, 0, 4) < 0 || text.size() < 19 || text[4] != '-' ||
      text[10] != 'T') {
    return std::nullopt;
  }
  WireTime result;
  result.utc_offset = TakeOffset(text);
  if (!absl::ascii_isdigit(static_cast<unsigned char>(text.back()))) {
    return std::nullopt;
  }
  const bool by_site = !result.utc_offset.has_value() && site.has_value();
  std::string error;
  if (!absl::ParseTime("%Y-%m-%dT%H:%M:%E*S", text,
                       by_site ? *site : absl::UTCTimeZone(), &result.time,
                       &error)) {
    return std::nullopt;
  }
  result.time -= result.utc_offset.value_or(absl::ZeroDuration());
  if (by_site) {
    result.utc_offset = absl::Seconds(site->At(result.time).offset);
  }
  if (result.time < absl::UnixEpoch()) return std::nullopt;
  return result;
}

std::optional<google::type::Date> ParseWireDate(absl::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-' ||
      (text.size() > 10 && text[10] != 'T')) {
    return std::nullopt;
  }
  return MakeDate(Digits(text, 0, 4), Digits(text, 5, 2), Digits(text, 8, 2));
}

std::optional<google::type::Date> ParseIdDate(absl::string_view text) {
  if (text.size() != 8) return std::nullopt;
  return MakeDate(Digits(text, 0, 4), Digits(text, 4, 2), Digits(text, 6, 2));
}

std::string FormatDate(const google::type::Date& date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(),
                         date.day());
}

bool IsValidDate(const google::type::Date& date) {
  if (date.year() < 1900 || date.year() > 9999 || date.month() < 1 ||
      date.month() > 12 || date.day() < 1 || date.day() > 31) {
    return false;
  }
  // A day too many is carried over into the next month.
  const absl::CivilDay day(date.year(), date.month(), date.day());
  return day.month() == date.month();
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

}  // namespace opcon_snow::opcon
