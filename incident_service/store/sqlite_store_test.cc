// What only a store in a file can do or suffer: crashes, other processes, older
// files, disks that are full or broken, copies.

#include "incident_service/store/sqlite_store.h"

#include <sys/resource.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kNoLimit = 1000000;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStoreTest() {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    options_.path = directory_ + "/incidents.db";
  }

  // As after a crash: nothing is closed in an orderly way but the file.
  void Open() {
    store_.reset();
    auto opened = SqliteStore::Open(options_, &clock_);
    ASSERT_OK(opened.status());
    store_ = *std::move(opened);
  }

  // The file that this version of the schema left, a year later.
  void OpenVersion(int version) {
    {
      auto db = Database::Open(options_.path);
      ASSERT_OK(db.status());
      const std::string text = ReadAll(
          absl::StrCat(std::getenv("TEST_SRCDIR"),
                       "/opcon_snow/incident_service/store/testdata/schema_v",
                       version, ".sql"));
      ASSERT_THAT(text, HasSubstr(absl::StrCat("user_version = ", version)));
      ASSERT_OK((*db)->Execute(text.c_str()));
    }
    clock_.Advance(absl::Hours(24 * 365));
    Open();
  }

  absl::StatusOr<CreatedReport> TryCreate(const std::string& request_id,
                                          const std::string& job = "JOB001") {
    v1::Report report;
    report.set_request_id(request_id);
    v1::JobKey* key = report.mutable_event()->mutable_job_key();
    key->set_opcon("production");
    key->set_job_name(job);
    return store_->CreateReport(report, "digest", {v1::STEP_KIND_RESOLVE},
                                kNoLimit);
  }
  std::string Create(const std::string& request_id,
                     const std::string& job = "JOB001") {
    const auto created = TryCreate(request_id, job);
    EXPECT_OK(created.status());
    return created.ok() ? created->report.report_id() : "";
  }

  std::vector<ClaimedStep> Claim(int limit = 100) {
    auto claimed = store_->ClaimSteps({.limit = limit});
    EXPECT_OK(claimed.status());
    return claimed.ok() ? *std::move(claimed) : std::vector<ClaimedStep>();
  }

  absl::Status End(const ClaimedStep& claimed, v1::StepState state) {
    StepCommit commit;
    commit.claim = claimed.claim;
    commit.step = claimed.step;
    commit.step.set_state(state);
    return store_->Commit(commit);
  }

  // Creates reports until one is refused; returns how many were acknowledged.
  int CreateUntilRefused(absl::Status* refused) {
    for (int i = 0; i < 10000; ++i) {
      const auto created =
          TryCreate(absl::StrCat("request-", i), absl::StrCat("J", i));
      if (created.ok()) continue;
      *refused = created.status();
      return i;
    }
    return -1;
  }

  std::string directory_ = ::testing::TempDir() + "/sqlite-XXXXXX";
  SqliteStoreOptions options_;
  FakeClock clock_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, WhatWasAcknowledgedIsThereAfterACrash) {
  Open();
  const std::string id = Create("request-1");
  Open();
  const auto stored = store_->GetReport(id);
  ASSERT_OK(stored.status());
  EXPECT_EQ(stored->report.request_id(), "request-1");
  EXPECT_TRUE(TryCreate("request-1")->duplicate);
}

TEST_F(SqliteStoreTest, AStepUnderWayWhenTheProcessDiesIsHandedOutAgain) {
  Open();
  Create("request-1");
  const std::vector<ClaimedStep> before = Claim();
  ASSERT_THAT(before, SizeIs(1));
  Open();
  const std::vector<ClaimedStep> after = Claim();
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].step.attempts(), 2);
  EXPECT_GT(after[0].claim.epoch, before[0].claim.epoch);
  EXPECT_THAT(End(before[0], v1::STEP_STATE_SUCCEEDED),
              HasReason("CLAIM_LOST"));
  EXPECT_OK(End(after[0], v1::STEP_STATE_SUCCEEDED));
}

TEST_F(SqliteStoreTest, CountersSurviveACrash) {
  Open();
  Create("request-1");
  const std::int64_t change = store_->LastChange().value();
  const std::string id = store_->Info().id;
  Open();
  EXPECT_EQ(store_->LastChange().value(), change);
  EXPECT_EQ(store_->Info().id, id);
  v1::Report report;
  report.set_request_id("request-2");
  EXPECT_THAT(
      store_->CreateReport(report, "d", {v1::STEP_KIND_RESOLVE}, 1).status(),
      HasReason("OVERLOADED"));
}

