#include "incident_service/templates/working_hours.h"

#include <string>

#include "common/config/yaml_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

using ::testing::HasSubstr;

WorkingHours Compile(const std::string& text, config::Faults* faults) {
  ::config::v1::WorkingHours config;
  (void)config::LoadYamlText(text, &config, faults);
  return WorkingHours::Compile(config, "", faults);
}

WorkingHours Compile(const std::string& text) {
  config::Faults faults;
  WorkingHours hours = Compile(text, &faults);
  EXPECT_TRUE(faults.empty()) << faults.Format();
  return hours;
}

absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

constexpr char kOffice[] =
    "name: office\n"
    "time_zone: Europe/Vienna\n"
    "periods:\n"
    "  - {days: [monday, tuesday, wednesday, thursday], start: '08:00', end: "
    "'17:00'}\n"
    "  - {days: [friday, saturday], start: '22:00', end: '06:00'}\n"
    "holidays: ['12-25', '2026-04-06']\n";

bool AtWork(const WorkingHours& hours, const std::string& wall) {
  const absl::TimeZone vienna = Zone("Europe/Vienna");
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", wall, vienna, &time, &error))
      << error;
  return hours.Contain(time, absl::UTCTimeZone());
}

TEST(WorkingHoursTest, BeginAndEndToTheSecond) {
  const WorkingHours hours = Compile(kOffice);
  EXPECT_FALSE(AtWork(hours, "2026-01-05 07:59:59"));
  EXPECT_TRUE(AtWork(hours, "2026-01-05 08:00:00"));
  EXPECT_TRUE(AtWork(hours, "2026-01-05 16:59:59"));
  EXPECT_FALSE(AtWork(hours, "2026-01-05 17:00:00"));
  EXPECT_FALSE(AtWork(hours, "2026-01-04 12:00:00"));  // Sunday
}

TEST(WorkingHoursTest, GoOnAfterMidnight) {
  const WorkingHours hours = Compile(kOffice);
  EXPECT_FALSE(AtWork(hours, "2026-01-09 21:59:59"));  // Friday
  EXPECT_TRUE(AtWork(hours, "2026-01-09 22:00:00"));
  EXPECT_TRUE(AtWork(hours, "2026-01-09 23:59:59"));
  EXPECT_TRUE(AtWork(hours, "2026-01-10 00:00:00"));
  EXPECT_TRUE(AtWork(hours, "2026-01-10 05:59:59"));
  EXPECT_FALSE(AtWork(hours, "2026-01-10 06:00:00"));
  EXPECT_TRUE(AtWork(hours, "2026-01-11 05:00:00"));   // Sunday, of Saturday
  EXPECT_FALSE(AtWork(hours, "2026-01-12 05:00:00"));  // Monday
}

TEST(WorkingHoursTest, HolidaysHaveNone) {
  const WorkingHours hours = Compile(kOffice);
  EXPECT_FALSE(AtWork(hours, "2026-04-06 12:00:00"));  // Easter Monday
  EXPECT_TRUE(AtWork(hours, "2027-04-06 12:00:00"));
  EXPECT_FALSE(AtWork(hours, "2026-12-25 23:00:00"));  // a Friday
  EXPECT_FALSE(AtWork(hours, "2026-12-26 03:00:00"));  // its night too
  EXPECT_TRUE(AtWork(hours, "2026-12-26 23:00:00"));
}

TEST(WorkingHoursTest, AWholeDayEndsAtMidnight) {
  const WorkingHours hours = Compile(
      "name: a\nperiods: [{days: [monday], start: '00:00', end: '24:00'}]\n");
  const absl::TimeZone utc = absl::UTCTimeZone();
  const auto at = [&](int day, int hour, int minute, int second) {
    return hours.Contain(
        absl::FromCivil(absl::CivilSecond(2026, 1, day, hour, minute, second),
                        utc),
        utc);
  };
  EXPECT_FALSE(at(4, 23, 59, 59));
  EXPECT_TRUE(at(5, 0, 0, 0));
  EXPECT_TRUE(at(5, 23, 59, 59));
  EXPECT_FALSE(at(6, 0, 0, 0));
}

TEST(WorkingHoursTest, MistakesAreNamed) {
  config::Faults faults;
  Compile(
      "time_zone: ../etc/passwd\n"
      "periods: [{days: [], start: '8:00', end: '24:01'}, {start: '25:00'}]\n"
      "holidays: ['02-30', '2025-02-29', tomorrow, '02-29']\n",
      &faults);
  const std::string text = faults.Format();
  for (const char* field :
       {"name: ", "time_zone: ", "periods[0].start: ", "periods[0].end: ",
        "periods[0].days: ", "periods[1].start: ", "periods[1].end: ",
        "holidays[0]: ", "holidays[1]: ", "holidays[2]: "}) {
    EXPECT_THAT(text, HasSubstr(field));
  }
  EXPECT_THAT(text, ::testing::Not(HasSubstr("holidays[3]")));
}

