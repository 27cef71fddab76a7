// The second half of the suite: what belongs to reports, lists, the audit,
// changes, retention.

#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/store_conformance.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNoLimit = 1000000;

TEST_P(StoreConformanceTest, OneReportOwnsAFailureAtADestination) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2", "JOB002");
  const std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(2));
  const v1::Failure failure = FailureWithId("f1");
  const auto owner = [&](std::size_t claim, const char* servicenow) {
    return store_->OwnFailure(claimed[claim].claim, failure, servicenow);
  };
  EXPECT_THAT(owner(0, "prod"), IsOkAndHolds(first));
  EXPECT_THAT(owner(1, "prod"), IsOkAndHolds(first));
  EXPECT_THAT(owner(0, "prod"), IsOkAndHolds(first));
  EXPECT_THAT(owner(1, "test"), IsOkAndHolds(second));
}

// Its process died before it could say which failure it had found.
TEST_P(StoreConformanceTest, WhatADiscardedReportHasNotToldIsLeftToOthers) {
  const auto own = [&](const std::string& failure) {
    const ClaimedStep claimed = ClaimOnly();
    const auto owner =
        store_->OwnFailure(claimed.claim, FailureWithId(failure), "prod");
    StepCommit commit = Ending(claimed, v1::STEP_STATE_WAITING);
    if (failure == "told") {
      commit.report = claimed.stored.report;
      commit.report->set_failure_id(failure);
    }
    EXPECT_OK(store_->Commit(commit));
    EXPECT_OK(store_->DiscardReport(claimed.claim.report_id, {"me", "no"}));
    return owner.value_or("");
  };
  const std::string first = Create("request-1");
  EXPECT_EQ(own("untold"), first);
  const std::string second = Create("request-2");
  EXPECT_EQ(own("untold"), second);
  const std::string third = Create("request-3");
  EXPECT_EQ(own("told"), third);
  Create("request-4");
  EXPECT_EQ(own("told"), third);
}

TEST_P(StoreConformanceTest, ACommitWritesEverythingOrNothing) {
  const std::string id = Create("request-1");
  const ClaimedStep claimed = ClaimOnly();
  ASSERT_OK(
      store_->OwnFailure(claimed.claim, FailureWithId("f1"), "prod").status());
  StepCommit commit = Ending(claimed, v1::STEP_STATE_SUCCEEDED);
  commit.report = claimed.stored.report;
  commit.report->set_failure_id("f1");
  commit.memo.emplace().set_servicenow("prod");
  v1::TicketRef ticket;
  ticket.set_servicenow("prod");
  ticket.set_number("INC0010001");
  commit.failure_ticket = ticket;
  v1::TicketLink& link = commit.link.emplace();
  *link.mutable_job_key() = claimed.stored.report.event().job_key();
  *link.mutable_ticket() = ticket;
  commit.next_steps = {v1::STEP_KIND_TICKET};
  commit.audit.emplace_back().set_action("servicenow.CreateIncident");

  StepCommit stale = commit;
  stale.claim.epoch += 1;
  EXPECT_THAT(store_->Commit(stale), HasReason("CLAIM_LOST"));
  StepCommit impossible = commit;
  impossible.report->set_failure_id("nobody knows it");
  EXPECT_THAT(store_->Commit(impossible),
              StatusIs(absl::StatusCode::kDataLoss));
  const auto nothing = store_->FindLink(link.job_key(), "prod");
  ASSERT_OK(nothing.status());
  EXPECT_FALSE(nothing->has_value());
  EXPECT_EQ(Get(id).failure_id(), "");
  EXPECT_THAT(Audit(), IsEmpty());
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_RUNNING);

  ASSERT_OK(store_->Commit(commit));
  const auto found = store_->FindLink(link.job_key(), "prod");
  ASSERT_OK(found.status());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->ticket().number(), "INC0010001");
  EXPECT_TRUE((*found)->has_create_time());
  const auto stored = store_->GetReport(id);
  ASSERT_OK(stored.status());
  EXPECT_EQ(stored->report.failure_id(), "f1");
  EXPECT_EQ(stored->memo.servicenow(), "prod");
  ASSERT_THAT(stored->report.steps(), SizeIs(2));
  EXPECT_EQ(stored->report.steps(1).kind(), v1::STEP_KIND_TICKET);
  EXPECT_THAT(Audit({.report_id = id}), SizeIs(1));
}

