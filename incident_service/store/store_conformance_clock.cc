// The time of day jumps, as when NTP sets a clock that was ten minutes wrong.

#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/store_conformance.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kJump = absl::Minutes(10);

TEST_P(StoreConformanceTest, AJumpForwardEndsLeasesThatCanBeHadAgain) {
  Create("request-1", "A");
  const ClaimedStep claimed = ClaimOnly();
  clock_.SetNow(clock_.Now() + kJump);
  // Somebody might have it, so nothing is done for it …
  EXPECT_THAT(store_->CheckClaim(claimed.claim), HasReason("CLAIM_LOST"));
  // … until it is renewed, or handed out again: to one worker, never to two.
  EXPECT_THAT(*store_->RenewClaims({claimed.claim}, absl::Minutes(1)),
              IsEmpty());
  EXPECT_OK(store_->CheckClaim(claimed.claim));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.SetNow(clock_.Now() + kJump);
  const ClaimedStep again = ClaimOnly();
  EXPECT_THAT(*store_->RenewClaims({claimed.claim}, absl::Minutes(1)),
              SizeIs(1));
  EXPECT_THAT(End(claimed, v1::STEP_STATE_SUCCEEDED), HasReason("CLAIM_LOST"));
  EXPECT_OK(End(again, v1::STEP_STATE_SUCCEEDED));
}

TEST_P(StoreConformanceTest, AJumpBackHoldsUpWhatWaitsAndNothingElse) {
  Create("request-1", "A");
  ASSERT_OK(End(ClaimOnly(), v1::STEP_STATE_WAITING));
  Create("request-2", "B");
  const ClaimedStep under_way = ClaimOnly();
  clock_.SetNow(clock_.Now() - kJump);
  EXPECT_OK(store_->CheckClaim(under_way.claim));
  EXPECT_THAT(Claim(), IsEmpty()) << "it is still somebody's";
  const std::string fresh = Create("request-3", "C");
  const ClaimedStep next = ClaimOnly();
  EXPECT_EQ(next.claim.report_id, fresh);
  EXPECT_OK(End(next, v1::STEP_STATE_SUCCEEDED));
  EXPECT_OK(End(under_way, v1::STEP_STATE_SUCCEEDED));
  // By the jump, and no longer.
  EXPECT_THAT(store_->TimeToNextStep(), IsOkAndHolds(kJump + absl::Minutes(1)));
  clock_.Advance(kJump + absl::Minutes(1));
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED));
}

TEST_P(StoreConformanceTest, ARepeatedReportIsKnownWhateverTheClockSays) {
  const auto report = NewReport("request-1", "A");
  const auto first =
      store_->CreateReport(report, "digest", {v1::STEP_KIND_RESOLVE}, 1000);
  ASSERT_OK(first.status());
  for (const absl::Duration jump : {kJump, -2 * kJump}) {
    clock_.SetNow(clock_.Now() + jump);
    const auto again =
        store_->CreateReport(report, "digest", {v1::STEP_KIND_RESOLVE}, 1000);
    ASSERT_OK(again.status());
    EXPECT_EQ(again->report.report_id(), first->report.report_id());
  }
}

TEST_P(WatchConformanceTest, AWatchIsOneWorkersWhateverTheClockSays) {
  const WatchClaim first = Claimed("one");
  clock_.SetNow(clock_.Now() - kJump);
  EXPECT_FALSE(IsFree("two"));
  EXPECT_EQ(Claimed("one").epoch, first.epoch);
  clock_.SetNow(clock_.Now() + 2 * kJump);
  EXPECT_GT(Claimed("two").epoch, first.epoch);
  Store::WatchCommit late;
  late.claim = first;
  EXPECT_THAT(store_->CommitWatch(late).status(), HasReason("CLAIM_LOST"));
}

}  // namespace
}  // namespace opcon_snow::incident