// Of 2025 to 2027, mostly where a mistake would show: within hours of a change
// of the clock, or within seconds of midnight.
absl::Time MomentThatMatters(const absl::TimeZone& zone) {
  const absl::Time anywhere = absl::FromUnixSeconds(
      *rc::gen::inRange<std::int64_t>(1735689600, 1830297600));
  absl::TimeZone::CivilTransition change;
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return anywhere;
    case 1:
      return absl::FromCivil(absl::CivilDay(zone.At(anywhere).cs), zone) +
             absl::Seconds(*rc::gen::inRange(-90, 91));
    default:
      if (!zone.NextTransition(anywhere, &change)) return anywhere;
      return zone.At(change.from).pre +
             absl::Minutes(*rc::gen::inRange(-300, 301));
  }
}

// A minute of the day, mostly near this one.
int MinuteNear(int minute) {
  constexpr int kDay = 24 * 60;
  if (*rc::gen::inRange(0, 3) == 0) return *rc::gen::inRange(0, kDay);
  return (minute + *rc::gen::inRange(-90, 91) + kDay) % kDay;
}

// The clock on the wall decides, also where it is put forward or back: two
// moments at which it shows the same are the same.
RC_GTEST_PROP(WorkingHoursProperty, TheWallClockDecides, ()) {
  static const auto* const kZones =
      new std::vector<std::string>{"Europe/Vienna",
                                   "America/Chicago",
                                   "America/Sao_Paulo",
                                   "Australia/Lord_Howe",
                                   "Pacific/Apia",
                                   "Africa/Casablanca",
                                   "UTC"};
  const std::string zone_name = *rc::gen::elementOf(*kZones);
  absl::TimeZone zone;
  RC_ASSERT(absl::LoadTimeZone(zone_name, &zone));
  const absl::Time time = MomentThatMatters(zone);
  const absl::CivilSecond wall = zone.At(time).cs;
  const int shown_minute = wall.hour() * 60 + wall.minute();
  const int begin = MinuteNear(shown_minute);
  // Of the same day or until the next one, up to a whole day.
  const int end = MinuteNear(shown_minute);
  const int length = end > begin ? end - begin : end - begin + 24 * 60;
  // That of the moment, of the day before or any.
  const int weekday = (static_cast<int>(absl::GetWeekday(
                           absl::CivilDay(wall) - *rc::gen::inRange(0, 3))) -
                       static_cast<int>(absl::Weekday::monday) + 7) %
                          7 +
                      1;
  ::config::v1::WorkingHours config;
  config.set_name("w");
  config.set_time_zone(zone_name);
  auto* period = config.add_periods();
  period->add_days(static_cast<::config::v1::Weekday>(weekday));
  const auto clock = [](int minute) {
    const int shown = minute <= 24 * 60 ? minute : minute - 24 * 60;
    return absl::FormatTime("%H:%M",
                            absl::FromUnixSeconds(60 * (shown % (24 * 60))),
                            absl::UTCTimeZone());
  };
  period->set_start(clock(begin));
  period->set_end(begin + length == 24 * 60 ? "24:00" : clock(begin + length));
  config::Faults faults;
  const WorkingHours hours = WorkingHours::Compile(config, "", &faults);
  RC_ASSERT(faults.empty());

  const auto at = [](absl::CivilDay day, int minute) {
    return absl::CivilSecond(day) + std::int64_t{60} * minute;
  };
  bool expected = false;
  for (const absl::CivilDay day :
       {absl::CivilDay(wall), absl::CivilDay(wall) - 1}) {
    const int monday_first = static_cast<int>(absl::GetWeekday(day)) -
                             static_cast<int>(absl::Weekday::monday) + 1;
    expected = expected || (monday_first == weekday && at(day, begin) <= wall &&
                            wall < at(day, begin + length));
  }
  RC_ASSERT(hours.Contain(time, absl::UTCTimeZone()) == expected);
  // An hour that the clock shows twice.
  const absl::TimeZone::TimeInfo shown = zone.At(wall);
  RC_ASSERT(hours.Contain(shown.pre, absl::UTCTimeZone()) ==
            hours.Contain(shown.post, absl::UTCTimeZone()));
}

}  // namespace
}  // namespace opcon_snow::incident
