#include "common/http/retry_after.h"

#include <optional>

#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
constexpr absl::Duration kDay = absl::Hours(24);
const absl::Time kExample = absl::FromUnixSeconds(784111777);

std::optional<absl::Duration> Parse(absl::string_view value, absl::Time now) {
  return ParseRetryAfter(value, now, kDay);
}

TEST(RetryAfterTest, TakesSeconds) {
  EXPECT_EQ(Parse("120", kExample), absl::Seconds(120));
  EXPECT_EQ(Parse(" 0 ", kExample), absl::ZeroDuration());
  EXPECT_EQ(Parse("007", kExample), absl::Seconds(7));
}

TEST(RetryAfterTest, TakesTheThreeFormsOfADate) {
  const absl::Time now = kExample - absl::Seconds(30);
  EXPECT_EQ(Parse("Sun, 06 Nov 1994 08:49:37 GMT", now), absl::Seconds(30));
  EXPECT_EQ(Parse("Sunday, 06-Nov-94 08:49:37 GMT", now), absl::Seconds(30));
  EXPECT_EQ(Parse("Sun Nov  6 08:49:37 1994", now), absl::Seconds(30));
}

TEST(RetryAfterTest, DateInThePastIsNow) {
  EXPECT_EQ(Parse("Sun, 06 Nov 1994 08:49:37 GMT", kExample + kDay),
            absl::ZeroDuration());
}

TEST(RetryAfterTest, IsBounded) {
  EXPECT_EQ(Parse("63072000", kExample), kDay);
  EXPECT_EQ(Parse("99999999999999999999999999", kExample), kDay);
  EXPECT_EQ(Parse("Fri, 06 Nov 2094 08:49:37 GMT", kExample), kDay);
  EXPECT_EQ(ParseRetryAfter("5", kExample, -absl::Seconds(1)),
            absl::ZeroDuration());
}

TEST(RetryAfterTest, RefusesEverythingElse) {
  for (const char* value :
       {"", "soon", "-5", "1.5", "+5", "5s", "0x10", "infinite-future",
        "infinite-past", "Sun, 06 Nov 1994 08:49:37", "1994-11-06T08:49:37Z",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT x"}) {
    EXPECT_EQ(Parse(value, kExample), std::nullopt) << value;
  }
}

TEST(HttpDateTest, TwoDigitYearsLieAtMostFiftyYearsAhead) {
  const absl::Time in_2026 =
      absl::FromCivil(absl::CivilDay(2026, 6, 1), absl::UTCTimeZone());
  auto year = [&](absl::string_view text) {
    auto time = ParseHttpDate(text, in_2026);
    return time ? absl::ToCivilYear(*time, absl::UTCTimeZone()).year() : 0;
  };
  EXPECT_EQ(year("Tuesday, 02-Jun-26 00:00:00 GMT"), 2026);
  EXPECT_EQ(year("Tuesday, 02-Jun-76 00:00:00 GMT"), 2076);
  EXPECT_EQ(year("Tuesday, 02-Jun-77 00:00:00 GMT"), 1977);
  EXPECT_EQ(year("Tuesday, 02-Jun-99 00:00:00 GMT"), 1999);
}

}  // namespace
}  // namespace opcon_snow::http