TEST_P(StoreConformanceTest, ACommitInTheMiddleKeepsTheClaim) {
  const std::string id = Create("request-1");
  const ClaimedStep claimed = ClaimOnly();
  StepCommit plan = Ending(claimed, v1::STEP_STATE_RUNNING);
  plan.memo.emplace().set_template_("basic.json");
  EXPECT_OK(store_->Commit(plan));
  EXPECT_OK(store_->CheckClaim(claimed.claim));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(ClaimOnly().stored.memo.template_(), "basic.json");
}

TEST_P(StoreConformanceTest, ARejectedCommandLineIsADeadLetterWithoutSteps) {
  v1::Report report;
  report.set_request_id("request-1");
  report.mutable_rejected()->add_arguments("-x");
  report.set_summary("Needs a person");
  const auto created = store_->CreateReport(report, "digest", {}, kNoLimit);
  ASSERT_OK(created.status());
  const std::string id = created->report.report_id();
  EXPECT_EQ(created->report.state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_THAT(store_->RetryReport(id, {.actor = "me"}).status(),
              HasReason("REPORT_STATE"));
  EXPECT_OK(store_->DiscardReport(id, {"me", "done"}).status());
}

TEST_P(StoreConformanceTest, DiscardEndsAReportAndFreesItsJob) {
  const std::string first = Create("request-1");
  const std::string second = Create("request-2");
  const ClaimedStep claimed = ClaimOnly();
  EXPECT_THAT(store_->DiscardReport(first, {"me", "no"}).status(),
              HasReason("REPORT_STATE"));
  EXPECT_OK(End(claimed, v1::STEP_STATE_WAITING));
  const auto discarded = store_->DiscardReport(first, {"me", "known trouble"});
  ASSERT_OK(discarded.status());
  EXPECT_EQ(discarded->state(), v1::REPORT_STATE_DISCARDED);
  EXPECT_THAT(discarded->summary(), HasSubstr("known trouble"));
  EXPECT_TRUE(discarded->has_end_time());
  EXPECT_OK(store_->DiscardReport(first, {"me", "again"}).status());
  EXPECT_THAT(store_->RetryReport(first, {.actor = "me"}).status(),
              HasReason("REPORT_STATE"));
  EXPECT_EQ(ClaimOnly().claim.report_id, second);
  EXPECT_THAT(Audit(), ElementsAre("me DiscardReport known trouble"));
  EXPECT_THAT(store_->DiscardReport("nothing", {"me", "x"}).status(),
              HasReason("RECORD_NOT_FOUND"));
  EXPECT_THAT(store_->RetryReport("nothing", {.actor = "me"}).status(),
              HasReason("RECORD_NOT_FOUND"));
}

TEST_P(StoreConformanceTest, ListsNewestFirstInPagesAndByFilter) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(Create(absl::StrCat("request-", i), absl::StrCat("J", i)));
  }
  std::vector<std::string> seen;
  std::string before;
  do {
    const auto page = store_->ListReports({}, before, 2);
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
  EXPECT_EQ(count({.job_key = NewReport("x", "J3").event().job_key()}), 1U);
  EXPECT_EQ(count({.job_name = "J3"}), 1U);
  EXPECT_EQ(count({.job_name = "J3' OR '1'='1"}), 0U);
  EXPECT_EQ(count({.schedule_name = "Payroll"}), 5U);
  EXPECT_EQ(count({.schedule_date = "20260105"}), 5U);
  EXPECT_EQ(count({.request_id = "request-2"}), 1U);
  EXPECT_EQ(count({.states = {v1::REPORT_STATE_DEAD_LETTER}}), 0U);
  EXPECT_EQ(count({.states = {v1::REPORT_STATE_ACCEPTED}}), 5U);
  EXPECT_EQ(count({.created_since = clock_.Now() + absl::Seconds(1)}), 0U);
}

TEST_P(StoreConformanceTest, LinksAreListedByTheirLastChange) {
  CreateEnded(4);
  const auto numbers = [&](const LinkFilter& filter, const std::string& after,
                           int limit) {
    std::vector<std::string> found;
    const auto page = store_->ListLinks(filter, after, limit);
    EXPECT_OK(page.status());
    for (const v1::TicketLink& link : page->records) {
      found.push_back(link.ticket().number());
    }
    if (!page->next.empty()) found.push_back("more");
    return found;
  };
  EXPECT_THAT(numbers({}, "", 10), ElementsAre("INC3", "INC2", "INC1", "INC0"));
  EXPECT_THAT(numbers({}, "", 3), ElementsAre("INC3", "INC2", "INC1", "more"));
  const auto page = store_->ListLinks({}, "", 3);
  ASSERT_OK(page.status());
  EXPECT_THAT(numbers({}, page->next, 3), ElementsAre("INC0"));
  EXPECT_THAT(numbers({.servicenow = "test"}, "", 9),
              ElementsAre("INC3", "INC1"));
  EXPECT_THAT(numbers({.ticket_number = "INC2"}, "", 9), ElementsAre("INC2"));
  EXPECT_THAT(
      numbers({.opcon = "production", .schedule_date = "20260105"}, "", 2),
      ElementsAre("INC3", "INC2", "more"));
  EXPECT_THAT(numbers({.opcon = "other"}, "", 9), IsEmpty());
  EXPECT_THAT(
      numbers({.job_key = NewReport("x", "JOB1").event().job_key()}, "", 9),
      ElementsAre("INC1"));
}

