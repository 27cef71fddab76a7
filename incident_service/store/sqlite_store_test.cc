#include "incident_service/store/sqlite_store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNoLimit = 1000000;

v1::Report NewReport(const std::string& request_id,
                     const std::string& job = "JOB001") {
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

v1::Failure FailureWithId(const std::string& id) {
  v1::Failure failure;
  failure.set_failure_id(id);
  *failure.mutable_job_key() = NewReport("x").event().job_key();
  return failure;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStoreTest() { Reopen(); }

  // As after a crash: nothing is closed in an orderly way but the file.
  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<SqliteStore>> opened =
        SqliteStore::Open(path_, &clock_);
    ASSERT_OK(opened.status());
    store_ = *std::move(opened);
  }

  std::string Create(const std::string& request_id,
                     const std::string& job = "JOB001") {
    const auto created =
        store_->CreateReport(NewReport(request_id, job), "digest",
                             {v1::STEP_KIND_RESOLVE}, kNoLimit);
    EXPECT_OK(created.status());
    return created->report.report_id();
  }

  std::vector<ClaimedStep> Claim(int limit = 100) {
    auto claimed = store_->ClaimSteps(clock_.Now(), limit);
    EXPECT_OK(claimed.status());
    return *std::move(claimed);
  }

  // Ends the claimed step in `state`, with these steps after it.
  absl::Status End(const ClaimedStep& claimed, v1::StepState state,
                   std::vector<v1::StepKind> next = {}) {
    StepCommit commit;
    commit.claim = claimed.claim;
    commit.step = claimed.step;
    commit.step.set_state(state);
    if (state == v1::STEP_STATE_WAITING) {
      SetTime(clock_.Now() + absl::Minutes(1),
              commit.step.mutable_next_attempt_time());
    }
    commit.next_steps = std::move(next);
    return store_->Commit(commit);
  }

  v1::Report Get(const std::string& report_id) {
    auto stored = store_->GetReport(report_id);
    EXPECT_OK(stored.status());
    return stored->report;
  }

  const std::string path_ = absl::StrCat(
      ::testing::TempDir(), "/",
      ::testing::UnitTest::GetInstance()->current_test_info()->name(), ".db");
  FakeClock clock_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, AnAcknowledgedReportIsThereAfterACrash) {
  const std::string id = Create("request-1");
  Reopen();
  const v1::Report report = Get(id);
  EXPECT_EQ(report.request_id(), "request-1");
  EXPECT_EQ(report.state(), v1::REPORT_STATE_ACCEPTED);
  EXPECT_EQ(report.event().job_key().job_name(), "JOB001");
  EXPECT_THAT(Claim(), SizeIs(1));
}

TEST_F(SqliteStoreTest, TheSameRequestAddsNothing) {
  const std::string id = Create("request-1");
  const auto again = store_->CreateReport(NewReport("request-1"), "digest",
                                          {v1::STEP_KIND_RESOLVE}, kNoLimit);
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->report.report_id(), id);
  EXPECT_THAT(Claim(), SizeIs(1));
}

TEST_F(SqliteStoreTest, AReusedRequestIdIsRefused) {
  Create("request-1");
  const auto other = store_->CreateReport(NewReport("request-1"), "other",
                                          {v1::STEP_KIND_RESOLVE}, kNoLimit);
  EXPECT_THAT(other.status(), HasReason("REQUEST_ID_REUSED"));
}

TEST_F(SqliteStoreTest, TooManyOpenReportsAreRefusedWithADelay) {
  Create("request-1");
  const auto refused = store_->CreateReport(NewReport("request-2"), "digest",
                                            {v1::STEP_KIND_RESOLVE}, 1);
  EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(refused.status(), HasReason("OVERLOADED"));
  // A repetition of what was acknowledged is not.
  EXPECT_OK(store_
                ->CreateReport(NewReport("request-1"), "digest",
                               {v1::STEP_KIND_RESOLVE}, 1)
                .status());
}

TEST_F(SqliteStoreTest, AClaimedStepIsHandedOutOnce) {
  Create("request-1");
  const std::vector<ClaimedStep> first = Claim();
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].step.attempts(), 1);
  EXPECT_EQ(first[0].step.state(), v1::STEP_STATE_RUNNING);
  EXPECT_THAT(Claim(), IsEmpty());
}

TEST_F(SqliteStoreTest, AStepUnderWayWhenTheProcessDiesIsHandedOutAgain) {
  Create("request-1");
  const std::vector<ClaimedStep> before = Claim();
  Reopen();
  const std::vector<ClaimedStep> after = Claim();
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].step.attempts(), 2);
  EXPECT_GT(after[0].claim.epoch, before[0].claim.epoch);
}

