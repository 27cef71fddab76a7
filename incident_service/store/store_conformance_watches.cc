// The third part of the suite: watches, and what they find.

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/store_conformance.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kWatch[] = "tickets/prod";

}  // namespace

WatchClaim WatchConformanceTest::Claimed(const std::string& worker) {
  const auto watch = store_->ClaimWatch(kWatch, worker, absl::Minutes(1));
  EXPECT_OK(watch.status());
  EXPECT_TRUE(watch.ok() && watch->has_value()) << worker;
  return watch.ok() && watch->has_value() ? (*watch)->claim : WatchClaim();
}

bool WatchConformanceTest::IsFree(const std::string& worker) {
  const auto watch = store_->ClaimWatch(kWatch, worker, absl::Minutes(1));
  EXPECT_OK(watch.status());
  return watch.ok() && watch->has_value();
}

v1::TicketLink WatchConformanceTest::PutLink(const std::string& state,
                                             std::int64_t changes) {
  Create(absl::StrCat("link-", ++links_));
  const ClaimedStep claimed = ClaimOnly();
  StepCommit commit = Ending(claimed, v1::STEP_STATE_SUCCEEDED);
  v1::TicketLink& link = commit.link.emplace();
  *link.mutable_job_key() = claimed.stored.report.event().job_key();
  link.mutable_ticket()->set_servicenow("prod");
  link.mutable_ticket()->set_sys_id("aa");
  link.mutable_ticket()->set_number("INC1");
  link.set_ticket_state_value(state);
  link.set_ticket_modification_count(changes);
  EXPECT_OK(store_->Commit(commit));
  return Link();
}

v1::TicketLink WatchConformanceTest::Link() {
  const auto link =
      store_->FindLink(NewReport("any", "JOB001").event().job_key(), "prod");
  EXPECT_OK(link.status());
  return link.ok() && link->has_value() ? **link : v1::TicketLink();
}

Store::SeenTicket WatchConformanceTest::Seen(const v1::TicketLink& link,
                                             const std::string& state,
                                             std::int64_t changes,
                                             const std::string& request_id) {
  Store::SeenTicket seen;
  seen.found = link;
  seen.last_state_value = link.ticket_state_value();
  seen.last_modification_count = link.ticket_modification_count();
  seen.found.set_ticket_state_value(state);
  seen.found.set_ticket_modification_count(changes);
  v1::Report report;
  report.set_request_id(request_id);
  *report.mutable_ticket_change()->mutable_job_key() = link.job_key();
  report.mutable_ticket_change()->set_to_state_value(state);
  seen.report = {report, request_id, {v1::STEP_KIND_FOLLOW_TICKET}, 0};
  return seen;
}

namespace {

TEST_P(WatchConformanceTest, AWatchBelongsToOneWorkerUntilItsLeaseEnds) {
  const WatchClaim first = Claimed("one");
  EXPECT_FALSE(IsFree("two"));
  clock_.Advance(absl::Seconds(50));
  // Who has it renews it.
  EXPECT_EQ(Claimed("one").epoch, first.epoch);
  clock_.Advance(absl::Seconds(50));
  EXPECT_FALSE(IsFree("two"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_GT(Claimed("two").epoch, first.epoch);
  EXPECT_FALSE(IsFree("one"));
  // Others are watched all the same.
  EXPECT_TRUE(
      store_->ClaimWatch("tickets/test", "one", absl::Minutes(1))->has_value());
}

TEST_P(WatchConformanceTest, WhoeverStopsGivesItsWatchesBack) {
  const WatchClaim first = Claimed("one");
  EXPECT_OK(store_->ReleaseClaims("two"));
  EXPECT_FALSE(IsFree("two"));
  EXPECT_OK(store_->ReleaseClaims("one"));
  EXPECT_GT(Claimed("two").epoch, first.epoch);
}

TEST_P(WatchConformanceTest, KeepsHowFarItGot) {
  Store::WatchCommit commit{.claim = Claimed()};
  commit.state.set_cursor_sys_id("abc");
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(0));
  clock_.Advance(absl::Minutes(2));
  const auto watch = store_->ClaimWatch(kWatch, "two", absl::Minutes(1));
  ASSERT_OK(watch.status());
  EXPECT_EQ((*watch)->state.cursor_sys_id(), "abc");
}

TEST_P(WatchConformanceTest, WhoeverLostTheWatchWritesNothing) {
  const v1::TicketLink link = PutLink("1", 0);
  const WatchClaim lost = Claimed("one");
  clock_.Advance(absl::Minutes(2));
  Claimed("two");
  Store::WatchCommit commit{.claim = lost};
  commit.tickets = {Seen(link, "2", 1, "change-1")};
  commit.state.set_cursor_sys_id("abc");
  EXPECT_THAT(store_->CommitWatch(commit).status(), HasReason("CLAIM_LOST"));
  EXPECT_EQ(Link().ticket_state_value(), "1");
  EXPECT_THAT(Claim(), IsEmpty());
  const auto watch = store_->ClaimWatch(kWatch, "two", absl::Minutes(1));
  EXPECT_EQ((*watch)->state.cursor_sys_id(), "");
}

TEST_P(WatchConformanceTest, ATicketIsSeenOnceWithItsReport) {
  const v1::TicketLink link = PutLink("1", 0);
  Store::WatchCommit commit{.claim = Claimed()};
  commit.tickets = {Seen(link, "2", 1, "change-1")};
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(1));
  EXPECT_EQ(Link().ticket_state_value(), "2");
  EXPECT_EQ(Link().ticket_modification_count(), 1);
  const ClaimedStep claimed = ClaimOnly();
  EXPECT_EQ(claimed.claim.kind, v1::STEP_KIND_FOLLOW_TICKET);
  EXPECT_EQ(claimed.stored.report.ticket_change().to_state_value(), "2");
  // Decided on what was there before: too late, also under another id.
  commit.tickets = {Seen(link, "2", 1, "change-2")};
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(0));
  EXPECT_THAT(Claim(), IsEmpty());
}

