#include "incident_service/store/store_conformance.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNoLimit = 1000000;

StoreConformanceTest::StoreConformanceTest() {
  std::string directory = ::testing::TempDir() + "/store-XXXXXX";
  EXPECT_NE(mkdtemp(directory.data()), nullptr);
  store_ = GetParam().make(directory, &clock_);
}

v1::Report StoreConformanceTest::NewReport(const std::string& request_id,
                                           const std::string& job) {
  v1::Report report;
  report.set_request_id(request_id);
  v1::JobKey* key = report.mutable_event()->mutable_job_key();
  key->set_opcon("production");
  key->mutable_schedule_date()->set_year(2026);
  key->mutable_schedule_date()->set_month(1);
  key->mutable_schedule_date()->set_day(5);
  key->set_schedule_id(16);
  key->set_schedule_instance(1);
  key->set_job_name(job);
  report.mutable_event()->set_schedule_name("Payroll");
  return report;
}

v1::Failure StoreConformanceTest::FailureWithId(const std::string& id) {
  v1::Failure failure;
  failure.set_failure_id(id);
  *failure.mutable_job_key() = NewReport("x", "JOB001").event().job_key();
  return failure;
}

std::string StoreConformanceTest::Create(const std::string& request_id,
                                         const std::string& job,
                                         std::vector<NextStep> steps) {
  const auto created = store_->CreateReport(NewReport(request_id, job),
                                            "digest", steps, kNoLimit);
  EXPECT_OK(created.status());
  return created->report.report_id();
}

std::vector<ClaimedStep> StoreConformanceTest::Claim(
    int limit, const std::string& worker) {
  auto claimed = store_->ClaimSteps({.limit = limit, .worker = worker});
  EXPECT_OK(claimed.status());
  return *std::move(claimed);
}

ClaimedStep StoreConformanceTest::ClaimOnly() {
  std::vector<ClaimedStep> claimed = Claim();
  EXPECT_THAT(claimed, SizeIs(1));
  return claimed.empty() ? ClaimedStep{} : claimed[0];
}

StepCommit StoreConformanceTest::Ending(const ClaimedStep& claimed,
                                        v1::StepState state) {
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  commit.step.set_state(state);
  if (state == v1::STEP_STATE_WAITING) {
    SetTime(clock_.Now() + absl::Minutes(1),
            commit.step.mutable_next_attempt_time());
    commit.step.mutable_error()->set_message("not yet");
  }
  return commit;
}

absl::Status StoreConformanceTest::End(const ClaimedStep& claimed,
                                       v1::StepState state,
                                       std::vector<NextStep> next) {
  StepCommit commit = Ending(claimed, state);
  commit.next_steps = std::move(next);
  return store_->Commit(commit);
}

v1::Report StoreConformanceTest::Get(const std::string& report_id) {
  const auto stored = store_->GetReport(report_id);
  EXPECT_OK(stored.status());
  return stored.ok() ? stored->report : v1::Report();
}

std::vector<std::string> StoreConformanceTest::CreateEnded(int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    clock_.Advance(absl::Seconds(1));
    const std::string job = absl::StrCat("JOB", i);
    ids.push_back(Create(absl::StrCat("request-", i), job));
    const ClaimedStep claimed = ClaimOnly();
    v1::Failure failure = FailureWithId(absl::StrCat("f", i));
    *failure.mutable_job_key() = claimed.stored.report.event().job_key();
    EXPECT_OK(store_->OwnFailure(claimed.claim, failure, "prod").status());
    StepCommit commit = Ending(claimed, v1::STEP_STATE_SUCCEEDED);
    commit.report = claimed.stored.report;
    commit.report->set_failure_id(failure.failure_id());
    v1::TicketRef ticket;
    ticket.set_servicenow(i % 2 == 0 ? "prod" : "test");
    ticket.set_number(absl::StrCat("INC", i));
    commit.failure_ticket = ticket;
    v1::TicketLink& link = commit.link.emplace();
    *link.mutable_job_key() = failure.job_key();
    *link.mutable_ticket() = ticket;
    EXPECT_OK(store_->Commit(commit));
  }
  return ids;
}

