#include "cli/doctor_local.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"
#include "incident/v1/operations.pb.h"

namespace opcon_snow::cli {
namespace {

using ::testing::HasSubstr;

google::protobuf::Timestamp At(std::int64_t seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  return time;
}

// The service may have looked at any moment of a call that took long.
TEST(ClockHopTest, TakesTheRoundTripIntoAccount) {
  const absl::Time sent = absl::FromUnixSeconds(1000);
  const absl::Duration took = absl::Seconds(60);
  for (const std::int64_t fine : {971, 1000, 1030, 1060, 1089}) {
    EXPECT_EQ(ClockHop(At(fine), sent, took).state(),
              ::incident::v1::HOP_STATE_OK)
        << fine;
  }
  EXPECT_THAT(ClockHop(At(970), sent, took).message(),
              HasSubstr("is 30s ahead of"));
  EXPECT_THAT(ClockHop(At(1090), sent, took).message(),
              HasSubstr("is 30s behind"));
  EXPECT_THAT(ClockHop(At(400), sent, took).message(),
              HasSubstr("is 10m ahead of"));
}

}  // namespace
}  // namespace opcon_snow::cli