TEST_F(SqliteStoreTest, CallersThatComeTogetherShareATransaction) {
  Open();
  constexpr int kReports = 200;
  const std::int64_t before = store_->transactions();
  std::mutex mutex;
  std::condition_variable all_done;
  int done = 0;
  for (int i = 0; i < kReports; ++i) {
    Store::NewReport fresh;
    fresh.report.set_request_id(absl::StrCat("request-", i));
    fresh.first_steps = {v1::STEP_KIND_RESOLVE};
    fresh.max_open = kNoLimit;
    // One of them is refused, which is no trouble of the others.
    if (i == 100) fresh.max_open = 0;
    store_->CreateReportAsync(
        std::move(fresh), [&, i](absl::StatusOr<CreatedReport> created) {
          EXPECT_EQ(created.ok(), i != 100) << created.status();
          const std::lock_guard<std::mutex> lock(mutex);
          if (++done == kReports) all_done.notify_one();
        });
  }
  std::unique_lock<std::mutex> lock(mutex);
  all_done.wait(lock, [&] { return done == kReports; });
  EXPECT_LT(store_->transactions() - before, kReports / 2);
  EXPECT_THAT(store_->ListReports({}, "", 1000)->reports, SizeIs(kReports - 1));
}

TEST_F(SqliteStoreTest, ASecondProcessIsKeptOut) {
  Open();
  EXPECT_THAT(
      SqliteStore::Open(options_, &clock_).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("already running"), HasSubstr(options_.path))));
}

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

TEST_F(SqliteStoreTest, AFullDiskRefusesNewReportsAndKeepsTheOthers) {
  // Held until the end: the file is at its bound.
  options_.pragmas = {"PRAGMA max_page_count = 120"};
  Open();
  absl::Status refused;
  const int acknowledged = CreateUntilRefused(&refused);
  EXPECT_GT(acknowledged, 10);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr(options_.path),
                                      HasSubstr("free space"))));
  EXPECT_THAT(refused, HasReason("STORE_UNAVAILABLE"));
  EXPECT_TRUE(IsRetryable(refused));
  // Reading goes on, and nothing that was acknowledged is lost.
  const auto kept = store_->ListReports({}, "", 1000);
  ASSERT_OK(kept.status());
  EXPECT_THAT(kept->reports, SizeIs(acknowledged));
  // There is room again.
  options_.pragmas.clear();
  Open();
  EXPECT_THAT(store_->ListReports({}, "", 1000)->reports, SizeIs(acknowledged));
  EXPECT_OK(TryCreate("request-new").status());
}

TEST_F(SqliteStoreTest, AWriteThatTheSystemRefusesIsNamed) {
  Open();
  // Beyond the limit the system would end the process by default.
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit all = limit;
  limit.rlim_cur = 2 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  absl::Status refused;
  const int acknowledged = CreateUntilRefused(&refused);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &all), 0);
  std::signal(SIGXFSZ, before);
  EXPECT_GT(acknowledged, 10);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr(options_.path),
                                      HasSubstr("check space"))));
  EXPECT_OK(TryCreate("request-new").status()) << "works again by itself";
  Open();
  EXPECT_THAT(store_->ListReports({}, "", 1000)->reports,
              SizeIs(acknowledged + 1));
}

TEST_F(SqliteStoreTest, AReadOnlyStoreIsNamed) {
  Open();
  Create("request-1");
  store_.reset();
  options_.pragmas = {"PRAGMA query_only = ON"};
  EXPECT_THAT(SqliteStore::Open(options_, &clock_).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(options_.path),
                             HasSubstr("not mounted read-only"))));
  options_.pragmas.clear();
  Open();
  EXPECT_THAT(store_->ListReports({}, "", 10)->reports, SizeIs(1));
}

TEST_F(SqliteStoreTest, AFolderThatIsNotThereIsNamed) {
  options_.path = directory_ + "/nowhere/incidents.db";
  EXPECT_THAT(SqliteStore::Open(options_, &clock_).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(directory_ + "/nowhere"),
                             HasSubstr("folder must exist"))));
}

TEST_F(SqliteStoreTest, ADamagedFileIsNamed) {
  Open();
  for (int i = 0; i < 200; ++i) {
    Create(absl::StrCat("request-", i), absl::StrCat("J", i));
  }
  store_.reset();
  // Not a database at all.
  {
    std::fstream file(options_.path,
                      std::ios::binary | std::ios::in | std::ios::out);
    file << "something else";
  }
  EXPECT_THAT(SqliteStore::Open(options_, &clock_).status(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(options_.path), HasSubstr("damaged"),
                             HasSubstr("backup"))));
}

