#include "common/config/scalar_parser.h"

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "config/v1/common.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;

TEST(ParseDurationTest, AddsItsPieces) {
  EXPECT_THAT(ParseDuration("1d2h3m4s5ms6us7ns"),
              IsOkAndHolds(absl::Hours(26) + absl::Minutes(3) +
                           absl::Seconds(4) + absl::Milliseconds(5) +
                           absl::Microseconds(6) + absl::Nanoseconds(7)));
  EXPECT_THAT(ParseDuration(".5s"), IsOkAndHolds(absl::Milliseconds(500)));
  for (const char* bad : {"", "5", "s", "5 s", "-1s", "1s ", "1S", "1w", "."}) {
    EXPECT_THAT(ParseDuration(bad),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(ParseDateTest, TakesOnlyDaysOfTheCalendar) {
  EXPECT_THAT(ParseDate("2026-01-05"),
              IsOkAndHolds(absl::CivilDay(2026, 1, 5)));
  for (const char* bad : {"2026-1-5", "2026-13-01", "2025-02-29", "20260105",
                          "2026-01-05 ", "2026/01/05", ""}) {
    EXPECT_THAT(ParseDate(bad), StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(ParseSignedTest, KeepsToItsBounds) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(ParseSigned("-9223372036854775808", kMin, kMax),
              IsOkAndHolds(kMin));
  EXPECT_THAT(ParseSigned("-9223372036854775809", kMin, kMax),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseSigned("11", 0, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "11 is not between 0 and 10"));
  EXPECT_THAT(ParseSigned(" 1", 0, 10),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseEnumTest, KnowsRealEnums) {
  const auto& type = *::config::v1::LogLevel_descriptor();
  const auto info = ParseEnum("info", type);
  ASSERT_OK(info);
  EXPECT_EQ((*info)->number(), ::config::v1::LOG_LEVEL_INFO);
  EXPECT_THAT(ParseEnum("loud", type),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("debug, info, warning, error")));
}

TEST(ParseTest, ErrorsDoNotRepeatLongTexts) {
  const auto result = ParseBool(std::string(10'000, 'x'));
  EXPECT_THAT(std::string(result.status().message()), SizeIs(Lt(200U)));
}

}  // namespace
}  // namespace opcon_snow::config::internal
