#include "opcon_gateway/wire_time.h"

#include <string>

#include "gtest/gtest.h"

namespace opcon_snow::opcon {
namespace {

absl::Time Utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error))
      << error;
  return time;
}

TEST(WireTimeTest, ReadsSevenDigitsAndOffset) {
  const auto time = ParseWireTime("2017-06-11T15:03:27.7480000-05:00");
  ASSERT_TRUE(time);
  EXPECT_EQ(time->time, Utc("2017-06-11T20:03:27.748Z"));
  EXPECT_EQ(time->utc_offset, -absl::Hours(5));
}

TEST(WireTimeTest, ReadsTheOtherForms) {
  EXPECT_EQ(ParseWireTime("2026-01-05T03:00:01+05:30")->time,
            Utc("2026-01-04T21:30:01Z"));
  EXPECT_EQ(ParseWireTime("2026-01-05T03:00:01Z")->utc_offset,
            absl::ZeroDuration());
  const auto local = ParseWireTime("2026-01-05T03:00:01.5");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->time, Utc("2026-01-05T03:00:01.5Z"));
  EXPECT_FALSE(local->utc_offset);
}

TEST(WireTimeTest, TakesTheZeroOfACalendarForNoTime) {
  EXPECT_FALSE(ParseWireTime("0001-01-01T00:00:00"));
  EXPECT_FALSE(ParseWireTime("0001-01-01T00:00:00.0000000+01:00"));
  EXPECT_FALSE(ParseWireTime("1899-12-30T00:00:00.0000000-06:00"));
}

TEST(WireTimeTest, RefusesEverythingElse) {
  for (const std::string text :
       {"", "now", "2026-01-05", "2026-01-05 03:00:01", "infinite-future",
        "2026-13-05T03:00:01Z", "2026-01-05T25:00:01Z", "2026-01-05T03:00:01 ",
        "2026-01-05T03:00:01+05", "2026-01-05T03:00:01+99:00",
        " 2026-01-05T03:00:01Z", "20261-01-05T03:00:01Z"}) {
    EXPECT_FALSE(ParseWireTime(text)) << text;
  }
}

TEST(WireTimeTest, ReadsDatesWhateverFollows) {
  for (const std::string text : {"2026-01-05", "2026-01-05T00:00:00.0000000",
                                 "2026-01-05T23:59:59.0000000-06:00"}) {
    const auto date = ParseWireDate(text);
    ASSERT_TRUE(date) << text;
    EXPECT_EQ(FormatDate(*date), "2026-01-05");
  }
  for (const std::string text : {"", "2026-02-30", "2026/01/05", "05-01-2026",
                                 "2026-1-5", "2026-01-05x", "0001-01-01"}) {
    EXPECT_FALSE(ParseWireDate(text)) << text;
  }
}

TEST(WireTimeTest, ReadsTheDateOfAnId) {
  EXPECT_EQ(FormatDate(*ParseIdDate("20260105")), "2026-01-05");
  EXPECT_FALSE(ParseIdDate("20260230"));
  EXPECT_FALSE(ParseIdDate("2026010"));
  EXPECT_FALSE(ParseIdDate("202601055"));
}

TEST(WireTimeTest, KnowsTheCalendar) {
  google::type::Date date;
  date.set_year(2028);
  date.set_month(2);
  date.set_day(29);
  EXPECT_TRUE(IsValidDate(date));
  date.set_year(2026);
  EXPECT_FALSE(IsValidDate(date));
  EXPECT_FALSE(IsValidDate(google::type::Date()));
}

TEST(WireTimeTest, MakesTimestamps) {
  const auto timestamp = ToTimestamp(Utc("2026-01-05T03:00:01.25Z"));
  EXPECT_EQ(timestamp.seconds(), 1767582001);
  EXPECT_EQ(timestamp.nanos(), 250000000);
}

TEST(WireTimeTest, ATimeWithoutOffsetIsOneOfTheSite) {
  absl::TimeZone chicago;
  ASSERT_TRUE(absl::LoadTimeZone("America/Chicago", &chicago));
  const auto winter = ParseWireTime("2026-01-05T03:00:00.0000000", chicago);
  const auto summer = ParseWireTime("2026-07-05T03:00:00", chicago);
  ASSERT_TRUE(winter && summer);
  EXPECT_EQ(winter->time, ParseWireTime("2026-01-05T09:00:00Z")->time);
  EXPECT_EQ(winter->utc_offset, absl::Hours(-6));
  EXPECT_EQ(summer->time, ParseWireTime("2026-07-05T08:00:00Z")->time);
  EXPECT_EQ(summer->utc_offset, absl::Hours(-5));
  // What OpCon says counts more.
  const auto said = ParseWireTime("2026-01-05T03:00:00+01:00", chicago);
  EXPECT_EQ(said->utc_offset, absl::Hours(1));
  EXPECT_EQ(said->time, ParseWireTime("2026-01-05T02:00:00Z")->time);
}

}  // namespace
}  // namespace opcon_snow::opcon
