#include "incident_service/workflow/retry_policy.h"

#include <map>
#include <optional>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

const absl::Time kBegun = absl::FromUnixSeconds(1767603607);
const RetryPolicy kPolicy = {.initial_backoff = absl::Seconds(1),
                             .max_backoff = absl::Seconds(60),
                             .give_up_after = absl::Hours(168)};

std::optional<absl::Duration> Wait(
    const absl::Status& status, int attempts, double jitter,
    absl::Duration since = absl::ZeroDuration()) {
  const std::optional<absl::Time> next =
      NextAttempt(kPolicy, status, attempts, kBegun, kBegun + since, jitter);
  if (!next.has_value()) return std::nullopt;
  return *next - (kBegun + since);
}

TEST(RetryPolicyTest, WaitsDoubleUpToTheLimitWithFullJitter) {
  const absl::Status down = absl::UnavailableError("down");
  EXPECT_EQ(Wait(down, 1, 1.0), absl::Seconds(1));
  EXPECT_EQ(Wait(down, 2, 1.0), absl::Seconds(2));
  EXPECT_EQ(Wait(down, 4, 0.5), absl::Seconds(4));
  EXPECT_EQ(Wait(down, 1000000, 1.0), absl::Seconds(60));
  EXPECT_EQ(Wait(down, 5, 0.0), absl::ZeroDuration());
}

TEST(RetryPolicyTest, WhatTheUpstreamAsksForIsObeyedWithinReason) {
  const auto asks = [](absl::Duration delay) {
    return MakeError(absl::StatusCode::kResourceExhausted, "slow down",
                     {.reason = "UPSTREAM_RATE_LIMITED", .retry_after = delay});
  };
  EXPECT_EQ(Wait(asks(absl::Seconds(30)), 1, 0.1), absl::Seconds(30));
  EXPECT_EQ(Wait(asks(absl::Hours(24 * 700)), 1, 0.1), absl::Hours(1));
}

TEST(RetryPolicyTest, PermanentRefusalsAreNotRepeated) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
        absl::StatusCode::kFailedPrecondition,
        absl::StatusCode::kPermissionDenied, absl::StatusCode::kUnimplemented,
        absl::StatusCode::kResourceExhausted}) {
    EXPECT_EQ(Wait(MakeError(code, "no"), 1, 1.0), std::nullopt)
        << absl::StatusCodeToString(code);
  }
}

TEST(RetryPolicyTest, AnUnknownOutcomeIsSettledByRepeating) {
  EXPECT_TRUE(MayRepeat(
      MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "no answer")));
  EXPECT_TRUE(MayRepeat(absl::DeadlineExceededError("no answer")));
}

TEST(RetryPolicyTest, GivesUpWhenTheTimeIsOver) {
  const absl::Status down = absl::UnavailableError("down");
  EXPECT_TRUE(Wait(down, 9, 1.0, absl::Hours(167)).has_value());
  EXPECT_FALSE(Wait(down, 9, 1.0, absl::Hours(168)).has_value());
  // An upstream that fails inside is shown to a person the same hour.
  const absl::Status broken = absl::InternalError("500");
  EXPECT_TRUE(Wait(broken, 9, 1.0, absl::Minutes(59)).has_value());
  EXPECT_FALSE(Wait(broken, 9, 1.0, absl::Hours(1)).has_value());
}

TEST(RetryBudgetTest, AnUpstreamInTroubleIsAskedByFewUntilItAnswers) {
  RetryBudget budget;
  const absl::Status down = absl::UnavailableError("down");
  for (int i = 0; i < 9; ++i) budget.Record(v1::STEP_KIND_TICKET, down);
  EXPECT_TRUE(budget.Limits().empty());
  budget.Record(v1::STEP_KIND_TICKET, down);
  EXPECT_EQ(budget.Limits(),
            (std::map<v1::StepKind, int>{{v1::STEP_KIND_TICKET, 2}}));
  // A refusal is an answer.
  budget.Record(v1::STEP_KIND_TICKET, absl::NotFoundError("no such job"));
  EXPECT_TRUE(budget.Limits().empty());
}

TEST(RetryBudgetTest, KindsOfStepsDoNotAnswerForEachOther) {
  RetryBudget budget;
  const absl::Status slow = absl::DeadlineExceededError("slow");
  for (int i = 0; i < 20; ++i) budget.Record(v1::STEP_KIND_ATTACH_LOG, slow);
  budget.Record(v1::STEP_KIND_TICKET, absl::OkStatus());
  EXPECT_EQ(budget.Limits(),
            (std::map<v1::StepKind, int>{{v1::STEP_KIND_ATTACH_LOG, 2}}));
}

}  // namespace
}  // namespace opcon_snow::incident
