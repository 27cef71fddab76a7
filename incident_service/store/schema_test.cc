// Files that other versions left.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/sqlite_store_fixture.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(SqliteStoreTest, AFileOfANewerVersionIsRefused) {
  Open();
  store_.reset();
  {
    auto db = Database::Open(options_.path);
    ASSERT_OK(db.status());
    ASSERT_OK((*db)->Execute("PRAGMA user_version = 9999"));
  }
  EXPECT_THAT(
      SqliteStore::Open(options_, &clock_).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("newer version"), HasSubstr(options_.path))));
}

TEST_F(SqliteStoreTest, AFileOfVersion1IsMigratedAndGoesOn) {
  OpenVersion(1);
  // What waits is due again, under way or not; the report behind another one
  // of its job waits for it.
  std::vector<std::string> claimed;
  for (const ClaimedStep& step : Claim()) {
    claimed.push_back(step.stored.report.request_id());
  }
  EXPECT_THAT(claimed, ElementsAre("request-waiting", "request-running",
                                   "request-new", "request-log"));
  EXPECT_THAT(store_->ListReports({}, "", 100)->reports, SizeIs(8));
  const auto links = store_->ListLinks(
      {.opcon = "production", .schedule_date = "20260105"}, "", 10);
  ASSERT_OK(links.status());
  ASSERT_THAT(links->records, SizeIs(1));
  EXPECT_EQ(links->records[0].ticket().number(), "INC0010001");
  const auto failures = store_->ListFailures(std::nullopt, "", 10);
  ASSERT_OK(failures.status());
  ASSERT_THAT(failures->records, SizeIs(1));
  EXPECT_THAT(failures->records[0].tickets(), SizeIs(1));
  // De-duplication goes on.
  v1::Report report;
  report.set_request_id("request-done");
  const auto again =
      store_->CreateReport(report, "digest-request-done", {}, kNoLimit);
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->report.state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_F(SqliteStoreTest, AFileOfVersion2IsMigratedAndGoesOn) {
  OpenVersion(2);
  const auto reports = store_->ListReports(
      {.request_id = "329e0c89-b806-4ee6-9731-dc9a05db330e"}, "", 10);
  ASSERT_OK(reports.status());
  ASSERT_THAT(reports->reports, SizeIs(1));
  EXPECT_THAT(store_->LastChange(), IsOkAndHolds(10));
  const auto told = [&] {
    std::vector<std::int64_t> numbers;
    const auto changes = store_->ListChanges(0, 100);
    EXPECT_OK(changes.status());
    for (const ReportChange& change : *changes) {
      numbers.push_back(change.sequence);
    }
    return numbers;
  };
  EXPECT_THAT(told(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(store_->ListChanges(9, 1)->at(0).report.state(),
            v1::REPORT_STATE_SUCCEEDED);
  // What a watcher was told stays told when the report is deleted.
  EXPECT_OK(store_->DeleteExpired({.reports_before = clock_.Now()}).status());
  EXPECT_THAT(store_->ListReports({}, "", 10)->reports, SizeIs(0));
  EXPECT_THAT(told(), SizeIs(10));
  Create("request-1");
  EXPECT_THAT(store_->LastChange(), IsOkAndHolds(11));
}

TEST_F(SqliteStoreTest, AFileOfVersion3IsMigratedAndCanBeWatched) {
  OpenVersion(3);
  const auto links = store_->ListLinks({.ticket_number = "INC0010001"}, "", 10);
  ASSERT_OK(links.status());
  ASSERT_THAT(links->records, SizeIs(1));
  const auto watch =
      store_->ClaimWatch("tickets/production", "me", absl::Minutes(1));
  ASSERT_OK(watch.status());
  ASSERT_TRUE(watch->has_value());
  Store::WatchCommit commit{.claim = (*watch)->claim};
  // What that version did not keep is as good as zero.
  Store::SeenTicket& seen = commit.tickets.emplace_back();
  seen.found = links->records[0];
  seen.last_state_value = "1";
  seen.found.set_ticket_state_value("2");
  seen.found.set_ticket_modification_count(1);
  EXPECT_OK(store_->CommitWatch(commit).status());
  const auto link = store_->FindLink(links->records[0].job_key(), "production");
  ASSERT_OK(link.status());
  EXPECT_EQ((*link)->ticket_state_value(), "2");
}

TEST_F(SqliteStoreTest, AFileOfVersion4IsMigratedAndCanBeSilenced) {
  OpenVersion(4);
  EXPECT_THAT(store_->ListReports({}, "", 10)->reports, SizeIs(1));
  EXPECT_THAT(*store_->SilencesAt(clock_.Now()), SizeIs(0));
  Store::NewSilence fresh;
  SetTime(clock_.Now() + absl::Hours(1), fresh.silence.mutable_expire_time());
  fresh.request_id = "request-1";
  const auto silence = store_->CreateSilence(fresh);
  ASSERT_OK(silence.status());
  EXPECT_THAT(*store_->SilencesAt(clock_.Now()), SizeIs(1));
  const std::vector<ClaimedStep> claimed = Claim();
  ASSERT_THAT(claimed, SizeIs(1));
  StepCommit commit;
  commit.claim = claimed[0].claim;
  commit.step = claimed[0].step;
  commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
  commit.silence_id = silence->silence_id();
  EXPECT_OK(store_->Commit(commit));
  EXPECT_EQ(store_->SilencesAt(clock_.Now())->at(0).suppressed_count(), 1);
}

}  // namespace
}  // namespace opcon_snow::incident
