#ifndef OPCON_SNOW_COMMON_TESTING_STATUS_MATCHERS_H_
#define OPCON_SNOW_COMMON_TESTING_STATUS_MATCHERS_H_

// GoogleTest matchers for absl::Status and absl::StatusOr<T>. Tests only.
//
//   EXPECT_OK(store.Open());
//   ASSERT_OK_AND_ASSIGN(Job job, client.GetJob(id));
//   EXPECT_THAT(result, StatusIs(absl::StatusCode::kNotFound,
//                                HasSubstr("JOB001")));
//   EXPECT_THAT(result, HasReason("JOB_NOT_FOUND"));
//   EXPECT_THAT(result, IsOkAndHolds(42));

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow {
namespace testing_internal {

inline const absl::Status& ToStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace testing_internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = testing_internal::ToStatus(arg);
  if (!status.ok()) *result_listener << status.ToString();
  return status.ok();
}

// OK, and the value matches.
MATCHER_P(IsOkAndHolds, value_matcher, "is OK and holds a matching value") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value_matcher, *arg, result_listener);
}

MATCHER_P(StatusIs, code, "has the code " + absl::StatusCodeToString(code)) {
  const absl::Status& status = testing_internal::ToStatus(arg);
  *result_listener << status.ToString();
  return status.code() == code;
}

MATCHER_P2(StatusIs, code, message_matcher,
           "has the code " + absl::StatusCodeToString(code) +
               " and a matching message") {
  const absl::Status& status = testing_internal::ToStatus(arg);
  *result_listener << status.ToString() << " ";
  return status.code() == code &&
         ::testing::ExplainMatchResult(
             message_matcher, std::string(status.message()), result_listener);
}

// The reason of the error's google.rpc.ErrorInfo matches.
MATCHER_P(HasReason, reason_matcher, "has a matching ErrorInfo reason") {
  const absl::Status& status = testing_internal::ToStatus(arg);
  *result_listener << status.ToString() << " ";
  return ::testing::ExplainMatchResult(reason_matcher, GetErrorReason(status),
                                       result_listener);
}

}  // namespace opcon_snow

#define EXPECT_OK(...) EXPECT_THAT((__VA_ARGS__), ::opcon_snow::IsOk())
#define ASSERT_OK(...) ASSERT_THAT((__VA_ARGS__), ::opcon_snow::IsOk())

#define OPCON_SNOW_ASSERT_OK_AND_ASSIGN_(temporary, target, ...) \
  auto temporary = (__VA_ARGS__);                                \
  ASSERT_THAT(temporary, ::opcon_snow::IsOk());                  \
  target = *std::move(temporary)

#define ASSERT_OK_AND_ASSIGN(target, ...)                             \
  OPCON_SNOW_ASSERT_OK_AND_ASSIGN_(                                   \
      OPCON_SNOW_STATUS_CONCAT_(opcon_snow_or_, __COUNTER__), target, \
      __VA_ARGS__)

#endif  // OPCON_SNOW_COMMON_TESTING_STATUS_MATCHERS_H_