TEST_P(StoreConformanceTest, FailuresAreListedNewestFirstWithTheirTickets) {
  CreateEnded(3);
  const auto first = store_->ListFailures(std::nullopt, "", 2);
  ASSERT_OK(first.status());
  ASSERT_THAT(first->records, SizeIs(2));
  EXPECT_EQ(first->records[0].failure_id(), "f2");
  EXPECT_TRUE(first->records[0].has_create_time());
  ASSERT_THAT(first->records[0].tickets(), SizeIs(1));
  EXPECT_EQ(first->records[0].tickets(0).number(), "INC2");
  const auto second = store_->ListFailures(std::nullopt, first->next, 2);
  ASSERT_OK(second.status());
  ASSERT_THAT(second->records, SizeIs(1));
  EXPECT_EQ(second->next, "");
  const auto of_job =
      store_->ListFailures(NewReport("x", "JOB1").event().job_key(), "", 10);
  ASSERT_OK(of_job.status());
  ASSERT_THAT(of_job->records, SizeIs(1));
  EXPECT_EQ(of_job->records[0].failure_id(), "f1");
}

TEST_P(StoreConformanceTest, TheAuditKeepsWhatWasDoneAndDecided) {
  const std::string id = Create("request-1");
  const ClaimedStep claimed = ClaimOnly();
  StepCommit commit = Ending(claimed, v1::STEP_STATE_FAILED);
  v1::AuditEntry& entry = commit.audit.emplace_back();
  entry.set_actor("incident_service");
  entry.set_action("servicenow.CreateIncident");
  entry.set_target("JOB001");
  EXPECT_OK(store_->Commit(commit));
  clock_.Advance(absl::Seconds(10));
  EXPECT_OK(store_->RetryReport(id, {"operator", "mended"}).status());
  v1::AuditEntry own;
  own.set_actor("operator");
  own.set_action("CreateSilence");
  EXPECT_OK(store_->AppendAudit({own}));
  EXPECT_THAT(
      Audit(),
      ElementsAre("incident_service servicenow.CreateIncident ",
                  "operator RetryReport mended", "operator CreateSilence "));
  EXPECT_THAT(Audit({.report_id = id}), SizeIs(2));
  EXPECT_THAT(Audit({.target = "JOB001"}), SizeIs(1));
  EXPECT_THAT(Audit({.created_since = clock_.Now()}), SizeIs(2));
  const auto page = store_->ListAudit({}, "", 2);
  ASSERT_OK(page.status());
  ASSERT_THAT(page->records, SizeIs(2));
  EXPECT_GT(page->records[0].audit_id(), page->records[1].audit_id());
  EXPECT_TRUE(page->records[0].has_create_time());
  const auto rest = store_->ListAudit({}, page->next, 2);
  ASSERT_OK(rest.status());
  EXPECT_THAT(rest->records, SizeIs(1));
}

TEST_P(StoreConformanceTest, AnAttemptThatWasCutOffIsAudited) {
  const std::string id = Create("request-1");
  EXPECT_OK(
      End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED, {v1::STEP_KIND_WRITE_BACK}));
  ClaimOnly();
  clock_.Advance(absl::Minutes(1));
  ClaimOnly();
  EXPECT_THAT(Audit({.report_id = id}),
              ElementsAre(HasSubstr("opcon.SetIncidentTicket attempt 1 was "
                                    "cut off")));
}

