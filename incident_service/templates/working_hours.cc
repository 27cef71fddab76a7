#include "incident_service/templates/working_hours.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/config/validate.h"

namespace opcon_snow::incident {
namespace {

constexpr int kMinutesOfDay = 24 * 60;
constexpr int kMaxPeriods = 50;
constexpr int kMaxHolidays = 500;
// A leap year, so that 02-29 may be a holiday of every year that has it.
constexpr int kAnyYear = 2024;

// The number that `text` is, of digits only; -1 if it is none.
int Digits(absl::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return text.empty() ? -1 : number;
}

// Minutes since midnight of `HH:MM`; -1 if it is none.
int MinuteOf(absl::string_view text, int latest) {
  if (text.size() != 5 || text[2] != ':') return -1;
  const int hour = Digits(text.substr(0, 2));
  const int minute = Digits(text.substr(3));
  if (hour < 0 || minute < 0 || minute > 59) return -1;
  const int minutes = hour * 60 + minute;
  return minutes <= latest ? minutes : -1;
}

// nullopt unless the calendar has that day.
std::optional<absl::CivilDay> DayOf(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const absl::CivilDay result(year, month, day);
  if (result.month() != month) return std::nullopt;  // Such as 02-30.
  return result;
}

absl::Weekday WeekdayOf(int day) {
  return static_cast<absl::Weekday>(day - ::config::v1::WEEKDAY_MONDAY +
                                    static_cast<int>(absl::Weekday::monday));
}

}  // namespace

std::optional<absl::TimeZone> FindTimeZone(const std::string& name,
                                           const std::string& field,
                                           config::Faults* faults) {
  absl::TimeZone zone;
  // A path would be read as a file.
  const bool is_name = !name.empty() && name.front() != '/' &&
                       name.front() != '.' && name.front() != ':' &&
                       name.find("..") == std::string::npos;
  if (is_name && absl::LoadTimeZone(name, &zone)) return zone;
  faults->Add(field,
              absl::StrCat("\"", name,
                           "\" is not a time zone that this machine knows; "
                           "write one such as America/Chicago or Europe/Vienna "
                           "(and install the package tzdata)"));
  return std::nullopt;
}

WorkingHours WorkingHours::Compile(const ::config::v1::WorkingHours& config,
                                   const std::string& path,
                                   config::Faults* faults) {
  WorkingHours hours;
  if (config.name().empty() || config.name().size() > 63) {
    faults->Add(path + ".name", "must have 1 to 63 characters");
  }
  if (!config.time_zone().empty()) {
    hours.zone_ = FindTimeZone(config.time_zone(), path + ".time_zone", faults);
  }
  if (config.periods().empty() || config.periods_size() > kMaxPeriods) {
    faults->Add(path + ".periods", "must have 1 to 50 periods");
  }
  for (int i = 0; i < config.periods_size(); ++i) {
    const ::config::v1::WorkingPeriod& period = config.periods(i);
    const std::string at = config::FieldPath(path + ".periods", i);
    const int begin = MinuteOf(period.start(), kMinutesOfDay - 1);
    int end = MinuteOf(period.end(), kMinutesOfDay);
    if (begin < 0) {
      faults->Add(at + ".start", "must be a time from \"00:00\" to \"23:59\"");
    }
    if (end < 0) {
      faults->Add(at + ".end", "must be a time from \"00:00\" to \"24:00\"");
    }
    if (period.days().empty()) {
      faults->Add(at + ".days",
                  "must name at least one day, such as [monday, tuesday]");
    }
    if (end <= begin) end += kMinutesOfDay;
    for (const int day : period.days()) {
      if (day == ::config::v1::WEEKDAY_UNSPECIFIED) {
        faults->Add(at + ".days", "must be days from monday to sunday");
        continue;
      }
      hours.periods_.emplace_back(WeekdayOf(day), Period{begin, end});
    }
  }
  if (config.holidays_size() > kMaxHolidays) {
    faults->Add(path + ".holidays", "must have at most 500 days");
  }
  for (int i = 0; i < config.holidays_size(); ++i) {
    const absl::string_view text = config.holidays(i);
    const bool yearly = text.size() == 5 && text[2] == '-';
    const bool dated = text.size() == 10 && text[4] == '-' && text[7] == '-';
    std::optional<absl::CivilDay> day;
    if (yearly) {
      day = DayOf(kAnyYear, Digits(text.substr(0, 2)), Digits(text.substr(3)));
    } else if (dated && Digits(text.substr(0, 4)) > 0) {
      day = DayOf(Digits(text.substr(0, 4)), Digits(text.substr(5, 2)),
                  Digits(text.substr(8)));
    }
    if (!day.has_value()) {
      faults->Add(config::FieldPath(path + ".holidays", i),
                  absl::StrCat("\"", text,
                               "\" is no day; write \"2026-04-06\", or "
                               "\"12-25\" for every year"));
    } else if (yearly) {
      hours.yearly_holidays_.emplace(day->month(), day->day());
    } else {
      hours.holidays_.insert(*day);
    }
  }
  return hours;
}

bool WorkingHours::IsHoliday(absl::CivilDay day) const {
  return holidays_.count(day) > 0 ||
         yearly_holidays_.count({day.month(), day.day()}) > 0;
}

// Whether a period that begins on `day` holds its `minute`-th minute.
bool WorkingHours::PeriodOf(absl::CivilDay day, int minute) const {
  if (IsHoliday(day)) return false;
  const absl::Weekday weekday = absl::GetWeekday(day);
  return std::any_of(periods_.begin(), periods_.end(), [&](const auto& entry) {
    return entry.first == weekday && entry.second.begin_minute <= minute &&
           minute < entry.second.end_minute;
  });
}

bool WorkingHours::Contain(absl::Time time, absl::TimeZone otherwise) const {
  const absl::CivilSecond wall = zone_.value_or(otherwise).At(time).cs;
  const absl::CivilDay today(wall);
  const int minute = wall.hour() * 60 + wall.minute();
  return PeriodOf(today, minute) || PeriodOf(today - 1, minute + kMinutesOfDay);
}

}  // namespace opcon_snow::incident
