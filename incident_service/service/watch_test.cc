// Streams: changes of reports, and backups.

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "incident_service/service/service_fixture.h"

namespace opcon_snow::incident {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WatchTest : public ServiceFixture {
 protected:
  using OnMessage = std::function<bool(const v1::WatchReportsResponse&)>;

  // Reads until `enough` says so; that is OK, everything else is the stream's
  // own end.
  absl::Status TryRead(const v1::WatchReportsRequest& request,
                       const OnMessage& enough) {
    const absl::Status ended =
        rpc::ReadStream<Stub, Stub, v1::WatchReportsRequest,
                        v1::WatchReportsResponse>(
            *stub_, &Stub::WatchReports, request, {.timeout = absl::Minutes(1)},
            [&](v1::WatchReportsResponse& message) {
              return enough(message) ? absl::OutOfRangeError("enough")
                                     : absl::OkStatus();
            });
    return absl::IsOutOfRange(ended) ? absl::OkStatus() : ended;
  }

  // The same, once there is room: the server notices a moment later that an
  // earlier watcher has gone.
  absl::Status Read(const v1::WatchReportsRequest& request,
                    const OnMessage& enough) {
    absl::Status ended;
    do {
      ended = TryRead(request, enough);
    } while (GetErrorReason(ended) == "OVERLOADED");
    return ended;
  }

  // `JOB state` of the next `count` messages with a report.
  std::vector<std::string> Next(v1::WatchReportsRequest* request, int count) {
    std::vector<std::string> seen;
    if (count == 0) return seen;
    EXPECT_OK(Read(*request, [&](const v1::WatchReportsResponse& message) {
      request->set_resume_token(message.resume_token());
      if (message.has_report()) {
        seen.push_back(
            absl::StrCat(message.report().event().job_key().job_name(), " ",
                         v1::ReportState_Name(message.report().state())
                             .substr(sizeof("REPORT_STATE_") - 1)));
      }
      return seen.size() == static_cast<std::size_t>(count);
    }));
    return seen;
  }

  std::string Create(const std::string& job) {
    const auto created = Report(Event("request-" + job, job));
    EXPECT_OK(created.status());
    return created->report().report_id();
  }

  // Ends the only step that is due.
  void Finish() {
    auto claimed = store_->ClaimSteps({.limit = 1});
    ASSERT_OK(claimed.status());
    ASSERT_THAT(*claimed, SizeIs(1));
    StepCommit commit;
    commit.claim = (*claimed)[0].claim;
    commit.step = (*claimed)[0].step;
    commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
    EXPECT_OK(store_->Commit(commit));
  }
};

TEST_F(WatchTest, BeginsWithWhatIsOpenAndGoesOnWithChanges) {
  Create("DONE");
  Finish();
  Create("OPEN");
  v1::WatchReportsRequest request;
  EXPECT_THAT(Next(&request, 1), ElementsAre("OPEN ACCEPTED"));
  Finish();
  Create("NEW");
  EXPECT_THAT(Next(&request, 3),
              ElementsAre("OPEN RUNNING", "OPEN SUCCEEDED", "NEW ACCEPTED"));
}

TEST_F(WatchTest, ResumesAnywhereWithoutAGap) {
  constexpr int kReports = 250;
  std::set<std::string> expected;
  for (int i = 0; i < kReports; ++i) {
    Create(absl::StrCat("J", i));
    expected.insert(absl::StrCat("J", i, " ACCEPTED"));
  }
  // Broken off in the middle of what was open at the begin, again and again.
  v1::WatchReportsRequest request;
  std::vector<std::string> seen;
  while (seen.size() < kReports) {
    const std::size_t left = kReports - seen.size();
    for (const std::string& line :
         Next(&request, static_cast<int>(std::min<std::size_t>(left, 70)))) {
      seen.push_back(line);
    }
  }
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), expected);
  Create("LATER");
  EXPECT_THAT(Next(&request, 1), ElementsAre("LATER ACCEPTED"));
}

TEST_F(WatchTest, AChangeIsToldAtOnce) {
  std::mutex mutex;
  std::condition_variable changed;
  bool listening = false;
  std::vector<std::string> jobs;
  std::thread watcher([&] {
    EXPECT_OK(Read({}, [&](const v1::WatchReportsResponse& message) {
      const std::lock_guard<std::mutex> lock(mutex);
      // A heartbeat shows that the stream has caught up.
      listening = true;
      if (message.has_report()) {
        jobs.push_back(message.report().event().job_key().job_name());
      }
      changed.notify_all();
      return !jobs.empty();
    }));
  });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return listening; });
  }
  Create("JOB1");
  watcher.join();
  EXPECT_THAT(jobs, ElementsAre("JOB1"));
}

TEST_F(WatchTest, OneReportIsShownAsItIsAndFollowed) {
  const std::string id = Create("MINE");
  Create("OTHER");
  v1::WatchReportsRequest request;
  request.set_report_id(id);
  EXPECT_THAT(Next(&request, 1), ElementsAre("MINE ACCEPTED"));
  Finish();
  EXPECT_THAT(Next(&request, 2), ElementsAre("MINE RUNNING", "MINE SUCCEEDED"));
  // Also when it has ended already.
  request.clear_resume_token();
  EXPECT_THAT(Next(&request, 1), ElementsAre("MINE SUCCEEDED"));
  request.clear_resume_token();
  request.set_report_id("nothing");
  EXPECT_THAT(Read(request, [](const auto&) { return true; }),
              HasReason("RECORD_NOT_FOUND"));
}

