#include "cli/schedule_date.h"

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::cli {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::array<absl::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

// OpCon did not exist before and will not plan that far ahead; a year outside
// is a part of the date taken for the year.
constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2199;

constexpr absl::string_view kWriteInstead =
    "write it as yyyy-MM-dd, such as 2026-01-05 (in OpCon: the global property "
    "\"$SCHEDULE DATE-SNOW\" with the value yyyy-MM-dd gives that)";

// A run of digits or of letters, and what stood before it.
struct Part {
  bool digits = false;
  std::string text;
  std::string before;

  bool IsYear() const { return digits && text.size() == 4; }
  bool IsShort() const { return digits && text.size() <= 2; }
  int Number() const {
    int value = 0;
    return absl::SimpleAtoi(text, &value) ? value : 0;
  }
};

absl::Status NotUnderstood(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(why, "; ", kWriteInstead));
}

bool IsSeparator(char c) {
  return c == '-' || c == '/' || c == '.' || c == ',' || c == ' ';
}

std::vector<Part> Split(absl::string_view text) {
  std::vector<Part> parts;
  std::string before;
  for (const char c : text) {
    if (IsSeparator(c)) {
      before.push_back(c);
      continue;
    }
    const bool digit = absl::ascii_isdigit(static_cast<unsigned char>(c));
    if (parts.empty() || !before.empty() || parts.back().digits != digit) {
      parts.push_back({digit, "", std::exchange(before, "")});
    }
    parts.back().text.push_back(c);
  }
  return parts;
}

std::optional<int> MonthByName(absl::string_view name) {
  if (name.size() < 3) return std::nullopt;
  if (absl::EqualsIgnoreCase(name, "sept")) return 9;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (absl::EqualsIgnoreCase(name, kMonths[i]) ||
        absl::EqualsIgnoreCase(name, kMonths[i].substr(0, 3))) {
      return static_cast<int>(i) + 1;
    }
  }
  return std::nullopt;
}

year_month_day Date(int y, int m, int d) {
  return {year(y), month(static_cast<unsigned>(m)),
          day(static_cast<unsigned>(d))};
}

std::string Spoken(year_month_day date) {
  return absl::StrCat(static_cast<unsigned>(date.day()), " ",
                      kMonths[static_cast<unsigned>(date.month()) - 1], " ",
                      static_cast<int>(date.year()));
}

absl::StatusOr<year_month_day> Checked(year_month_day date) {
  const int y = static_cast<int>(date.year());
  if (y < kFirstYear || y > kLastYear) {
    return NotUnderstood(absl::StrCat("has the year ", y,
                                      ", which is not from ", kFirstYear,
                                      " to ", kLastYear));
  }
  if (!date.ok()) return NotUnderstood("is not a day of the calendar");
  return date;
}

// "03/04/2026": which of the two is the month depends on the country.
absl::StatusOr<year_month_day> YearLast(const Part& first, const Part& second,
                                        const Part& last) {
  const int a = first.Number();
  const int b = second.Number();
  const int y = last.Number();
  const year_month_day day_first = Date(y, b, a);
  // Wherever dots stand between the parts, the day is first.
  if (second.before == "." && last.before == ".") return Checked(day_first);
  const year_month_day month_first = Date(y, a, b);
  if (y >= kFirstYear && y <= kLastYear && day_first.ok() && month_first.ok() &&
      day_first != month_first) {
    return absl::InvalidArgumentError(absl::StrCat(
        "can be read two ways: ", Spoken(day_first), " (write ",
        FormatScheduleDate(day_first), ") or ", Spoken(month_first), " (write ",
        FormatScheduleDate(month_first),
        "); in OpCon the global property \"$SCHEDULE DATE-SNOW\" with the "
        "value yyyy-MM-dd gives a date that has only one reading"));
  }
  return Checked(month_first.ok() ? month_first : day_first);
}

absl::StatusOr<year_month_day> WithMonthName(const std::vector<Part>& parts) {
  std::size_t name = 0;
  while (parts[name].digits) ++name;
  const std::optional<int> m = MonthByName(parts[name].text);
  if (!m) {
    return NotUnderstood(absl::StrCat("has the month \"", parts[name].text,
                                      "\", which is not English"));
  }
  const Part& first = parts[name == 0 ? 1 : 0];
  const Part& second = parts[name == 2 ? 1 : 2];
  if (first.IsShort() && second.IsYear()) {
    return Checked(Date(second.Number(), *m, first.Number()));
  }
  if (first.IsYear() && second.IsShort() && name == 1) {
    return Checked(Date(first.Number(), *m, second.Number()));
  }
  if (first.IsShort() && second.IsShort()) {
    return NotUnderstood("has a year of two digits");
  }
  return NotUnderstood("is not a date that is understood");
}

// Cuts a midnight off: "2026-01-05T00:00:00", "1/5/2026 12:00:00 AM". False if
// there is another time of day.
bool DropMidnight(absl::string_view* text) {
  const std::size_t colon = text->find(':');
  if (colon == absl::string_view::npos) return true;
  std::size_t begin = colon;
  while (begin > 0 &&
         absl::ascii_isdigit(static_cast<unsigned char>((*text)[begin - 1]))) {
    --begin;
  }
  if (begin == 0) return false;
  const char between = (*text)[begin - 1];
  if (between != ' ' && between != 'T') return false;
  std::string time;
  for (const char c : text->substr(begin)) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      time.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    }
  }
  if (absl::EndsWith(time, "z")) time.pop_back();
  const bool zeros = time.find_first_not_of('0') == std::string::npos;
  if (!zeros && time != "120000am" && time != "1200am") return false;
  *text = text->substr(0, begin - 1);
  return true;
}

}  // namespace

absl::StatusOr<year_month_day> ParseScheduleDate(absl::string_view text) {
  absl::string_view date = absl::StripAsciiWhitespace(text);
  if (!DropMidnight(&date)) {
    return NotUnderstood("has a time of day in it");
  }
  const std::vector<Part> parts = Split(date);
  if (parts.size() == 1 && parts[0].digits && parts[0].text.size() == 8) {
    const int number = parts[0].Number();
    return Checked(Date(number / 10000, number / 100 % 100, number % 100));
  }
  if (parts.size() != 3 || !parts[0].before.empty()) {
    return NotUnderstood("is not a date that is understood");
  }
  int names = 0;
  for (const Part& part : parts) names += part.digits ? 0 : 1;
  if (names == 1) return WithMonthName(parts);
  if (names > 1) return NotUnderstood("is not a date that is understood");
  if (parts[0].IsYear() && parts[1].IsShort() && parts[2].IsShort()) {
    return Checked(
        Date(parts[0].Number(), parts[1].Number(), parts[2].Number()));
  }
  if (parts[0].IsShort() && parts[1].IsShort() && parts[2].IsYear()) {
    return YearLast(parts[0], parts[1], parts[2]);
  }
  if (parts[0].IsShort() && parts[1].IsShort() && parts[2].IsShort()) {
    return NotUnderstood("has a year of two digits");
  }
  return NotUnderstood("is not a date that is understood");
}

std::string FormatScheduleDate(year_month_day date) {
  const auto two = [](unsigned number) {
    return absl::StrCat(number < 10 ? "0" : "", number);
  };
  return absl::StrCat(static_cast<int>(date.year()), "-",
                      two(static_cast<unsigned>(date.month())), "-",
                      two(static_cast<unsigned>(date.day())));
}

}  // namespace opcon_snow::cli
