#include "common/testing/status_matchers.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow {
namespace {

using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusMatchersTest, MatchStatusAndStatusOr) {
  const absl::StatusOr<int> value = 7;
  const absl::StatusOr<int> error = absl::NotFoundError("no row 7");
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(value, IsOk());
  EXPECT_THAT(error, Not(IsOk()));
  EXPECT_THAT(value, IsOkAndHolds(Gt(6)));
  EXPECT_THAT(value, Not(IsOkAndHolds(8)));
  EXPECT_THAT(error, Not(IsOkAndHolds(7)));
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kNotFound, HasSubstr("row 7")));
  EXPECT_THAT(error, Not(StatusIs(absl::StatusCode::kNotFound, "row 8")));
  EXPECT_THAT(error, Not(StatusIs(absl::StatusCode::kInternal)));
  EXPECT_THAT(error, HasReason(""));
  EXPECT_THAT(MakeError(absl::StatusCode::kNotFound, "x", {"NO_ROW"}),
              HasReason("NO_ROW"));
}

TEST(StatusMatchersTest, ExplainWhatTheyGot) {
  ::testing::StringMatchResultListener listener;
  ::testing::ExplainMatchResult(IsOk(), absl::NotFoundError("no row"),
                                &listener);
  EXPECT_THAT(listener.str(), HasSubstr("NOT_FOUND: no row"));
}

TEST(StatusMatchersTest, AssignsMoveOnlyValues) {
  const auto make = []() -> absl::StatusOr<std::unique_ptr<int>> {
    return std::make_unique<int>(3);
  };
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<int> number, make());
  EXPECT_EQ(*number, 3);
  ASSERT_OK(absl::OkStatus());
  EXPECT_OK(make());
}

}  // namespace
}  // namespace opcon_snow
