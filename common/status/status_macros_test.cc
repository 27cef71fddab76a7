#include "common/status/status_macros.h"

#include <coroutine>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/async/sync_wait.h"
#include "common/async/task.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow {
namespace {

absl::StatusOr<std::unique_ptr<int>> Number(int value) {
  if (value < 0) return absl::OutOfRangeError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b, absl::Status first) {
  OPCON_SNOW_RETURN_IF_ERROR(first);
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<int> x, Number(a));
  OPCON_SNOW_ASSIGN_OR_RETURN(auto y, Number(b));
  return *x + *y;
}

TEST(StatusMacrosTest, GoOnWhenOk) {
  EXPECT_THAT(Sum(1, 2, absl::OkStatus()), IsOkAndHolds(3));
}

TEST(StatusMacrosTest, ReturnTheError) {
  EXPECT_THAT(Sum(1, 2, absl::AbortedError("first")),
              StatusIs(absl::StatusCode::kAborted, "first"));
  EXPECT_THAT(Sum(-1, 2, absl::OkStatus()),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Sum(1, -2, absl::OkStatus()),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(StatusMacrosTest, EvaluateOnce) {
  int evaluations = 0;
  const auto run = [&]() -> absl::Status {
    OPCON_SNOW_RETURN_IF_ERROR([&] {
      ++evaluations;
      return absl::OkStatus();
    }());
    OPCON_SNOW_ASSIGN_OR_RETURN(int n, [&]() -> absl::StatusOr<int> {
      ++evaluations;
      return 1;
    }());
    evaluations += n;
    return absl::OkStatus();
  };
  EXPECT_OK(run());
  EXPECT_EQ(evaluations, 3);
}

async::Task<absl::StatusOr<std::unique_ptr<int>>> AsyncNumber(int value) {
  co_return Number(value);
}

async::Task<absl::Status> AsyncStatus(absl::Status status) { co_return status; }

async::Task<absl::StatusOr<int>> AsyncSum(int a, int b, absl::Status first) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(co_await AsyncStatus(first));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(auto x, co_await AsyncNumber(a));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(auto y, co_await AsyncNumber(b));
  co_return *x + *y;
}

TEST(StatusMacrosTest, WorkInCoroutines) {
  EXPECT_THAT(async::SyncWait(AsyncSum(1, 2, absl::OkStatus())),
              IsOkAndHolds(3));
  EXPECT_THAT(async::SyncWait(AsyncSum(1, 2, absl::AbortedError("first"))),
              StatusIs(absl::StatusCode::kAborted, "first"));
  EXPECT_THAT(async::SyncWait(AsyncSum(1, -2, absl::OkStatus())),
              StatusIs(absl::StatusCode::kOutOfRange));
}

}  // namespace
}  // namespace opcon_snow
