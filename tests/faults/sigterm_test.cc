// SIGTERM to each process, and to all of them, while reports come without
// pause: it ends in the time that its configuration gives, and what was
// acknowledged is there after the restart, once, with its ticket.

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/jobs.h"
#include "tests/harness/process.h"
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::SizeIs;

constexpr int kReporters = 4;
constexpr int kJobsEach = 12;
constexpr absl::Duration kDrain = absl::Seconds(3);
// What Server and HttpServer give to calls that they have cancelled, and to
// spare on a machine that does other things, too.
constexpr absl::Duration kCancel = absl::Seconds(5);
constexpr absl::Duration kSpare = absl::Seconds(4);

class SigtermTest : public E2eTest,
                    public ::testing::WithParamInterface<const char*> {
 protected:
  void Start() {
    harness::SuiteOptions options = Options();
    options.listener_yaml = "  drain_timeout: 3s\n";
    options.gateway_listener_yaml = options.listener_yaml;
    StartSuite(options);
    for (int i = 0; i < kReporters * kJobsEach; ++i) {
      jobs_.push_back(harness::RandomJob());
      ASSERT_OK(harness::DefineJob(suite(), jobs_.back()));
      ASSERT_OK(harness::FailJob(suite(), jobs_.back(), "0000000005",
                                 LogOf(jobs_.size() - 1)));
    }
    // Calls are under way at any moment.
    for (const harness::HttpPeer* upstream :
         {&suite().opcon(), &suite().servicenow()}) {
      ASSERT_OK(harness::AddFault(
          *upstream, {{"match", {{"path", "/api/*"}}},
                      {"times", -1},
                      {"action", {{"kind", "delay"}, {"ms", 50}}}}));
    }
  }

  static std::string LogOf(std::size_t job) {
    return absl::StrCat("log of job ", job, "\n");
  }

  // Reports one job after the other, each until it is acknowledged.
  void ReportAll(int reporter) {
    harness::Reporter client(suite().server());
    for (int i = 0; i < kJobsEach; ++i) {
      const std::size_t job =
          static_cast<std::size_t>(reporter * kJobsEach + i);
      const bool acknowledged = harness::Eventually([&] {
        const absl::Status status = client.Report(
            jobs_[job], "0000000005", absl::StrCat("request-", job));
        if (!status.ok()) ++refused_;
        return status.ok();
      });
      EXPECT_TRUE(acknowledged) << job;
      ++acknowledged_;
    }
  }

  std::vector<harness::Process*> Victims() {
    const std::string which = GetParam();
    std::vector<harness::Process*> victims;
    if (which != "opcon_gateway" && which != "snow_gateway") {
      victims.push_back(suite().incident_service());
    }
    for (const char* name : {"opcon", "snow"}) {
      if (which == "all" || which == absl::StrCat(name, "_gateway")) {
        victims.push_back(suite().gateway(name));
      }
    }
    return victims;
  }

  void StopVictims() {
    const absl::Time begin = absl::Now();
    for (harness::Process* victim : Victims()) {
      ASSERT_EQ(kill(victim->pid(), SIGTERM), 0);
    }
    for (harness::Process* victim : Victims()) {
      EXPECT_THAT(victim->Wait(), IsOkAndHolds(0));
    }
    EXPECT_LT(absl::Now() - begin, kDrain + kCancel + kSpare);
  }

  void StartVictims() {
    const std::string which = GetParam();
    for (const char* name : {"opcon", "snow"}) {
      if (which == "all" || which == absl::StrCat(name, "_gateway")) {
        ASSERT_OK(suite().StartGateway(name));
      }
    }
    if (which == "all" || which == "incident_service") {
      ASSERT_OK(suite().RestartIncidentService({}));
    }
  }

  std::vector<harness::Job> jobs_;
  std::atomic<int> acknowledged_ = 0;
  std::atomic<int> refused_ = 0;
};

TEST_P(SigtermTest, LosesNothingAndEndsInTime) {
  Start();
  std::vector<std::thread> reporters;
  for (int i = 0; i < kReporters; ++i) {
    reporters.emplace_back([this, i] { ReportAll(i); });
  }
  EXPECT_TRUE(
      harness::Eventually([this] { return acknowledged_ >= kReporters * 2; }));
  const int before = acknowledged_;
  StopVictims();
  StartVictims();
  for (std::thread& reporter : reporters) reporter.join();
  GTEST_LOG_(INFO) << before << " acknowledged before, " << refused_
                   << " attempts refused";
  for (const harness::HttpPeer* upstream :
       {&suite().opcon(), &suite().servicenow()}) {
    ASSERT_OK(harness::ClearFaults(*upstream));
  }

  harness::Reporter client(suite().server());
  const auto reports = client.AwaitSettled(jobs_.size());
  ASSERT_OK(reports.status());
  EXPECT_THAT(*reports, SizeIs(jobs_.size())) << "each is there, once";
  std::set<std::string> ids;
  for (const ::incident::v1::Report& report : *reports) {
    EXPECT_EQ(report.state(), ::incident::v1::REPORT_STATE_SUCCEEDED)
        << report.ShortDebugString();
    ids.insert(report.request_id());
  }
  EXPECT_THAT(ids, SizeIs(jobs_.size()));
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    ExpectAppliedOnce(jobs_[i], LogOf(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Processes, SigtermTest,
                         ::testing::Values("incident_service", "opcon_gateway",
                                           "snow_gateway", "all"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace opcon_snow::e2e
