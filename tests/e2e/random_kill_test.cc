// incident_service killed at random places while failures keep coming, again
// and again. Nothing is lost and nothing doubled: counted in the upstreams.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/reporter.h"
#include "tests/harness/soak.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::SizeIs;

// How the harness tells of a process that SIGKILL ended.
constexpr char kKilled[] = "ended with 137 ";
constexpr int kKillsInTest = 12;
constexpr int kKillsInSoak = 1000;
// Failpoints that are passed before a death: a failure passes some forty.
constexpr int kMostPassed = 150;

// Runs of one job are told apart by their ends, where OpCon has no history of
// them; it tells the ends in seconds, and clocks may differ by some.
constexpr absl::Duration kBetweenRuns = absl::Seconds(4);

struct FailingJob {
  harness::Job job;
  int failures = 0;
  absl::Time last = absl::InfinitePast();
};

struct Observation {
  harness::Job job;
  std::string request_id;
  absl::Time occurred = absl::Now();
};

class RandomKillTest : public E2eTest {
 protected:
  explicit RandomKillTest() : random_(harness::FirstSeed()) {}

  int Below(int n) {
    return static_cast<int>(random_() % static_cast<std::uint64_t>(n));
  }

  // A new job fails, or, as often, one that failed before.
  void FailSomething() {
    const auto old =
        std::find_if(jobs_.begin() + Below(static_cast<int>(jobs_.size()) + 1),
                     jobs_.end(), [](const FailingJob& one) {
                       return one.last + kBetweenRuns < absl::Now();
                     });
    const bool again = old != jobs_.end() && Below(2) == 0;
    if (!again) {
      jobs_.push_back({harness::RandomJob()});
      ASSERT_OK(harness::DefineJob(suite(), jobs_.back().job));
    }
    FailingJob& chosen = again ? *old : jobs_.back();
    chosen.last = absl::Now();
    const std::string log = absl::StrCat("log of failure ", ++failures_);
    ASSERT_OK(
        again ? harness::FailJobAgain(suite(), chosen.job, "0000000005", log)
              : harness::FailJob(suite(), chosen.job, "0000000005", log));
    ++chosen.failures;
    spool_.push_back({chosen.job, absl::StrCat("failure-", failures_)});
  }

  // Delivers what is spooled, oldest first; keeps what was not acknowledged.
  void Deliver(harness::Reporter* reporter) {
    while (!spool_.empty()) {
      const Observation& oldest = spool_.front();
      const absl::Status status =
          reporter->Report(oldest.job, "0000000005", oldest.request_id,
                           "basic.json", oldest.occurred);
      if (status.code() == absl::StatusCode::kUnavailable) return;
      ASSERT_OK(status);
      spool_.erase(spool_.begin());
    }
  }

  // Runs the service until it dies by itself, with failures coming in.
  void LiveAndDie() {
    const int last = 1 + Below(kMostPassed);
    const absl::Status ready = suite().RestartIncidentService(
        {{"INCIDENT_SERVICE_DIES_AT", absl::StrCat(last)}});
    // With work waiting, it may get there before it takes calls.
    if (absl::StrContains(ready.message(), kKilled)) return;
    ASSERT_OK(ready);
    harness::Reporter reporter(suite().server());
    int waiting = 0;
    const bool died = harness::Eventually([&] {
      if (!suite().incident_service()->Running()) return true;
      // Enough to die of: then it is only waited for.
      if (waiting++ < 60) FailSomething();
      Deliver(&reporter);
      return HasFatalFailure();
    });
    ASSERT_TRUE(died) << "still alive before failpoint " << last;
  }

  // Every failure leaves its log, unless OpCon could not tell its run.
  std::size_t LogsOf(const FailingJob& one) {
    std::size_t logs = 0;
    for (const ::incident::v1::Report& report : reports_) {
      if (report.event().job_key().job_name() != one.job.name) continue;
      for (const ::incident::v1::Step& step : report.steps()) {
        if (step.kind() != ::incident::v1::STEP_KIND_ATTACH_LOG) continue;
        if (step.state() == ::incident::v1::STEP_STATE_SUCCEEDED) {
          ++logs;
        } else {
          EXPECT_EQ(step.outcome(), "the run is not known, hence no log");
        }
      }
    }
    return logs;
  }

  void CheckJob(const FailingJob& one) {
    SCOPED_TRACE(absl::StrCat(one.job.id(), ", ", one.failures, " failures"));
    const auto incidents = harness::FindIncidents(suite(), one.job);
    ASSERT_OK(incidents.status());
    ASSERT_THAT(*incidents, SizeIs(1));
    const std::string sys_id = incidents->front().at("sys_id");
    const auto count = static_cast<std::size_t>(one.failures);
    EXPECT_THAT(harness::FindWorkNotes(suite(), sys_id),
                IsOkAndHolds(SizeIs(count - 1)));
    EXPECT_THAT(harness::FindAttachments(suite(), sys_id),
                IsOkAndHolds(SizeIs(LogsOf(one))));
    EXPECT_THAT(harness::GetDocumentation(suite(), one.job),
                IsOkAndHolds(one.job.documentation));
    const auto tickets = harness::GetTickets(suite(), one.job);
    ASSERT_OK(tickets.status());
    EXPECT_THAT(*tickets, SizeIs(1));
  }

  std::mt19937_64 random_;
  std::vector<FailingJob> jobs_;
  std::vector<Observation> spool_;
  std::vector<::incident::v1::Report> reports_;
  int failures_ = 0;
};

TEST_F(RandomKillTest, NothingIsLostAndNothingDoubled) {
  const int kills = harness::CaseCount(kKillsInTest, kKillsInSoak);
  GTEST_LOG_(INFO) << "seed " << harness::FirstSeed() << ", " << kills
                   << " kills";
  harness::SuiteOptions options = Options();
  options.programs.incident_service =
      absl::StrCat(std::getenv("TEST_SRCDIR"),
                   "/opcon_snow/tests/e2e/incident_service_with_failpoints");
  StartSuite(options);
  suite().incident_service()->Kill();
  for (int kill = 1; kill <= kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    LiveAndDie();
    if (HasFatalFailure()) return;
    if (kill % 100 == 0) {
      GTEST_LOG_(INFO) << kill << " kills, " << failures_ << " failures";
    }
  }
  ASSERT_OK(suite().RestartIncidentService({}));
  harness::Reporter reporter(suite().server());
  ASSERT_TRUE(harness::Eventually([&] {
    Deliver(&reporter);
    return spool_.empty();
  }));
  const auto reports = reporter.AwaitSettled(
      static_cast<std::size_t>(failures_), absl::Minutes(10));
  ASSERT_OK(reports.status());
  ASSERT_THAT(*reports, SizeIs(static_cast<std::size_t>(failures_)));
  reports_ = *reports;
  for (const ::incident::v1::Report& report : reports_) {
    EXPECT_EQ(report.state(), ::incident::v1::REPORT_STATE_SUCCEEDED)
        << report.ShortDebugString();
  }
  for (const FailingJob& one : jobs_) CheckJob(one);
  GTEST_LOG_(INFO) << kills << " kills, " << failures_ << " failures of "
                   << jobs_.size() << " jobs";
}

}  // namespace
}  // namespace opcon_snow::e2e