TEST_P(WatchConformanceTest, ATicketThatIsTheJobsNoMoreIsLeftOut) {
  v1::TicketLink link = PutLink("1", 0);
  link.mutable_ticket()->set_sys_id("bb");
  Store::WatchCommit commit{.claim = Claimed()};
  commit.tickets = {Seen(link, "2", 1, "change-1")};
  link.mutable_job_key()->set_job_name("another");
  commit.tickets.push_back(Seen(link, "2", 1, "change-2"));
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(0));
  EXPECT_EQ(Link().ticket_state_value(), "1");
}

TEST_P(WatchConformanceTest, WhatWasSeenLaterStays) {
  const v1::TicketLink link = PutLink("1", 3);
  Store::WatchCommit commit{.claim = Claimed()};
  commit.tickets = {Seen(link, "2", 5, "change-1")};
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(1));
  EXPECT_OK(End(ClaimOnly(), v1::STEP_STATE_SUCCEEDED));
  // A step that had looked before writes its link only now.
  EXPECT_EQ(PutLink("1", 4).ticket_state_value(), "2");
  EXPECT_EQ(PutLink("1", 6).ticket_state_value(), "1");
}

TEST_P(WatchConformanceTest, FollowingATicketNeitherWaitsForItsJobNorHoldsIt) {
  const v1::TicketLink link = PutLink("1", 0);
  Store::WatchCommit commit{.claim = Claimed()};
  commit.tickets = {Seen(link, "2", 1, "change-1")};
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(1));
  const ClaimedStep following = ClaimOnly();
  Create("request-1");
  const ClaimedStep failure = ClaimOnly();
  EXPECT_EQ(failure.claim.kind, v1::STEP_KIND_RESOLVE);
  EXPECT_OK(End(following, v1::STEP_STATE_SUCCEEDED));
  commit.tickets = {Seen(Link(), "6", 2, "change-2")};
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(1));
  EXPECT_EQ(ClaimOnly().claim.kind, v1::STEP_KIND_FOLLOW_TICKET);
}

TEST_P(WatchConformanceTest, ReportsOfAWatchAreListedByTheirJob) {
  const v1::TicketLink link = PutLink("1", 0);
  Store::WatchCommit commit{.claim = Claimed()};
  commit.tickets = {Seen(link, "2", 1, "change-1")};
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(1));
  const auto listed = store_->ListReports({.job_name = "JOB001"}, "", 10);
  ASSERT_OK(listed.status());
  EXPECT_THAT(listed->reports, SizeIs(2));
}

TEST_P(WatchConformanceTest, FoundReportsAreAddedUnlessTheyAreKnown) {
  Create("found-1");
  Store::WatchCommit commit{.claim = Claimed()};
  for (const char* id : {"found-1", "found-2", "found-2"}) {
    commit.reports.push_back(
        {NewReport(id, "JOB002"), "digest", {v1::STEP_KIND_RESOLVE}, 0});
  }
  EXPECT_THAT(store_->CommitWatch(commit), IsOkAndHolds(1));
  EXPECT_THAT(Claim(), SizeIs(2));
}

}  // namespace
}  // namespace opcon_snow::incident
