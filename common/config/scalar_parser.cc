#include "common/config/scalar_parser.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"
#include "google/protobuf/descriptor.h"

namespace opcon_snow::config::internal {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

constexpr std::size_t kShownBytes = 60;

template <class... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

std::string Shown(absl::string_view text) {
  if (text.size() <= kShownBytes) return absl::StrCat("\"", text, "\"");
  return absl::StrCat("\"", text.substr(0, kShownBytes), "…\"");
}

bool IsDigits(absl::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

// Removes the longest prefix whose characters satisfy `matches`.
template <class Matches>
absl::string_view TakeWhile(absl::string_view& text, Matches matches) {
  std::size_t end = 0;
  while (end < text.size() && matches(text[end])) ++end;
  const absl::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

// One number with its unit.
bool ParsePiece(absl::string_view number, absl::string_view unit,
                absl::Duration& duration) {
  for (const absl::string_view known : {"ns", "us", "ms", "s", "m", "h"}) {
    if (unit == known) {
      return absl::ParseDuration(absl::StrCat(number, unit), &duration);
    }
  }
  if (unit != "d") return false;
  if (!absl::ParseDuration(absl::StrCat(number, "h"), &duration)) return false;
  duration *= 24;
  return true;
}

// LogLevel -> "LOG_LEVEL_"
std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isupper(byte) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(byte);
  }
  return prefix + "_";
}

bool IsUnspecified(const EnumValueDescriptor& value) {
  return value.number() == 0 && absl::EndsWith(value.name(), "UNSPECIFIED");
}

}  // namespace

absl::StatusOr<std::int64_t> ParseSigned(absl::string_view text,
                                         std::int64_t least,
                                         std::int64_t most) {
  absl::string_view digits = text;
  absl::ConsumePrefix(&digits, "-");
  std::int64_t value = 0;
  if (!IsDigits(digits)) return Invalid(Shown(text), " is no whole number");
  if (!absl::SimpleAtoi(text, &value) || value < least || value > most) {
    return Invalid(text, " is not between ", least, " and ", most);
  }
  return value;
}

absl::StatusOr<std::uint64_t> ParseUnsigned(absl::string_view text,
                                            std::uint64_t most) {
  std::uint64_t value = 0;
  absl::string_view digits = text;
  absl::ConsumePrefix(&digits, "-");
  if (!IsDigits(digits)) return Invalid(Shown(text), " is no whole number");
  if (!absl::SimpleAtoi(text, &value) || value > most) {
    return Invalid(text, " is not between 0 and ", most);
  }
  return value;
}

absl::StatusOr<double> ParseFloating(absl::string_view text) {
  double value = 0;
  const bool has_digit =
      text.find_first_of("0123456789") != absl::string_view::npos;
  const bool is_decimal =
      text.find_first_not_of("0123456789+-.eE") == absl::string_view::npos;
  if (!has_digit || !is_decimal || !absl::SimpleAtod(text, &value) ||
      !std::isfinite(value)) {
    return Invalid(Shown(text), " is no number");
  }
  return value;
}

absl::StatusOr<bool> ParseBool(absl::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Invalid(Shown(text), " is neither true nor false");
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  const auto invalid = [text] {
    return Invalid(Shown(text),
                   " is no duration; write 250ms, 30s, 5m, 12h or 7d");
  };
  absl::string_view rest = text;
  absl::Duration sum;
  if (rest.empty()) return invalid();
  while (!rest.empty()) {
    const absl::string_view number = TakeWhile(rest, [](char c) {
      return c == '.' || absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
    const absl::string_view unit = TakeWhile(rest, [](char c) {
      return absl::ascii_islower(static_cast<unsigned char>(c));
    });
    absl::Duration piece;
    if (number.empty() || !ParsePiece(number, unit, piece)) return invalid();
    sum += piece;
  }
  if (sum > absl::Hours(24 * 365 * 10'000)) {
    return Invalid(Shown(text), " is longer than 10,000 years");
  }
  return sum;
}

absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  const bool is_form = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                       IsDigits(text.substr(0, 4)) &&
                       IsDigits(text.substr(5, 2)) &&
                       IsDigits(text.substr(8, 2)) &&
                       absl::SimpleAtoi(text.substr(0, 4), &year) &&
                       absl::SimpleAtoi(text.substr(5, 2), &month) &&
                       absl::SimpleAtoi(text.substr(8, 2), &day);
  if (!is_form) {
    return Invalid(Shown(text), " is no date; write 2026-01-05");
  }
  const absl::CivilDay date(year, month, day);
  if (year == 0 || date.month() != month || date.day() != day) {
    return Invalid(Shown(text), " is no day of the calendar");
  }
  return date;
}

absl::StatusOr<absl::Time> ParseTimestamp(absl::string_view text) {
  absl::Time time;
  std::string error;
  // ParseTime would take "infinite-future", too.
  if (text.empty() ||
      !absl::ascii_isdigit(static_cast<unsigned char>(text.front())) ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return Invalid(Shown(text), " is no time; write 2026-01-05T12:00:00Z");
  }
  const auto year = absl::ToCivilYear(time, absl::UTCTimeZone()).year();
  if (year < 1 || year > 9999) {
    return Invalid(Shown(text), " is not between the years 1 and 9999");
  }
  return time;
}

std::string ShortEnumName(const EnumValueDescriptor& value) {
  absl::string_view name = value.name();
  absl::ConsumePrefix(&name, EnumPrefix(*value.type()));
  return absl::AsciiStrToLower(name);
}

absl::StatusOr<const EnumValueDescriptor*> ParseEnum(
    absl::string_view text, const EnumDescriptor& type) {
  std::vector<std::string> known;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor* value = type.value(i);
    if (IsUnspecified(*value)) continue;
    const std::string short_name = ShortEnumName(*value);
    if (absl::EqualsIgnoreCase(text, value->name()) ||
        absl::EqualsIgnoreCase(text, short_name)) {
      return value;
    }
    known.push_back(short_name);
  }
  return Invalid(Shown(text), " is none of ", absl::StrJoin(known, ", "));
}

}  // namespace opcon_snow::config::internal
