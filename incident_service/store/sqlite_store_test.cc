// What only a store in a file can do or suffer: crashes, other processes, older
// files, disks that are full or broken, copies.

#include "incident_service/store/sqlite_store.h"

#include <sys/resource.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/sqlite_store_fixture.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

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
  EXPECT_EQ((*backup)->header().schema_version(), 5);
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
