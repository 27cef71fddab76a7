#include "common/config/validate.h"

#include "absl/time/time.h"
#include "common/config/fault.h"
#include "google/protobuf/duration.pb.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

TEST(FieldPathTest, JoinsNamesAndIndices) {
  EXPECT_EQ(FieldPath("", "name"), "name");
  EXPECT_EQ(FieldPath("listener", "address"), "listener.address");
  EXPECT_EQ(FieldPath("instances", 2), "instances[2]");
  EXPECT_EQ(FieldPath("instances", 2, "base_url"), "instances[2].base_url");
}

TEST(DurationTextTest, ReadsLikeAConfiguration) {
  EXPECT_EQ(DurationText(absl::Milliseconds(250)), "250ms");
  EXPECT_EQ(DurationText(absl::Minutes(5)), "5m");
  EXPECT_EQ(DurationText(absl::Hours(7 * 24)), "7d");
  EXPECT_EQ(DurationText(absl::Hours(25)), "25h");
}

TEST(CheckTest, SaysWhatIsWrong) {
  Faults faults("f");
  CheckRequired("name", "set", &faults);
  CheckRange("count", 0, 5, 10, &faults);
  CheckRange("count", 5, 5, 10, &faults);
  CheckRange("count", 10, 5, 10, &faults);
  google::protobuf::Duration second;
  second.set_seconds(1);
  CheckRange("time", second, absl::Seconds(1), absl::Minutes(1), &faults);
  EXPECT_TRUE(faults.empty());

  CheckRequired("name", "", &faults);
  CheckRange("count", 4, 5, 10, &faults);
  CheckRange("count", -1, 5, 10, &faults);
  CheckRange("count", 11, 5, 10, &faults);
  CheckRange("time", second, absl::Seconds(2), absl::Hours(48), &faults);
  EXPECT_EQ(faults.Format(),
            "f: name: is required\n"
            "f: count: 4 is not between 5 and 10\n"
            "f: count: -1 is not between 5 and 10\n"
            "f: count: 11 is not between 5 and 10\n"
            "f: time: 1s is not between 2s and 2d\n");
}

}  // namespace
}  // namespace opcon_snow::config