TEST_F(WatchTest, OnlyTheStatesAskedFor) {
  v1::WatchReportsRequest request;
  request.add_states(v1::REPORT_STATE_SUCCEEDED);
  Create("A");
  Finish();
  // Heartbeats move the token past what does not fit.
  std::string token;
  EXPECT_OK(Read(request, [&](const v1::WatchReportsResponse& message) {
    EXPECT_FALSE(message.has_report());
    token = message.resume_token();
    return true;
  }));
  Create("B");
  Finish();
  request.set_resume_token(token);
  EXPECT_THAT(Next(&request, 1), ElementsAre("B SUCCEEDED"));
}

TEST_F(WatchTest, TokensOfOtherStoresAndTimesAreRefused) {
  Create("A");
  for (const std::string& token :
       {std::string("made up"), std::string("0123456789abcdef.1.0"),
        absl::StrCat(store_->Info().id, ".999999.0"),
        absl::StrCat(store_->Info().id, ".-1.0")}) {
    v1::WatchReportsRequest request;
    request.set_resume_token(token);
    EXPECT_THAT(Read(request, [](const auto&) { return true; }),
                HasReason("INVALID_REQUEST"))
        << token;
  }
}

// One that does not read: its stream waits, nobody else does, and what it gets
// in the end is where the reports are by then.
TEST_F(WatchTest, ASlowWatcherHoldsNobodyAndCatchesUp) {
  grpc::ClientContext context;
  auto reader = stub_->WatchReports(&context, {});
  // More than any window of flow control holds.
  constexpr int kReports = 300;
  std::set<std::string> expected;
  for (int i = 0; i < kReports; ++i) {
    v1::ReportJobEventRequest request =
        Event(absl::StrCat("request-", i), absl::StrCat("J", i));
    request.mutable_event()->set_machine(std::string(250, 'x'));
    const auto created = Report(request);
    ASSERT_OK(created.status());
    expected.insert(created->report().report_id());
  }
  // Another one is up to date meanwhile.
  v1::WatchReportsRequest other;
  EXPECT_THAT(Next(&other, kReports), SizeIs(kReports));
  std::set<std::string> seen;
  v1::WatchReportsResponse message;
  while (seen.size() < kReports && reader->Read(&message)) {
    if (message.has_report()) seen.insert(message.report().report_id());
  }
  EXPECT_EQ(seen, expected);
  context.TryCancel();
  while (reader->Read(&message)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, WatchersAreBoundedAndMakeRoomWhenTheyGo) {
  grpc::ClientContext contexts[2];
  std::unique_ptr<grpc::ClientReaderInterface<v1::WatchReportsResponse>>
      readers[2];
  v1::WatchReportsResponse message;
  for (int i = 0; i < 2; ++i) {
    readers[i] = stub_->WatchReports(&contexts[i], {});
    ASSERT_TRUE(readers[i]->Read(&message));
  }
  const absl::Status refused = TryRead({}, [](const auto&) { return true; });
  EXPECT_THAT(refused, HasReason("OVERLOADED"));
  EXPECT_TRUE(IsRetryable(refused));
  contexts[0].TryCancel();
  while (readers[0]->Read(&message)) {
  }
  readers[0]->Finish();
  EXPECT_OK(Read({}, [](const auto&) { return true; }));
  contexts[1].TryCancel();
  while (readers[1]->Read(&message)) {
  }
  readers[1]->Finish();
}

TEST_F(WatchTest, AServiceThatStopsEndsItsStreams) {
  std::atomic<bool> reading{false};
  absl::Status ended;
  std::thread watcher([&] {
    ended = Read({}, [&](const auto&) {
      reading = true;
      reading.notify_all();
      return false;
    });
  });
  reading.wait(false);
  EXPECT_OK(server_->Stop());
  watcher.join();
  EXPECT_THAT(
      ended, StatusIs(absl::StatusCode::kCancelled, HasSubstr("resume_token")));
  EXPECT_THAT(ended, HasReason("CANCELLED"));
}

TEST_F(WatchTest, ABackupIsAStore) {
  const std::string id = Create("A");
  v1::BackupHeader header;
  const std::string path =
      absl::StrCat(::testing::TempDir(), "/backup-of-a-service.db");
  std::int64_t bytes = 0;
  {
    std::ofstream file(path, std::ios::binary);
    ASSERT_OK((rpc::ReadStream<Stub, Stub, v1::BackUpStoreRequest,
                               v1::BackUpStoreResponse>(
        *stub_, &Stub::BackUpStore, {}, {},
        [&](v1::BackUpStoreResponse& message) {
          if (message.has_header()) {
            EXPECT_EQ(bytes, 0) << "the header comes first";
            header = message.header();
          }
          EXPECT_LE(message.chunk().size(), std::size_t{256} << 10);
          bytes += static_cast<std::int64_t>(message.chunk().size());
          file << message.chunk();
          return absl::OkStatus();
        })));
  }
  EXPECT_EQ(header.format(), "sqlite");
  EXPECT_EQ(header.size_bytes(), bytes);
  EXPECT_GT(bytes, 0);
  auto copy = SqliteStore::Open(path, RealClock::Get());
  ASSERT_OK(copy.status());
  EXPECT_OK((*copy)->GetReport(id).status());
}

}  // namespace
}  // namespace opcon_snow::incident