TEST_F(SqliteStoreTest, DamageInTheMiddleIsFoundAndNamed) {
  Open();
  for (int i = 0; i < 200; ++i) {
    Create(absl::StrCat("request-", i), absl::StrCat("J", i));
  }
  store_.reset();
  {
    std::fstream file(options_.path,
                      std::ios::binary | std::ios::in | std::ios::out);
    const std::string noise(4096, '\x5a');
    for (const int page : {8, 12, 20, 30, 40, 50}) {
      file.seekp(page * 4096);
      file << noise;
    }
  }
  // At the start or at the first look, whatever is hit.
  auto opened = SqliteStore::Open(options_, &clock_);
  absl::Status found = opened.status();
  if (found.ok()) found = (*opened)->ListReports({}, "", 1000).status();
  EXPECT_THAT(found,
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(options_.path), HasSubstr("damaged"))));
  EXPECT_THAT(found, HasReason("STORE_UNAVAILABLE"));
}

TEST_F(SqliteStoreTest, AnotherProgramThatHoldsTheFileIsNamed) {
  options_.pragmas = {"PRAGMA busy_timeout = 10"};
  Open();
  const std::string id = Create("request-1");
  {
    // As `sqlite3 FILE` with an open transaction would.
    auto other = Database::Open(options_.path);
    ASSERT_OK(other.status());
    ASSERT_OK((*other)->Execute("BEGIN IMMEDIATE"));
    EXPECT_THAT(TryCreate("request-2").status(),
                StatusIs(absl::StatusCode::kUnavailable,
                         AllOf(HasSubstr(options_.path),
                               HasSubstr("another program"))));
    EXPECT_OK(store_->GetReport(id).status());
  }
  EXPECT_OK(TryCreate("request-2").status());
}

TEST_F(SqliteStoreTest, ABackupIsAStoreOfItsMoment) {
  Open();
  const std::string id = Create("request-1");
  auto backup = store_->BackUp();
  ASSERT_OK(backup.status());
  // One at a time.
  EXPECT_THAT(store_->BackUp().status(), HasReason("OVERLOADED"));
  Create("request-2");
  EXPECT_EQ((*backup)->header().format(), "sqlite");
  EXPECT_EQ((*backup)->header().schema_version(), 4);
  EXPECT_EQ(ToTime((*backup)->header().snapshot_time()), clock_.Now());
  const std::string copy = directory_ + "/copy.db";
  std::int64_t size = 0;
  {
    std::ofstream file(copy, std::ios::binary);
    while (true) {
      const auto bytes = (*backup)->Read(1000);
      ASSERT_OK(bytes.status());
      if (bytes->empty()) break;
      size += static_cast<std::int64_t>(bytes->size());
      file << *bytes;
    }
  }
  EXPECT_EQ(size, (*backup)->header().size_bytes());
  backup->reset();
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    EXPECT_THAT(file.path().string(), Not(HasSubstr(".copy")));
  }
  EXPECT_OK(store_->BackUp().status());

  options_.path = copy;
  Open();
  EXPECT_OK(store_->GetReport(id).status());
  EXPECT_THAT(store_->ListReports({}, "", 10)->reports, SizeIs(1));
  EXPECT_THAT(Claim(), SizeIs(1));
}

TEST_F(SqliteStoreTest, ABackupThatCannotBeMadeSaysWhere) {
  options_.backup_directory = directory_ + "/nowhere";
  Open();
  EXPECT_THAT(store_->BackUp().status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr(directory_ + "/nowhere")));
  // And the place for the next is free.
  EXPECT_THAT(store_->BackUp().status(), Not(HasReason("OVERLOADED")));
}

TEST_F(SqliteStoreTest, OldChangesAreToldByTheReports) {
  Open();
  const std::string quiet = Create("request-quiet", "QUIET");
  Create("request-busy", "BUSY");
  const std::int64_t begin = store_->LastChange().value();
  // A step that is planned again and again, until the log has turned over.
  ClaimedStep busy;
  for (const ClaimedStep& step : Claim()) {
    if (step.claim.report_id != quiet) busy = step;
  }
  StepCommit commit;
  commit.claim = busy.claim;
  commit.step = busy.step;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < (Store::kChangesKept + 2000) / 8; ++i) {
        EXPECT_OK(store_->Commit(commit));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::int64_t after = begin - 2;
  int count = 0;
  bool quiet_told = false;
  while (true) {
    const auto changes = store_->ListChanges(after, 5000);
    ASSERT_OK(changes.status());
    if (changes->empty()) break;
    for (const ReportChange& change : *changes) {
      EXPECT_GT(change.sequence, after);
      after = change.sequence;
      ++count;
      quiet_told = quiet_told || change.report.report_id() == quiet;
    }
  }
  EXPECT_EQ(after, store_->LastChange().value());
  EXPECT_TRUE(quiet_told);
  EXPECT_GE(count, Store::kChangesKept);
  EXPECT_LT(count, Store::kChangesKept + 1500);
}

}  // namespace
}  // namespace opcon_snow::incident
