#include "sandbox/opcon/ids.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

TEST(DailyJobIdTest, ReadsWhatTheApiWrites) {
  const auto id = DailyJobId::Parse("20260105|16|1|JOB001");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->schedule.date, absl::CivilDay(2026, 1, 5));
  EXPECT_EQ(id->schedule.schedule_id, 16);
  EXPECT_EQ(id->schedule.instance, 1);
  EXPECT_EQ(id->job_name, "JOB001");
  EXPECT_EQ(id->ToString(), "20260105|16|1|JOB001");
}

TEST(DailyJobIdTest, KeepsBlanksSlashesAndDollars) {
  const auto id = DailyJobId::Parse("20260105|16|2|Load A/B $0001");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->job_name, "Load A/B $0001");
}

TEST(DailyJobIdTest, RefusesWhatIsNone) {
  for (const char* text :
       {"", "20260105", "20260105|16|1", "20260105|16|1|", "2026-01-05|16|1|J",
        "20260230|16|1|J", "20261301|16|1|J", "20260105|-16|1|J",
        "20260105|+16|1|J", "20260105| 16|1|J", "20260105|16||J",
        "20260105|99999999999|1|J", "4711"}) {
    EXPECT_FALSE(DailyJobId::Parse(text).has_value()) << text;
  }
}

TEST(DailyScheduleIdTest, RefusesAJobId) {
  EXPECT_TRUE(DailyScheduleId::Parse("20260105|16|1").has_value());
  EXPECT_FALSE(DailyScheduleId::Parse("20260105|16|1|JOB001").has_value());
}

TEST(ParseDateTest, TakesTheFormsOfTheClients) {
  const absl::CivilDay day(2026, 1, 5);
  EXPECT_EQ(ParseDate("2026-01-05"), day);
  EXPECT_EQ(ParseDate("2026/01/05"), day);
  EXPECT_EQ(ParseDate("20260105"), day);
  EXPECT_EQ(ParseDate("2026-01-05T00:00:00.0000000"), day);
  for (const char* text : {"", "05.01.2026", "2026-01/05", "2026-1-5",
                           "2026-02-29", "2026-01-05 ", "T", "0000-01-01"}) {
    EXPECT_EQ(ParseDate(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(DailyJobIdTest, ReadsBackEveryId, ()) {
  const DailyJobId id{
      {absl::CivilDay(*rc::gen::inRange(1900, 9999), *rc::gen::inRange(1, 13),
                      *rc::gen::inRange(1, 29)),
       *rc::gen::inRange(0, 2'000'000'000), *rc::gen::inRange(0, 100'000)},
      *rc::gen::nonEmpty(rc::gen::arbitrary<std::string>())};
  const auto parsed = DailyJobId::Parse(id.ToString());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == id);
}

RC_GTEST_PROP(DailyJobIdTest, OnlyWellFormedPartsMakeAnId, ()) {
  const auto part = [](std::vector<std::string> texts) {
    return rc::gen::elementOf(std::move(texts));
  };
  const std::string date =
      *part({"20260105", "20240229", "20260229", "2026010", "2026-1-5", ""});
  const std::string number = *part({"0", "1", "007", "+1", "-1", "1 ", ""});
  const std::string instance = *part({"1", "2147483647", "2147483648", "x"});
  const std::string name = *part({"J", "A|B", " ", ""});
  const auto id =
      DailyJobId::Parse(date + "|" + number + "|" + instance + "|" + name);
  const bool good = (date == "20260105" || date == "20240229") &&
                    (number == "0" || number == "1" || number == "007") &&
                    (instance == "1" || instance == "2147483647") &&
                    !name.empty();
  RC_ASSERT(id.has_value() == good);
  // Leading zeros are the only thing that gets lost.
  if (good) RC_ASSERT(DailyJobId::Parse(id->ToString()) == id);
}

RC_GTEST_PROP(ParseDateTest, OnlyDaysOfTheCalendarAreDates, ()) {
  const int year = *rc::gen::inRange(1890, 2110);
  const int month = *rc::gen::inRange(0, 14);
  const int day = *rc::gen::inRange(0, 33);
  const absl::CivilDay civil(year, month, day);
  const bool exists =
      year >= 1900 && civil.month() == month && civil.day() == day;
  const auto date =
      ParseDate(absl::StrFormat("%04d-%02d-%02d", year, month, day));
  RC_ASSERT(date.has_value() == exists);
  if (exists) RC_ASSERT(*date == civil);
}

RC_GTEST_PROP(ParseDateTest, ReadsAnyBytes, (const std::string& text)) {
  RC_ASSERT(!ParseDate("!" + text).has_value());
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
