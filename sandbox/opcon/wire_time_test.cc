#include "sandbox/opcon/wire_time.h"

#include <optional>

#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

absl::Time Noon() {
  return absl::FromCivil(absl::CivilSecond(2026, 1, 5, 12, 0, 7),
                         absl::UTCTimeZone()) +
         absl::Microseconds(748);
}

TEST(WireTimeTest, SevenDigitsAndANumericOffset) {
  EXPECT_EQ(FormatWireTime(Noon(), *ParseUtcOffset("-06:00")),
            "2026-01-05T06:00:07.0007480-06:00");
  EXPECT_EQ(FormatWireTime(Noon(), *ParseUtcOffset("+05:30")),
            "2026-01-05T17:30:07.0007480+05:30");
  EXPECT_EQ(FormatWireTime(Noon(), absl::UTCTimeZone()),
            "2026-01-05T12:00:07.0007480+00:00");
}

TEST(WireTimeTest, Dates) {
  const absl::CivilDay day(2026, 1, 5);
  EXPECT_EQ(FormatWireDateTime(day), "2026-01-05T00:00:00.0000000");
  EXPECT_EQ(FormatIsoDate(day), "2026-01-05");
  EXPECT_EQ(FormatLongDate(day), "05-Jan-2026");
  EXPECT_EQ(FormatLongDate(absl::CivilDay(2026, 12, 31)), "31-Dec-2026");
  EXPECT_EQ(FormatPropertyTime(Noon(), *ParseUtcOffset("-06:00")),
            "2026/01/05 06:00:07");
}

TEST(ParseUtcOffsetTest, RefusesWhatIsNone) {
  for (const char* text : {"", "06:00", "-6:00", "-06", "-0600", "-06:60",
                           "-15:00", "+14:01", "UTC", "-06:00 ", "--6:00"}) {
    EXPECT_FALSE(ParseUtcOffset(text).has_value()) << text;
  }
  EXPECT_TRUE(ParseUtcOffset("Z").has_value());
  EXPECT_TRUE(ParseUtcOffset("+14:00").has_value());
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