TEST_F(SqliteStoreTest, AnOldClaimCanNeitherActNorCommit) {
  Create("request-1");
  const std::vector<ClaimedStep> before = Claim();
  Reopen();
  const std::vector<ClaimedStep> after = Claim();
  EXPECT_THAT(store_->CheckClaim(before[0].claim), HasReason("CLAIM_LOST"));
  EXPECT_THAT(End(before[0], v1::STEP_STATE_SUCCEEDED),
              HasReason("CLAIM_LOST"));
  EXPECT_OK(store_->CheckClaim(after[0].claim));
  EXPECT_OK(End(after[0], v1::STEP_STATE_SUCCEEDED));
  // And a claim ends with its commit.
  EXPECT_THAT(store_->CheckClaim(after[0].claim), HasReason("CLAIM_LOST"));
}

TEST_F(SqliteStoreTest, AWaitingStepIsDueAtItsTime) {
  const std::string id = Create("request-1");
  EXPECT_OK(End(Claim()[0], v1::STEP_STATE_WAITING));
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
  EXPECT_THAT(Claim(), IsEmpty());
  const auto next = store_->NextDueTime();
  ASSERT_OK(next.status());
  EXPECT_EQ(*next, clock_.Now() + absl::Minutes(1));
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Claim(), SizeIs(1));
}

TEST_F(SqliteStoreTest, ReportsOfOneJobAreDoneOneAfterTheOther) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2");
  const std::string other = Create("request-3", "JOB002");
  std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_EQ(claimed[0].claim.report_id, first);
  EXPECT_EQ(claimed[1].claim.report_id, other);

  // Waiting for an upstream holds the job: a second ticket must not overtake.
  EXPECT_OK(End(claimed[0], v1::STEP_STATE_WAITING));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(absl::Minutes(1));
  claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_OK(End(claimed[0], v1::STEP_STATE_SUCCEEDED, {v1::STEP_KIND_TICKET}));
  claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_EQ(claimed[0].claim.report_id, first);
  // With the ticket settled, a log that is still missing holds nobody.
  EXPECT_OK(
      End(claimed[0], v1::STEP_STATE_SUCCEEDED, {v1::STEP_KIND_ATTACH_LOG}));
  claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_EQ(claimed[0].claim.kind, v1::STEP_KIND_ATTACH_LOG);
  EXPECT_EQ(claimed[1].claim.report_id, second);
}

TEST_F(SqliteStoreTest, ADeadLetterDoesNotHoldItsJob) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2");
  EXPECT_OK(End(Claim()[0], v1::STEP_STATE_FAILED));
  std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_EQ(claimed[0].claim.report_id, second);
  // Retried while the other is at work, it waits for it although it is older.
  ASSERT_OK(store_->RetryReport(first).status());
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_OK(End(claimed[0], v1::STEP_STATE_SUCCEEDED));
  claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_EQ(claimed[0].claim.report_id, first);
}

TEST_F(SqliteStoreTest, OneReportOwnsAFailureAtADestination) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2", "JOB002");
  const std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  const v1::Failure failure = FailureWithId("f1");
  const auto owner = [&](int claim, const char* servicenow) {
    return store_->OwnFailure(claimed[static_cast<std::size_t>(claim)].claim,
                              failure, servicenow);
  };
  EXPECT_THAT(owner(0, "prod"), IsOkAndHolds(first));
  EXPECT_THAT(owner(1, "prod"), IsOkAndHolds(first));
  EXPECT_THAT(owner(0, "prod"), IsOkAndHolds(first));
  EXPECT_THAT(owner(1, "test"), IsOkAndHolds(second));
}

TEST_F(SqliteStoreTest, ACommitWritesEverythingOrNothing) {
  const std::string id = Create("request-1");
  const ClaimedStep claimed = Claim()[0];
  ASSERT_OK(
      store_->OwnFailure(claimed.claim, FailureWithId("f1"), "prod").status());
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
  commit.report = claimed.stored.report;
  commit.report->set_failure_id("f1");
  commit.memo.emplace().set_servicenow("prod");
  v1::TicketRef ticket;
  ticket.set_servicenow("prod");
  ticket.set_number("INC0010001");
  commit.failure_ticket = ticket;
  v1::TicketLink link;
  *link.mutable_job_key() = claimed.stored.report.event().job_key();
  *link.mutable_ticket() = ticket;
  commit.link = link;
  commit.next_steps = {v1::STEP_KIND_TICKET};

  StepCommit stale = commit;
  stale.claim.epoch += 1;
  EXPECT_THAT(store_->Commit(stale), HasReason("CLAIM_LOST"));
  const auto nothing = store_->FindLink(link.job_key(), "prod");
  ASSERT_OK(nothing.status());
  EXPECT_FALSE(nothing->has_value());
  EXPECT_EQ(Get(id).failure_id(), "");

  ASSERT_OK(store_->Commit(commit));
  Reopen();
  const auto found = store_->FindLink(link.job_key(), "prod");
  ASSERT_OK(found.status());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->ticket().number(), "INC0010001");
  const auto stored = store_->GetReport(id);
  ASSERT_OK(stored.status());
  EXPECT_EQ(stored->report.failure_id(), "f1");
  EXPECT_EQ(stored->memo.servicenow(), "prod");
  ASSERT_THAT(stored->report.steps(), SizeIs(2));
  EXPECT_EQ(stored->report.steps(1).kind(), v1::STEP_KIND_TICKET);
}