std::vector<std::string> StoreConformanceTest::Audit(
    const AuditFilter& filter) {
  const auto page = store_->ListAudit(filter, "", 100);
  EXPECT_OK(page.status());
  std::vector<std::string> lines;
  for (const v1::AuditEntry& entry : page->records) {
    lines.push_back(
        absl::StrCat(entry.actor(), " ", entry.action(), " ", entry.reason()));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

namespace {

TEST_P(StoreConformanceTest, AReportIsThereOnceWithItsStep) {
  const auto created = store_->CreateReport(
      NewReport("request-1", "J"), "digest", {v1::STEP_KIND_RESOLVE}, kNoLimit);
  ASSERT_OK(created.status());
  EXPECT_FALSE(created->duplicate);
  const v1::Report report = Get(created->report.report_id());
  EXPECT_EQ(report.request_id(), "request-1");
  EXPECT_EQ(report.state(), v1::REPORT_STATE_ACCEPTED);
  EXPECT_EQ(report.report_id().size(), 26U);
  EXPECT_TRUE(report.has_create_time());
  EXPECT_FALSE(report.has_end_time());
  ASSERT_THAT(report.steps(), SizeIs(1));
  EXPECT_EQ(report.steps(0).state(), v1::STEP_STATE_PENDING);
}

TEST_P(StoreConformanceTest, TheSameRequestIsTheSameReport) {
  const std::string id = Create("request-1");
  ASSERT_OK(End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED));
  const auto again = store_->CreateReport(NewReport("request-1", "JOB001"),
                                          "digest", {}, kNoLimit);
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->report.report_id(), id);
  EXPECT_EQ(again->report.state(), v1::REPORT_STATE_SUCCEEDED);
  const auto other = store_->CreateReport(NewReport("request-1", "OTHER"),
                                          "another digest", {}, kNoLimit);
  EXPECT_THAT(other.status(), HasReason("REQUEST_ID_REUSED"));
}

TEST_P(StoreConformanceTest, TooManyOpenReportsAreRefusedWithADelay) {
  const auto create = [&](const char* id) {
    return store_
        ->CreateReport(NewReport(id, id), "digest", {v1::STEP_KIND_RESOLVE}, 2)
        .status();
  };
  EXPECT_OK(create("request-1"));
  EXPECT_OK(create("request-2"));
  const absl::Status refused = create("request-3");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(refused, HasReason("OVERLOADED"));
  // A repetition of what was acknowledged is not.
  EXPECT_OK(create("request-1"));
  // And what ends makes room.
  const std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_OK(End(claimed[0], v1::STEP_STATE_SUCCEEDED));
  EXPECT_OK(create("request-3"));
}

TEST_P(StoreConformanceTest, AClaimedStepIsHandedOutOnce) {
  Create("request-1");
  const ClaimedStep first = ClaimOnly();
  EXPECT_EQ(first.step.attempts(), 1);
  EXPECT_EQ(first.step.state(), v1::STEP_STATE_RUNNING);
  EXPECT_EQ(first.stored.report.state(), v1::REPORT_STATE_RUNNING);
  EXPECT_THAT(Claim(), IsEmpty());
}

TEST_P(StoreConformanceTest, AnExpiredLeaseIsHandedOutAgain) {
  Create("request-1");
  const ClaimedStep before = ClaimOnly();
  clock_.Advance(absl::Seconds(59));
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_OK(store_->CheckClaim(before.claim));
  clock_.Advance(absl::Seconds(1));
  // Nobody else has it yet, but somebody might: no effect any more.
  EXPECT_THAT(store_->CheckClaim(before.claim), HasReason("CLAIM_LOST"));
  const ClaimedStep after = ClaimOnly();
  EXPECT_EQ(after.step.attempts(), 2);
  EXPECT_GT(after.claim.epoch, before.claim.epoch);

  // The old worker can neither act nor write; the new one can.
  EXPECT_THAT(End(before, v1::STEP_STATE_SUCCEEDED), HasReason("CLAIM_LOST"));
  EXPECT_THAT(
      store_->OwnFailure(before.claim, FailureWithId("f1"), "prod").status(),
      HasReason("CLAIM_LOST"));
  EXPECT_EQ(Get(after.claim.report_id).state(), v1::REPORT_STATE_RUNNING);
  EXPECT_OK(store_->CheckClaim(after.claim));
  EXPECT_OK(End(after, v1::STEP_STATE_SUCCEEDED));
  // A claim ends with its commit.
  EXPECT_THAT(store_->CheckClaim(after.claim), HasReason("CLAIM_LOST"));
  EXPECT_THAT(End(after, v1::STEP_STATE_FAILED), HasReason("CLAIM_LOST"));
}

TEST_P(StoreConformanceTest, WhatWasDoneLateIsRecordedIfNobodyTookOver) {
  Create("request-1");
  const ClaimedStep claimed = ClaimOnly();
  clock_.Advance(absl::Hours(1));
  EXPECT_OK(End(claimed, v1::STEP_STATE_SUCCEEDED));
}

TEST_P(StoreConformanceTest, ARenewedClaimLasts) {
  Create("request-1");
  const ClaimedStep claimed = ClaimOnly();
  clock_.Advance(absl::Seconds(50));
  EXPECT_THAT(*store_->RenewClaims({claimed.claim}, absl::Minutes(1)),
              IsEmpty());
  clock_.Advance(absl::Seconds(50));
  EXPECT_OK(store_->CheckClaim(claimed.claim));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(Claim(), SizeIs(1));
  EXPECT_THAT(*store_->RenewClaims({claimed.claim}, absl::Minutes(1)),
              SizeIs(1));
}

TEST_P(StoreConformanceTest, AWorkerGivesBackItsOwnClaimsOnly) {
  Create("request-1", "A");
  Create("request-2", "B");
  const std::vector<ClaimedStep> mine = Claim(1, "me");
  const std::vector<ClaimedStep> theirs = Claim(1, "they");
  ASSERT_THAT(mine, SizeIs(1));
  ASSERT_THAT(theirs, SizeIs(1));
  EXPECT_OK(store_->ReleaseClaims("me"));
  EXPECT_THAT(store_->CheckClaim(mine[0].claim), HasReason("CLAIM_LOST"));
  EXPECT_OK(store_->CheckClaim(theirs[0].claim));
  const ClaimedStep again = ClaimOnly();
  EXPECT_EQ(again.claim.report_id, mine[0].claim.report_id);
}

TEST_P(StoreConformanceTest, AWaitingStepIsDueAtItsTime) {
  const std::string id = Create("request-1");
  EXPECT_THAT(store_->TimeToNextStep(), IsOkAndHolds(absl::ZeroDuration()));
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_WAITING));
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_THAT(store_->TimeToNextStep(), IsOkAndHolds(absl::Minutes(1)));
  clock_.Advance(absl::Minutes(1));
  const ClaimedStep claimed = ClaimOnly();
  EXPECT_THAT(store_->TimeToNextStep(), IsOkAndHolds(absl::Minutes(1)))
      << "until the lease ends";
  EXPECT_OK(End(claimed, v1::STEP_STATE_SUCCEEDED));
  EXPECT_THAT(store_->TimeToNextStep(), IsOkAndHolds(absl::InfiniteDuration()));
}