TEST_P(StoreConformanceTest, EveryChangeIsToldInOrder) {
  EXPECT_THAT(store_->LastChange(), IsOkAndHolds(0));
  const std::string id = Create("request-1");
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED));
  const auto changes = store_->ListChanges(0, 10);
  ASSERT_OK(changes.status());
  std::vector<v1::ReportState> states;
  std::int64_t last = 0;
  for (const ReportChange& change : *changes) {
    EXPECT_EQ(change.report.report_id(), id);
    EXPECT_GT(change.sequence, last);
    last = change.sequence;
    states.push_back(change.report.state());
  }
  EXPECT_THAT(states,
              ElementsAre(v1::REPORT_STATE_ACCEPTED, v1::REPORT_STATE_RUNNING,
                          v1::REPORT_STATE_SUCCEEDED));
  EXPECT_THAT(store_->LastChange(), IsOkAndHolds(last));
  EXPECT_THAT(*store_->ListChanges(last, 10), IsEmpty());
  EXPECT_THAT(*store_->ListChanges(0, 2), SizeIs(2));
  EXPECT_THAT(store_->ListChanges(last + 1, 10).status(),
              HasReason("INVALID_REQUEST"));
}

TEST_P(StoreConformanceTest, WhatNeedNotBeDurableIsToldAsWell) {
  std::atomic<int> changes{0};
  const std::unique_ptr<StoreSubscription> subscription =
      store_->Subscribe([&](const StoreSignal& signal) {
        if (!signal.changes) return;
        ++changes;
        changes.notify_all();
      });
  const std::string id = Create("request-1");
  const ClaimedStep claimed = ClaimOnly();
  changes.wait(1);
  StepCommit commit = Ending(claimed, v1::STEP_STATE_SUCCEEDED);
  commit.durable = false;
  EXPECT_OK(store_->Commit(commit));
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  changes.wait(2);
  const std::int64_t last = store_->LastChange().value();
  const auto told = store_->ListChanges(last - 1, 10);
  ASSERT_OK(told.status());
  ASSERT_THAT(*told, SizeIs(1));
  EXPECT_EQ((*told)[0].report.state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_P(StoreConformanceTest, AWorkerGoesOnInTheSameWrite) {
  const std::string id = Create("request-1");
  const ClaimRequest request{.limit = 1, .worker = "worker"};
  StepCommit commit = Ending(ClaimOnly(), v1::STEP_STATE_SUCCEEDED);
  commit.next_steps = {v1::STEP_KIND_TICKET, v1::STEP_KIND_ATTACH_LOG};
  const auto next = store_->CommitAndClaim(commit, request);
  ASSERT_OK(next.status());
  ASSERT_THAT(*next, SizeIs(1));
  EXPECT_EQ((*next)[0].claim.kind, v1::STEP_KIND_TICKET);
  EXPECT_EQ((*next)[0].stored.report.report_id(), id);
  EXPECT_OK(store_->CheckClaim((*next)[0].claim));
  // A worker that has lost its step is given none.
  EXPECT_THAT(store_->CommitAndClaim(commit, request).status(),
              HasReason("CLAIM_LOST"));
  EXPECT_EQ(ClaimOnly().claim.kind, v1::STEP_KIND_ATTACH_LOG);
  // Nothing else is due.
  EXPECT_THAT(*store_->CommitAndClaim(
                  Ending((*next)[0], v1::STEP_STATE_SUCCEEDED), request),
              IsEmpty());
}

TEST_P(StoreConformanceTest, WhatIsOpenIsListedByItsLastChange) {
  const std::string first = Create("request-1", "A");
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED));
  const std::string second = Create("request-2", "B");
  const std::string dead = Create("request-3", "C");
  const ClaimedStep b = Claim(1)[0];
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_FAILED));
  EXPECT_OK(End(b, v1::STEP_STATE_WAITING));
  const std::int64_t last = store_->LastChange().value();
  const auto open = store_->ListOpen(0, last, 10);
  ASSERT_OK(open.status());
  ASSERT_THAT(*open, SizeIs(2));
  EXPECT_EQ((*open)[0].report.report_id(), dead);
  EXPECT_EQ((*open)[1].report.report_id(), second);
  EXPECT_EQ((*open)[1].report.state(), v1::REPORT_STATE_WAITING);
  EXPECT_EQ((*open)[1].sequence, last);
  EXPECT_THAT(*store_->ListOpen(0, last, 1), SizeIs(1));
  EXPECT_THAT(*store_->ListOpen((*open)[0].sequence, last, 10), SizeIs(1));
  // What has changed since then is told by its change.
  EXPECT_OK(store_->RetryReport(second, {.actor = "me"}).status());
  EXPECT_THAT(*store_->ListOpen(0, last, 10), SizeIs(1));
  EXPECT_OK(store_->LastWrite());
}

