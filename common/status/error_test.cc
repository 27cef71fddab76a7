#include "common/status/error.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace opcon_snow {
namespace {

using ::testing::HasSubstr;

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

ErrorDetails FullDetails() {
  ErrorDetails details;
  details.reason = "JOB_NOT_FOUND";
  details.domain = "opcon-gateway.opcon-snow";
  details.metadata = {{"http_status_code", "404"}, {"upstream", "prod"}};
  details.retry_after = absl::Milliseconds(1500);
  details.violations = {{"job.name", "is empty"}, {"job.date", "no date"}};
  return details;
}

TEST(MakeErrorTest, KeepsEveryDetail) {
  const absl::Status status =
      MakeError(absl::StatusCode::kNotFound, "no job", FullDetails());
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no job");
  EXPECT_EQ(GetErrorDetails(status), FullDetails());
  EXPECT_EQ(GetErrorReason(status), "JOB_NOT_FOUND");
}

TEST(MakeErrorTest, StoresTheGoogleRpcMessages) {
  const absl::Status status =
      MakeError(absl::StatusCode::kNotFound, "no job", FullDetails());
  const auto payload = status.GetPayload(kErrorInfoUrl);
  ASSERT_TRUE(payload.has_value());
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(info.ParseFromString(std::string(*payload)));
  EXPECT_EQ(info.reason(), "JOB_NOT_FOUND");
  EXPECT_EQ(info.metadata().at("upstream"), "prod");
}

TEST(MakeErrorTest, NamesTheCodeIfThereIsNoReason) {
  const absl::Status status = MakeError(absl::StatusCode::kDataLoss, "gone");
  EXPECT_THAT(status, HasReason("DATA_LOSS"));
}

TEST(MakeErrorTest, TextsBecomeUtf8) {
  ErrorDetails details;
  details.reason = "R";
  details.metadata["k\xFF"] = "v\xFF";
  details.violations = {{"f\xFF", "d\xFF"}};
  const auto kept =
      GetErrorDetails(MakeError(absl::StatusCode::kInternal, "m", details));
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->metadata.at("k\uFFFD"), "v\uFFFD");
  EXPECT_EQ(kept->violations[0].description, "d\uFFFD");
}

TEST(MakeErrorTest, AnErrorNeverBecomesSuccess) {
  const absl::Status status = MakeError(absl::StatusCode::kOk, "what");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, HasSubstr("what")));
}

TEST(GetErrorDetailsTest, NothingWithoutDetails) {
  EXPECT_FALSE(GetErrorDetails(absl::OkStatus()).has_value());
  EXPECT_FALSE(GetErrorDetails(absl::UnknownError("x")).has_value());
  EXPECT_EQ(GetErrorReason(absl::UnknownError("x")), "");
}

TEST(GetErrorDetailsTest, IgnoresPayloadsThatCannotBeParsed) {
  absl::Status status = absl::UnknownError("x");
  status.SetPayload(kErrorInfoUrl, absl::Cord("\xFF\xFF\xFF"));
  status.SetPayload(kRetryInfoUrl, absl::Cord("\xFF"));
  EXPECT_FALSE(GetErrorDetails(status).has_value());
  EXPECT_FALSE(IsRetryable(status));
  EXPECT_FALSE(IsOutcomeUnknown(status));
}

TEST(WithDetailsTest, ReplacesTheOldOnesAndKeepsForeignPayloads) {
  absl::Status status =
      MakeError(absl::StatusCode::kNotFound, "no job", FullDetails());
  status.SetPayload("type.googleapis.com/other", absl::Cord("kept"));
  ErrorDetails details;
  details.reason = "OTHER";
  const absl::Status changed = WithDetails(status, details);
  EXPECT_EQ(GetErrorDetails(changed), details);
  EXPECT_EQ(changed.GetPayload("type.googleapis.com/other"), "kept");
  EXPECT_OK(WithDetails(absl::OkStatus(), details));
}

TEST(WithContextTest, PrefixesTheMessageAndKeepsTheDetails) {
  const absl::Status status =
      MakeError(absl::StatusCode::kNotFound, "no job", FullDetails());
  const absl::Status outer = WithContext(status, "opcon \"prod\"");
  EXPECT_THAT(outer,
              StatusIs(absl::StatusCode::kNotFound, "opcon \"prod\": no job"));
  EXPECT_EQ(GetErrorDetails(outer), FullDetails());
  EXPECT_OK(WithContext(absl::OkStatus(), "x"));
}

TEST(RetryDelayTest, StaysInTheRangeOfTheMessage) {
  const auto delay_of = [](absl::Duration delay) {
    ErrorDetails details;
    details.retry_after = delay;
    return RetryDelay(MakeError(absl::StatusCode::kUnavailable, "x", details));
  };
  EXPECT_EQ(delay_of(absl::Nanoseconds(1)), absl::Nanoseconds(1));
  EXPECT_EQ(delay_of(absl::Seconds(90)), absl::Seconds(90));
  EXPECT_EQ(delay_of(-absl::Seconds(1)), absl::ZeroDuration());
  EXPECT_EQ(delay_of(absl::InfiniteDuration()), absl::Seconds(315'576'000'000));
}

TEST(RetryDelayTest, ForeignValuesAreBounded) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(
      std::numeric_limits<std::int64_t>::min());
  info.mutable_retry_delay()->set_nanos(-5);
  absl::Status status = absl::UnavailableError("x");
  status.SetPayload(kRetryInfoUrl, absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(RetryDelay(status), absl::ZeroDuration());
}

TEST(OutcomeUnknownTest, IsMarkedAndNeverRetryable) {
  ErrorDetails details;
  details.retry_after = absl::Seconds(1);
  const absl::Status status =
      MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "lost", details);
  EXPECT_TRUE(IsOutcomeUnknown(status));
  EXPECT_THAT(status, HasReason("OUTCOME_UNKNOWN"));
  EXPECT_FALSE(IsRetryable(status));
  EXPECT_FALSE(IsOutcomeUnknown(absl::UnavailableError("x")));

  details.reason = "RESTART_LOST";
  EXPECT_THAT(
      MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "lost", details),
      HasReason("RESTART_LOST"));
}

TEST(IsRetryableTest, FollowsTheWrittenPolicyForEveryCode) {
  for (int raw = 0; raw <= 16; ++raw) {
    const auto code = static_cast<absl::StatusCode>(raw);
    if (code == absl::StatusCode::kOk) continue;
    const bool by_code = code == absl::StatusCode::kUnavailable ||
                         code == absl::StatusCode::kAborted;
    EXPECT_EQ(IsRetryable(absl::Status(code, "x")), by_code) << raw;
    ErrorDetails details;
    details.retry_after = absl::Seconds(1);
    EXPECT_TRUE(IsRetryable(MakeError(code, "x", details))) << raw;
  }
  EXPECT_FALSE(IsRetryable(absl::OkStatus()));
}

}  // namespace
}  // namespace opcon_snow
