// The clocks of OpCon, ServiceNow, the reporters and the suite, ten minutes
// apart in either direction: each failure still becomes one ticket, the job
// still follows it, and the gateway still logs in.

#include "absl/time/clock.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/jobs.h"
#include "tests/harness/process.h"
#include "tests/harness/reporter.h"
#include "tests/harness/signing_key.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr int kFailuresEach = 3;
constexpr int kJobs = 3;

// How far each is ahead of the suite, in minutes.
struct Clocks {
  int opcon;
  int servicenow;
  int reporters;
};

class ClockTest : public E2eTest, public ::testing::WithParamInterface<Clocks> {
 protected:
  void Start() {
    harness::SuiteOptions options = Options();
    const harness::SigningKey key = harness::MakeSigningKey();
    const auto write = [&](const char* file, const std::string& text) {
      EXPECT_OK(harness::WriteFile(absl::StrCat(options.directory, "/", file),
                                   text, 0600));
    };
    write("jwt.pem", key.private_pem);
    write("jwt.pub", key.public_pem);
    const auto offset = [](int minutes) {
      return absl::StrCat("--clock-offset=", minutes * 60);
    };
    options.opcon_sandbox_flags = {offset(GetParam().opcon)};
    options.snow_sandbox_flags = {offset(GetParam().servicenow), "--jwt-key",
                                  absl::StrCat(options.directory, "/jwt.pub")};
    options.snow_login_yaml =
        "    oauth_jwt:\n"
        "      client: {client_id: sandbox, client_secret_file: "
        "servicenow.secret}\n"
        "      key_file: jwt.pem\n      key_id: k1\n"
        "      subject: opcon.integration\n";
    options.templates_yaml =
        "  - name: basic.json\n"
        "    state_sync: {mode: STATE_SYNC_MODE_WATCH}\n";
    // The watcher sees the runs that are reported, and names them by OpCon's
    // times: both must come to the same failure.
    options.incident_service_yaml =
        "ticket_watcher: {interval: 1s, overlap: 3s}\n"
        "job_watcher: {interval: 1s, grace_period: 0s, report_existing: true,\n"
        "              days_back: 28}\n";
    StartSuite(options);
    client_ = std::make_unique<harness::Reporter>(suite().server());
  }

  static std::string LogOf(int job, int failure) {
    return absl::StrCat("log of job ", job, ", failure ", failure, "\n");
  }

  static harness::Job JobOfToday() {
    harness::Job job = harness::RandomJob();
    job.date = absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone());
    return job;
  }

  void FailAndReport(int failure) {
    for (int i = 0; i < kJobs; ++i) {
      const harness::Job& job = jobs_[static_cast<std::size_t>(i)];
      ASSERT_OK(failure == 0
                    ? harness::FailJob(suite(), job, "0000000005", LogOf(i, 0))
                    : harness::FailJobAgain(suite(), job, "0000000005",
                                            LogOf(i, failure)));
      ASSERT_OK(client_->Report(
          job, "0000000005", absl::StrCat("request-", i, "-", failure),
          "basic.json", absl::Now() + absl::Minutes(GetParam().reporters)));
    }
    // Whoever was first, the watcher or the reporter, has dealt with it.
    ASSERT_OK(
        client_->AwaitSettled(static_cast<std::size_t>(kJobs * (failure + 1)))
            .status());
    // OpCon tells ends by the second.
    ASSERT_OK(suite()
                  .opcon()
                  .Send("POST", "/_sandbox/clock", {{"advance_seconds", 5}})
                  .status());
  }

  std::size_t CountOf(::incident::v1::ReportState state) {
    const auto reports = client_->Reports();
    EXPECT_OK(reports.status());
    return static_cast<std::size_t>(std::count_if(
        reports->begin(), reports->end(),
        [state](const auto& report) { return report.state() == state; }));
  }

  std::vector<harness::Job> jobs_;
  std::unique_ptr<harness::Reporter> client_;
};

TEST_P(ClockTest, EachFailureIsAppliedOnceAndTheJobFollowsItsTicket) {
  Start();
  for (int i = 0; i < kJobs; ++i) {
    jobs_.push_back(JobOfToday());
    ASSERT_OK(harness::DefineJob(suite(), jobs_.back()));
  }
  for (int failure = 0; failure < kFailuresEach; ++failure) {
    FailAndReport(failure);
    if (HasFatalFailure()) return;
  }
  // Some runs the watcher has reported as well: those are merged.
  const auto reports = client_->Reports();
  ASSERT_OK(reports.status());
  const std::size_t failures = kJobs * kFailuresEach;
  EXPECT_EQ(CountOf(::incident::v1::REPORT_STATE_SUCCEEDED), failures);
  EXPECT_EQ(CountOf(::incident::v1::REPORT_STATE_MERGED),
            reports->size() - failures);

  std::vector<std::string> tickets;
  for (int i = 0; i < kJobs; ++i) {
    SCOPED_TRACE(i);
    const auto incidents =
        harness::FindIncidents(suite(), jobs_[static_cast<std::size_t>(i)]);
    ASSERT_OK(incidents.status());
    ASSERT_THAT(*incidents, SizeIs(1));
    const std::string sys_id = incidents->front().at("sys_id");
    EXPECT_THAT(harness::FindWorkNotes(suite(), sys_id),
                IsOkAndHolds(SizeIs(kFailuresEach - 1)));
    const auto files = harness::FindAttachments(suite(), sys_id);
    ASSERT_OK(files.status());
    std::vector<std::string> logs;
    std::vector<std::string> expected;
    for (const nlohmann::json& file : *files) {
      const auto log = harness::DownloadAttachment(suite(), file.at("sys_id"));
      ASSERT_OK(log);
      logs.push_back(*log);
    }
    for (int failure = 0; failure < kFailuresEach; ++failure) {
      expected.push_back(LogOf(i, failure));
    }
    EXPECT_THAT(logs, UnorderedElementsAreArray(expected));
    tickets.push_back(sys_id);
  }

  // Somebody resolves the tickets.
  for (const std::string& ticket : tickets) {
    ASSERT_OK(harness::SetIncidentState(suite(), ticket, "6"));
  }
  for (const harness::Job& job : jobs_) {
    EXPECT_TRUE(harness::Eventually([&] {
      const auto shown = harness::GetJob(suite(), job);
      return shown.ok() && shown->dump().find("Fixed") != std::string::npos;
    })) << job.id()
        << harness::GetJob(suite(), job)->dump();
  }
  EXPECT_THAT(suite().LogOf("snow_gateway"),
              GetParam().servicenow > 5 ? HasSubstr("servicenow.clock_differs")
                                        : HasSubstr("server.started"));
}

INSTANTIATE_TEST_SUITE_P(
    Apart, ClockTest,
    ::testing::Values(Clocks{.opcon = 10, .servicenow = -10, .reporters = 10},
                      Clocks{.opcon = -10, .servicenow = 10, .reporters = -10}),
    [](const auto& info) {
      return info.param.opcon > 0 ? "OpConAhead" : "OpConBehind";
    });

}  // namespace
}  // namespace opcon_snow::e2e