TEST_P(StoreConformanceTest, AStepMayWaitBeforeItsFirstAttempt) {
  const std::string id = Create(
      "request-1", "JOB001",
      {{v1::STEP_KIND_RESOLVE, StepPriority::kResolve, absl::Seconds(30)}});
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
  EXPECT_FALSE(Get(id).has_error());
  EXPECT_THAT(Get(id).summary(), HasSubstr("2026-01-05T12:00:30"));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(
      End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED,
          {{v1::STEP_KIND_TICKET, StepPriority::kCreate, absl::Seconds(10)}}));
  EXPECT_THAT(Claim(), IsEmpty());
  // A person need not wait.
  EXPECT_OK(store_->RetryReport(id, {.actor = "me"}).status());
  EXPECT_EQ(ClaimOnly().claim.kind, v1::STEP_KIND_TICKET);
}

TEST_P(StoreConformanceTest, ReportsOfOneJobAreDoneOneAfterTheOther) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2");
  const std::string other = Create("request-3", "JOB002");
  std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_EQ(claimed[0].claim.report_id, first);
  EXPECT_EQ(claimed[1].claim.report_id, other);
  EXPECT_OK(End(claimed[1], v1::STEP_STATE_SUCCEEDED));

  // Waiting for an upstream holds the job: a second ticket must not overtake.
  EXPECT_OK(End(claimed[0], v1::STEP_STATE_WAITING));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(absl::Minutes(1));
  const ClaimedStep again = ClaimOnly();
  EXPECT_EQ(again.claim.report_id, first);
  EXPECT_OK(End(again, v1::STEP_STATE_SUCCEEDED, {v1::STEP_KIND_TICKET}));
  const ClaimedStep ticket = ClaimOnly();
  EXPECT_EQ(ticket.claim.report_id, first);
  // With the ticket settled, a log that is still missing holds nobody.
  EXPECT_OK(End(ticket, v1::STEP_STATE_SUCCEEDED, {v1::STEP_KIND_ATTACH_LOG}));
  claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_EQ(claimed[0].claim.report_id, second);
  EXPECT_EQ(claimed[1].claim.kind, v1::STEP_KIND_ATTACH_LOG);
}

