#include "incident_service/workflow/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/sqlite_store.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::HasSubstr;

// Answers every step with what the test says.
class ScriptedRunner final : public StepRunner {
 public:
  std::function<absl::StatusOr<StepCommit>(const ClaimedStep&)> answer;

  absl::StatusOr<StepCommit> Run(const ClaimedStep& claimed) override {
    return answer(claimed);
  }
  absl::Duration GiveUpAfter(const ClaimedStep&,
                             absl::Duration limit) const override {
    return limit;
  }
};

StepCommit Done(const ClaimedStep& claimed) {
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
  return commit;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    auto opened = SqliteStore::Open(path_, RealClock::Get());
    EXPECT_OK(opened.status());
    store_ = *std::move(opened);
  }

  void StartEngine(int workers = 4) {
    engine_ = std::make_unique<Engine>(
        EngineOptions{.workers = workers,
                      .retry = {.initial_backoff = absl::Milliseconds(1),
                                .max_backoff = absl::Milliseconds(5)}},
        store_.get(), &runner_, RealClock::Get());
    engine_->Start();
  }

  std::string Report(const std::string& job) {
    v1::Report report;
    report.set_request_id("request-" + job);
    report.mutable_event()->mutable_job_key()->set_job_name(job);
    const auto created =
        store_->CreateReport(report, "digest", {v1::STEP_KIND_RESOLVE}, 1000);
    EXPECT_OK(created.status());
    if (engine_ != nullptr) engine_->Wake();
    return created->report.report_id();
  }

  // Waits until the report has settled.
  v1::Report Await(const std::string& report_id) {
    const SteadyTime until =
        SteadyAfter(RealClock::Get()->SteadyNow(), absl::Seconds(30));
    while (true) {
      const auto stored = store_->GetReport(report_id);
      EXPECT_OK(stored.status());
      if (IsSettled(stored->report.state()) ||
          RealClock::Get()->SteadyNow() > until) {
        return stored->report;
      }
      std::this_thread::yield();
    }
  }

  const std::string path_ = absl::StrCat(
      ::testing::TempDir(), "/",
      ::testing::UnitTest::GetInstance()->current_test_info()->name(), ".db");
  ScriptedRunner runner_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, DoesWhatIsDueAndWhatBecomesDue) {
  runner_.answer = [](const ClaimedStep& claimed) {
    StepCommit commit = Done(claimed);
    if (claimed.claim.kind == v1::STEP_KIND_RESOLVE) {
      commit.next_steps = {v1::STEP_KIND_TICKET};
    }
    return commit;
  };
  const std::string before = Report("stored before the start");
  StartEngine();
  const std::string after = Report("stored after the start");
  EXPECT_EQ(Await(before).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Await(after).state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_F(EngineTest, RepeatsWhatMayPassAndCountsTheAttempts) {
  std::atomic<int> attempts{0};
  runner_.answer =
      [&](const ClaimedStep& claimed) -> absl::StatusOr<StepCommit> {
    if (++attempts < 5) return absl::UnavailableError("not yet");
    return Done(claimed);
  };
  StartEngine();
  const v1::Report report = Await(Report("J1"));
  EXPECT_EQ(report.state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(report.steps(0).attempts(), 5);
  EXPECT_FALSE(report.has_error());
}

TEST_F(EngineTest, APermanentRefusalIsADeadLetterAtOnce) {
  std::atomic<int> attempts{0};
  runner_.answer = [&](const ClaimedStep&) -> absl::StatusOr<StepCommit> {
    ++attempts;
    return absl::FailedPreconditionError("the token is wrong");
  };
  StartEngine();
  const v1::Report report = Await(Report("J1"));
  EXPECT_EQ(report.state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(report.summary(), HasSubstr("the token is wrong"));
  EXPECT_EQ(attempts, 1);
}

TEST_F(EngineTest, WorkOnOneJobIsSerialOnDifferentOnesParallel) {
  std::mutex mutex;
  std::condition_variable two_at_once;
  std::map<std::string, int> running;
  int most_at_once = 0;
  bool overlapped = false;
  runner_.answer = [&](const ClaimedStep& claimed) {
    const std::string job = claimed.stored.report.event().job_key().job_name();
    std::unique_lock<std::mutex> lock(mutex);
    overlapped = overlapped || ++running[job] > 1;
    int at_once = 0;
    for (const auto& [name, count] : running) at_once += count;
    most_at_once = std::max(most_at_once, at_once);
    two_at_once.notify_all();
    // Holds the first until another job has begun, which must be possible.
    RealClock::Get()->WaitUntil(
        lock, two_at_once,
        SteadyAfter(RealClock::Get()->SteadyNow(), absl::Seconds(30)),
        [&] { return most_at_once > 1; });
    --running[job];
    return Done(claimed);
  };
  v1::Report twin;
  twin.set_request_id("twin-of-A");
  twin.mutable_event()->mutable_job_key()->set_job_name("A");
  const std::string a = Report("A");
  const auto second =
      store_->CreateReport(twin, "digest", {v1::STEP_KIND_RESOLVE}, 1000);
  ASSERT_OK(second.status());
  const std::string b = Report("B");
  StartEngine();
  for (const std::string& id : {a, b, second->report.report_id()}) {
    EXPECT_EQ(Await(id).state(), v1::REPORT_STATE_SUCCEEDED);
  }
  EXPECT_FALSE(overlapped);
  EXPECT_GT(most_at_once, 1);
}

TEST_F(EngineTest, AStepUnderWayAtTheStopIsTakenUpAgain) {
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false;
  bool may_end = false;
  runner_.answer = [&](const ClaimedStep&) -> absl::StatusOr<StepCommit> {
    std::unique_lock<std::mutex> lock(mutex);
    begun = true;
    changed.notify_all();
    changed.wait(lock, [&] { return may_end; });
    return absl::CancelledError("the call was cancelled");
  };
  const std::string id = Report("J1");
  StartEngine();
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return begun; });
    may_end = true;
  }
  changed.notify_all();
  engine_->Stop();
  // Whether it was the stop or an upstream that cancelled the call: the report
  // is still to be done.
  runner_.answer = [](const ClaimedStep& claimed) { return Done(claimed); };
  store_.reset();
  auto opened = SqliteStore::Open(path_, RealClock::Get());
  ASSERT_OK(opened.status());
  store_ = *std::move(opened);
  StartEngine();
  EXPECT_EQ(Await(id).state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_F(EngineTest, ADeadLetterKeepsItsHistoryAlsoAfterItIsReplayed) {
  std::atomic<int> attempts{0};
  runner_.answer =
      [&](const ClaimedStep& claimed) -> absl::StatusOr<StepCommit> {
    switch (++attempts) {
      case 1:
      case 2:
        return absl::UnavailableError("it is down");
      case 3:
        return absl::DeadlineExceededError("it is slow");
      case 4:
        return absl::FailedPreconditionError("the token is wrong");
      default:
        return Done(claimed);
    }
  };
  StartEngine();
  const std::string id = Report("J1");
  ASSERT_EQ(Await(id).state(), v1::REPORT_STATE_DEAD_LETTER);
  ASSERT_OK(
      store_->RetryReport(id, {"operator", "it has a new token"}).status());
  v1::Report report;
  do {
    report = Await(id);
  } while (report.state() == v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_EQ(report.state(), v1::REPORT_STATE_SUCCEEDED);
  const auto& history = report.steps(0).failed_attempts();
  ASSERT_EQ(history.size(), 3);
  EXPECT_EQ(history[0].first_attempt(), 1);
  EXPECT_EQ(history[0].last_attempt(), 2);
  EXPECT_EQ(history[1].first_attempt(), 3);
  EXPECT_EQ(history[2].error().message(), "the token is wrong");
}

// A step that takes longer than a claim lasts stays its worker's.
TEST(EngineLeaseTest, AClaimIsKeptWhileItsStepIsUnderWay) {
  FakeClock clock;
  MemoryStore store(&clock);
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false;
  bool may_end = false;
  ScriptedRunner runner;
  runner.answer = [&](const ClaimedStep& claimed) {
    std::unique_lock<std::mutex> lock(mutex);
    begun = true;
    changed.notify_all();
    changed.wait(lock, [&] { return may_end; });
    return Done(claimed);
  };
  Engine engine({.workers = 1, .lease = absl::Minutes(1)}, &store, &runner,
                &clock);
  engine.Start();
  v1::Report report;
  report.set_request_id("request-1");
  report.mutable_event()->mutable_job_key()->set_job_name("J1");
  const auto created =
      store.CreateReport(report, "digest", {v1::STEP_KIND_RESOLVE}, 10);
  ASSERT_OK(created.status());
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return begun; });
  }
  for (int thirds = 0; thirds < 6; ++thirds) {
    // The dispatcher and whoever renews.
    ASSERT_TRUE(clock.AwaitWaiters(2));
    clock.Advance(absl::Seconds(20));
    absl::Duration left;
    do {
      std::this_thread::yield();
      left = *store.TimeToNextStep();
    } while (left < absl::Seconds(59));
  }
  EXPECT_THAT(store.ClaimSteps({.limit = 1, .worker = "another"}),
              IsOkAndHolds(::testing::IsEmpty()));
  {
    const std::lock_guard<std::mutex> lock(mutex);
    may_end = true;
  }
  changed.notify_all();
  engine.Stop();
  EXPECT_EQ(store.GetReport(created->report.report_id())->report.state(),
            v1::REPORT_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace opcon_snow::incident