TEST_P(StoreConformanceTest, ListenersAreToldOfWorkAndChanges) {
  std::atomic<int> work{0};
  std::atomic<int> changes{0};
  std::unique_ptr<StoreSubscription> subscription =
      store_->Subscribe([&](const StoreSignal& signal) {
        if (signal.work) ++work;
        if (!signal.changes) return;
        ++changes;
        changes.notify_all();
      });
  Create("request-1");
  EXPECT_EQ(work, 1);
  EXPECT_EQ(changes, 1);
  const std::int64_t created = store_->LastChange().value();
  const ClaimedStep claimed = ClaimOnly();
  EXPECT_EQ(work, 1);
  // A claim is not durable by itself, and told once it is.
  changes.wait(1);
  EXPECT_EQ(changes, 2);
  EXPECT_THAT(*store_->ListChanges(created, 10), SizeIs(1));
  EXPECT_OK(End(claimed, v1::STEP_STATE_SUCCEEDED, {v1::STEP_KIND_TICKET}));
  EXPECT_EQ(work, 2);
  subscription.reset();
  Create("request-2");
  EXPECT_EQ(work, 2);
}

TEST_P(StoreConformanceTest, WhatDeduplicatesOutlivesTheReports) {
  const std::vector<std::string> ids = CreateEnded(3);
  const std::string open = Create("request-open", "OPEN");
  const absl::Time middle = clock_.Now() - absl::Milliseconds(500);
  clock_.Advance(absl::Hours(24 * 90));
  // In small batches.
  EXPECT_THAT(store_->DeleteExpired({.reports_before = middle, .limit = 1}),
              IsOkAndHolds(1));
  EXPECT_THAT(store_->DeleteExpired({.reports_before = middle, .limit = 10}),
              IsOkAndHolds(1));
  EXPECT_THAT(store_->GetReport(ids[1]).status(),
              HasReason("RECORD_NOT_FOUND"));
  EXPECT_OK(store_->GetReport(ids[2]).status());
  EXPECT_OK(store_->DeleteExpired({.reports_before = clock_.Now()}).status());
  EXPECT_OK(store_->GetReport(open).status()) << "it has not ended";

  const auto again = store_->CreateReport(NewReport("request-1", "JOB1"),
                                          "digest", {}, kNoLimit);
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->report.report_id(), ids[1]);
  EXPECT_EQ(again->report.state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(again->report.summary(), HasSubstr("retention"));
  const ClaimedStep claimed = ClaimOnly();
  EXPECT_THAT(store_->OwnFailure(claimed.claim, FailureWithId("f1"), "prod"),
              IsOkAndHolds(ids[1]));
  EXPECT_THAT(store_->ListLinks({}, "", 10)->records, SizeIs(3));

  // And goes in the end, but for what is still needed.
  const Expiry all{.reports_before = clock_.Now() + absl::Seconds(1),
                   .keys_before = clock_.Now() + absl::Seconds(1)};
  EXPECT_OK(store_->DeleteExpired(all).status());
  EXPECT_THAT(store_->DeleteExpired(all), IsOkAndHolds(0));
  const auto forgotten = store_->CreateReport(NewReport("request-1", "JOB1"),
                                              "digest", {}, kNoLimit);
  ASSERT_OK(forgotten.status());
  EXPECT_FALSE(forgotten->duplicate);
  const auto still = store_->CreateReport(NewReport("request-open", "OPEN"),
                                          "digest", {}, kNoLimit);
  ASSERT_OK(still.status());
  EXPECT_TRUE(still->duplicate);
}

TEST_P(StoreConformanceTest, ALinkStaysAsLongAsAReportOfItsJob) {
  CreateEnded(1);
  const std::string again = Create("request-again", "JOB0");
  clock_.Advance(absl::Hours(24 * 1000));
  const Expiry all{.reports_before = clock_.Now(), .keys_before = clock_.Now()};
  EXPECT_OK(store_->DeleteExpired(all).status());
  EXPECT_THAT(store_->ListLinks({}, "", 10)->records, SizeIs(1));
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED));
  clock_.Advance(absl::Seconds(1));
  EXPECT_OK(store_
                ->DeleteExpired({.reports_before = clock_.Now(),
                                 .keys_before = clock_.Now()})
                .status());
  EXPECT_THAT(store_->ListLinks({}, "", 10)->records, IsEmpty());
}

TEST_P(StoreConformanceTest, ManyThreadsLoseNothingAndClaimNothingTwice) {
  constexpr int kThreads = 4;
  constexpr int kReports = 25;
  std::vector<std::thread> threads;
  std::vector<std::vector<std::string>> claimed(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kReports; ++i) {
        Create(absl::StrCat("request-", t, "-", i),
               absl::StrCat("JOB-", t, "-", i));
        for (const ClaimedStep& step : Claim(3, absl::StrCat("w", t))) {
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
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

}  // namespace
}  // namespace opcon_snow::incident