TEST_P(StoreConformanceTest, ADeadLetterDoesNotHoldItsJob) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2");
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_FAILED));
  const ClaimedStep claimed = ClaimOnly();
  EXPECT_EQ(claimed.claim.report_id, second);
  // Retried while the other is at work, it waits for it although it is older.
  ASSERT_OK(store_->RetryReport(first, {.actor = "me"}).status());
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_OK(End(claimed, v1::STEP_STATE_SUCCEEDED));
  EXPECT_EQ(ClaimOnly().claim.report_id, first);
}

TEST_P(StoreConformanceTest, CreatesGoBeforeUpdatesBeforeAttachments) {
  using P = StepPriority;
  const auto with = [&](const char* request, v1::StepKind kind, P priority) {
    return Create(request, request, {{kind, priority}});
  };
  const std::string log =
      with("request-1", v1::STEP_KIND_ATTACH_LOG, P::kAttachment);
  const std::string update =
      with("request-2", v1::STEP_KIND_TICKET, P::kUpdate);
  const std::string resolve =
      with("request-3", v1::STEP_KIND_RESOLVE, P::kResolve);
  const std::string create =
      with("request-4", v1::STEP_KIND_TICKET, P::kCreate);
  const std::string later = with("request-5", v1::STEP_KIND_TICKET, P::kCreate);
  std::vector<std::string> order;
  for (const ClaimedStep& step : Claim()) {
    order.push_back(step.claim.report_id);
  }
  EXPECT_THAT(order, ElementsAre(create, later, resolve, update, log));
}

TEST_P(StoreConformanceTest, AKindIsUnderWayAsOftenAsItMayBe) {
  for (int i = 0; i < 4; ++i) {
    Create(absl::StrCat("request-", i), absl::StrCat("J", i),
           {v1::STEP_KIND_TICKET});
  }
  const std::string resolve = Create("request-4", "J4");
  const auto claim = [&](const std::string& worker) {
    auto claimed =
        store_->ClaimSteps({.limit = 10,
                            .worker = worker,
                            .most_running = {{v1::STEP_KIND_TICKET, 2}}});
    EXPECT_OK(claimed.status());
    return *std::move(claimed);
  };
  std::vector<ClaimedStep> mine = claim("me");
  ASSERT_THAT(mine, SizeIs(3));
  EXPECT_EQ(mine[2].claim.report_id, resolve);
  // The limit counts what others have under way.
  EXPECT_THAT(claim("they"), IsEmpty());
  EXPECT_OK(End(mine[0], v1::STEP_STATE_SUCCEEDED));
  EXPECT_THAT(claim("they"), SizeIs(1));
}

}  // namespace
}  // namespace opcon_snow::incident
