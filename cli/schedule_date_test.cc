#include "cli/schedule_date.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::testing::HasSubstr;

struct Good {
  std::string text;
  std::string date;
};

class Understood : public ::testing::TestWithParam<Good> {};

TEST_P(Understood, IsThatDay) {
  ASSERT_OK_AND_ASSIGN(const auto date, ParseScheduleDate(GetParam().text));
  EXPECT_EQ(FormatScheduleDate(date), GetParam().date);
}

INSTANTIATE_TEST_SUITE_P(
    AllForms, Understood,
    ::testing::Values(
        // What the connector documents.
        Good{"2026-01-05", "2026-01-05"}, Good{"2026-1-5", "2026-01-05"},
        Good{"2026/01/05", "2026-01-05"}, Good{"2026.01.05", "2026-01-05"},
        Good{"2026 01 05", "2026-01-05"}, Good{"20260105", "2026-01-05"},
        Good{" 2026-01-05\t", "2026-01-05"},
        // OpCon's default, dd-mmm-yyyy.
        Good{"05-Jan-2026", "2026-01-05"}, Good{"5-JAN-2026", "2026-01-05"},
        Good{"05-january-2026", "2026-01-05"},
        Good{"5 September 2026", "2026-09-05"},
        Good{"05 Sept 2026", "2026-09-05"}, Good{"05JAN2026", "2026-01-05"},
        Good{"Jan 5, 2026", "2026-01-05"},
        Good{"January 05 2026", "2026-01-05"},
        Good{"2026-Jan-05", "2026-01-05"}, Good{"2026 may 31", "2026-05-31"},
        // With dots, the day is first everywhere.
        Good{"05.01.2026", "2026-01-05"}, Good{"3.4.2026", "2026-04-03"},
        // Only one reading.
        Good{"25/01/2026", "2026-01-25"}, Good{"01/25/2026", "2026-01-25"},
        Good{"05/05/2026", "2026-05-05"}, Good{"13-12-2026", "2026-12-13"},
        Good{"02/29/2028", "2028-02-29"},
        // Midnight is no time of day.
        Good{"2026-01-05 00:00:00", "2026-01-05"},
        Good{"2026-01-05T00:00:00Z", "2026-01-05"},
        Good{"2026/01/05 0:00", "2026-01-05"},
        Good{"25/01/2026 12:00:00 AM", "2026-01-25"}));

struct Bad {
  std::string text;
  std::string message;
};

class NotUnderstood : public ::testing::TestWithParam<Bad> {};

constexpr char kWrite[] =
    "; write it as yyyy-MM-dd, such as 2026-01-05 (in OpCon: the global "
    "property \"$SCHEDULE DATE-SNOW\" with the value yyyy-MM-dd gives that)";

TEST_P(NotUnderstood, SaysWhy) {
  const auto date = ParseScheduleDate(GetParam().text);
  ASSERT_THAT(date, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(std::string(date.status().message()), GetParam().message + kWrite);
}

INSTANTIATE_TEST_SUITE_P(
    AllForms, NotUnderstood,
    ::testing::Values(
        Bad{"", "is not a date that is understood"},
        Bad{"today", "is not a date that is understood"},
        Bad{"2026", "is not a date that is understood"},
        Bad{"2026-01", "is not a date that is understood"},
        Bad{"-2026-01-05", "is not a date that is understood"},
        Bad{"2026-01-05-06", "is not a date that is understood"},
        Bad{"202601", "is not a date that is understood"},
        Bad{"2026-001-05", "is not a date that is understood"},
        Bad{"Jan Feb 2026", "is not a date that is understood"},
        Bad{"2026 05 Jan", "is not a date that is understood"},
        Bad{"05-01-26", "has a year of two digits"},
        Bad{"05-Jan-26", "has a year of two digits"},
        Bad{"05-Mrz-2026", "has the month \"Mrz\", which is not English"},
        Bad{"5 \xc3\xa4\xc3\xb6 2026",
            "has the month \"\xc3\xa4\xc3\xb6\", which is not English"},
        Bad{"2026-02-29", "is not a day of the calendar"},
        Bad{"2026-13-01", "is not a day of the calendar"},
        Bad{"2026-00-01", "is not a day of the calendar"},
        Bad{"2026-01-00", "is not a day of the calendar"},
        Bad{"31.04.2026", "is not a day of the calendar"},
        Bad{"99/99/2026", "is not a day of the calendar"},
        Bad{"01052026", "has the year 105, which is not from 1970 to 2199"},
        Bad{"03/04/0026", "has the year 26, which is not from 1970 to 2199"},
        Bad{"2200-01-01", "has the year 2200, which is not from 1970 to 2199"},
        Bad{"2026-01-05 10:30:00", "has a time of day in it"},
        Bad{"12:00", "has a time of day in it"}));

TEST(ParseScheduleDateTest, ShowsBothReadingsOfAnAmbiguousDate) {
  for (const std::string text : {"03/04/2026", "3-4-2026", "03 04 2026"}) {
    EXPECT_THAT(
        ParseScheduleDate(text),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr("can be read two ways: 3 April 2026 (write "
                           "2026-04-03) or 4 March 2026 (write 2026-03-04)")))
        << text;
  }
}

}  // namespace
}  // namespace opcon_snow::cli