TEST_F(SqliteStoreTest, ARejectedCommandLineIsADeadLetterWithoutSteps) {
  v1::Report report;
  report.set_request_id("request-1");
  report.mutable_rejected()->add_arguments("-x");
  report.set_summary("Needs a person");
  const auto created = store_->CreateReport(report, "digest", {}, kNoLimit);
  ASSERT_OK(created.status());
  EXPECT_EQ(created->report.state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_THAT(store_->RetryReport(created->report.report_id()).status(),
              HasReason("REPORT_STATE"));
  EXPECT_OK(
      store_->DiscardReport(created->report.report_id(), "done").status());
}

TEST_F(SqliteStoreTest, DiscardEndsAReportAndFreesItsJob) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2");
  const ClaimedStep claimed = Claim()[0];
  EXPECT_THAT(store_->DiscardReport(first, "no").status(),
              HasReason("REPORT_STATE"));
  EXPECT_OK(End(claimed, v1::STEP_STATE_WAITING));
  const auto discarded = store_->DiscardReport(first, "known trouble");
  ASSERT_OK(discarded.status());
  EXPECT_EQ(discarded->state(), v1::REPORT_STATE_DISCARDED);
  EXPECT_THAT(discarded->summary(), ::testing::HasSubstr("known trouble"));
  EXPECT_OK(store_->DiscardReport(first, "again").status());
  EXPECT_THAT(store_->RetryReport(first).status(), HasReason("REPORT_STATE"));
  ASSERT_THAT(Claim(), SizeIs(1));
}

TEST_F(SqliteStoreTest, ListsNewestFirstInPagesAndByFilter) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(Create(absl::StrCat("request-", i), absl::StrCat("J", i)));
  }
  auto page = store_->ListReports({}, "", 2);
  ASSERT_OK(page.status());
  ASSERT_THAT(page->reports, SizeIs(2));
  EXPECT_EQ(page->reports[0].report_id(), ids[4]);
  std::vector<std::string> seen;
  std::string before;
  do {
    page = store_->ListReports({}, before, 2);
    ASSERT_OK(page.status());
    for (const v1::Report& report : page->reports) {
      seen.push_back(report.report_id());
    }
    before = page->next;
  } while (!before.empty());
  EXPECT_THAT(seen, ElementsAre(ids[4], ids[3], ids[2], ids[1], ids[0]));

  const auto count = [&](const ReportFilter& filter) {
    const auto found = store_->ListReports(filter, "", 100);
    EXPECT_OK(found.status());
    return found->reports.size();
  };
  EXPECT_EQ(count({.job_name = "J3"}), 1U);
  EXPECT_EQ(count({.job_name = "J3' OR '1'='1"}), 0U);
  EXPECT_EQ(count({.schedule_name = "Payroll"}), 5U);
  EXPECT_EQ(count({.schedule_date = "20260105"}), 5U);
  EXPECT_EQ(count({.request_id = "request-2"}), 1U);
  EXPECT_EQ(count({.states = {v1::REPORT_STATE_DEAD_LETTER}}), 0U);
  EXPECT_EQ(count({.states = {v1::REPORT_STATE_ACCEPTED}}), 5U);
  EXPECT_EQ(count({.created_since = clock_.Now() + absl::Seconds(1)}), 0U);
}

TEST_F(SqliteStoreTest, ASecondProcessIsKeptOut) {
  EXPECT_THAT(SqliteStore::Open(path_, &clock_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       ::testing::HasSubstr("already running")));
}

TEST_F(SqliteStoreTest, AFileOfANewerVersionIsRefused) {
  store_.reset();
  {
    auto db = Database::Open(path_);
    ASSERT_OK(db.status());
    ASSERT_OK((*db)->Execute("PRAGMA user_version = 9999"));
  }
  EXPECT_THAT(SqliteStore::Open(path_, &clock_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       ::testing::HasSubstr("newer version")));
}

TEST_F(SqliteStoreTest, ManyThreadsLoseNothingAndClaimNothingTwice) {
  constexpr int kThreads = 4;
  constexpr int kReports = 25;
  std::vector<std::thread> threads;
  std::vector<std::vector<std::string>> claimed(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kReports; ++i) {
        Create(absl::StrCat("request-", t, "-", i),
               absl::StrCat("JOB-", t, "-", i));
        for (const ClaimedStep& step : Claim(3)) {
          claimed[static_cast<std::size_t>(t)].push_back(step.claim.report_id);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> all;
  for (const auto& ids : claimed) all.insert(all.end(), ids.begin(), ids.end());
  for (const ClaimedStep& step : Claim(1000)) {
    all.push_back(step.claim.report_id);
  }
  EXPECT_THAT(all, SizeIs(kThreads * kReports));
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

}  // namespace
}  // namespace opcon_snow::incident
