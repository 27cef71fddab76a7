// Very many reports at once while the service is down, comes up, and dies
// again, with some of the reporting processes killed. Whoever was told that the
// failure is safe has one report, and nobody has two.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/reporter.h"
#include "tests/harness/soak.h"

namespace opcon_snow::e2e {
namespace {

constexpr int kRunsInTest = 1000;
constexpr int kRunsInSoak = 5000;
// One run of so many is killed, when up to so many others have begun after it.
constexpr int kOneKilledOf = 5;
constexpr int kMostBetween = 40;

struct Attempt {
  std::string job_name;
  std::unique_ptr<harness::Process> process;
  bool killed = false;
  int exit_code = -1;
};

class SpoolStormTest : public E2eTest {
 protected:
  SpoolStormTest()
      : random_(harness::FirstSeed()),
        program_(Options().programs.incidentctl) {}

  int Below(int n) {
    return static_cast<int>(random_() % static_cast<std::uint64_t>(n));
  }

  void Begin(const std::string& job_name) {
    const std::string log = suite().directory() + "/storm.log";
    harness::ProcessOptions options{
        .arguments = {program_, "--server", suite().server(), "report", "-jn",
                      job_name, "-sd", "2026-01-05", "-si", "16", "-sn", "1",
                      "-e", "5"},
        .environment = {{"INCIDENTCTL_SPOOL_DIR",
                         suite().directory() + "/spool"}},
        .stdout_file = log,
        .stderr_file = log};
    auto process = harness::Process::Start(options);
    ASSERT_OK(process.status());
    runs_.push_back({job_name, *std::move(process)});
  }

  // All at once, without waiting for any; some are killed on the way.
  void Storm(const std::string& name, int count) {
    std::multimap<int, std::size_t> to_kill;
    for (int i = 0; i < count; ++i) {
      Begin(absl::StrCat(name, " ", i));
      if (HasFatalFailure()) return;
      if (Below(kOneKilledOf) == 0) {
        to_kill.emplace(i + Below(kMostBetween), runs_.size() - 1);
      }
      for (auto due = to_kill.begin();
           due != to_kill.end() && due->first <= i;) {
        KillIfRunning(runs_[due->second]);
        due = to_kill.erase(due);
      }
    }
  }

  static void KillIfRunning(Attempt& run) {
    if (!run.process->Running()) return;
    run.process->Kill();
    run.killed = true;
  }

  void AwaitAll() {
    for (Attempt& run : runs_) {
      const absl::StatusOr<int> code = run.process->Wait();
      ASSERT_OK(code.status()) << run.job_name;
      run.exit_code = *code;
      // Neither killed nor well would be a failure that is lost.
      if (!run.killed) {
        EXPECT_EQ(run.exit_code, 0) << run.job_name;
      }
    }
  }

  std::mt19937_64 random_;
  const std::string program_;
  std::vector<Attempt> runs_;
};

TEST_F(SpoolStormTest, WhoeverExitedWithZeroHasOneReport) {
  const int count = harness::CaseCount(kRunsInTest, kRunsInSoak);
  GTEST_LOG_(INFO) << "seed " << harness::FirstSeed() << ", " << count
                   << " runs with the service down";
  StartSuite();
  ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  Storm("DOWN", count);
  ASSERT_FALSE(HasFatalFailure());
  AwaitAll();

  // It comes up, and dies while it gets new reports and spooled ones.
  ASSERT_OK(suite().RestartIncidentService({}));
  Storm("UP", count / 4);
  ASSERT_FALSE(HasFatalFailure());
  suite().incident_service()->Kill();
  Storm("DOWN AGAIN", count / 4);
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(suite().RestartIncidentService({}));
  AwaitAll();

  // What killed writers left behind is not counted as waiting.
  ASSERT_TRUE(harness::Eventually([&] {
    const auto flushed = suite().Cli({"spool", "flush"});
    return flushed.ok() && flushed->exit_code == 0;
  }));
  harness::Reporter reporter(suite().server());
  const auto reports = reporter.Reports();
  ASSERT_OK(reports.status());
  std::map<std::string, int> stored;
  for (const ::incident::v1::Report& report : *reports) {
    ++stored[report.event().job_key().job_name()];
  }
  int killed = 0;
  for (const Attempt& run : runs_) {
    const int found = stored[run.job_name];
    if (run.exit_code == 0) {
      EXPECT_EQ(found, 1) << run.job_name;
    } else {
      ++killed;
      EXPECT_LE(found, 1) << run.job_name;
    }
  }
  EXPECT_EQ(stored.size(), runs_.size()) << "reports of jobs that nobody named";
  EXPECT_GT(killed, 0);
  GTEST_LOG_(INFO) << runs_.size() << " runs, " << killed << " of them killed, "
                   << reports->size() << " reports";
}

}  // namespace
}  // namespace opcon_snow::e2e
