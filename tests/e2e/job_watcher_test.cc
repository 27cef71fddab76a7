// Failures that the job watcher finds, with the real programs: counted from
// what ServiceNow was sent, whether Notification Manager reports them as well
// or not.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

namespace v1 = ::incident::v1;
using nlohmann::json;
using ::testing::Each;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kFailures = 1000;
// Each starts a program.
constexpr int kCommands = 40;
// Logs have tests of their own.
constexpr char kTemplates[] =
    "  - name: basic.json\n"
    "    log_attachment: {disabled: true}\n";
// 1000 of them take a while.
constexpr absl::Duration kPatience = absl::Minutes(4);

class JobWatcherE2eTest : public E2eTest {
 protected:
  void Start(const std::string& grace_period) {
    harness::SuiteOptions options = Options();
    options.templates_yaml = kTemplates;
    options.incident_service_yaml = absl::StrCat(
        "job_watcher:\n  interval: 5s\n  grace_period: ", grace_period, "\n");
    StartSuite(options);
    reporter_ = std::make_unique<harness::Reporter>(suite().server());
    // What fails before the first round has ended is not news.
    ASSERT_TRUE(harness::Eventually([&] {
      return absl::StrContains(suite().LogOf("incident_service"),
                               "job_watcher.begins");
    })) << suite().LogOf("incident_service");
  }

  // Jobs of today's schedules; whichever day it is at the end of the test.
  static harness::Job NthJob(int n) {
    static const std::string* const today = new std::string(
        absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()));
    return {.date = *today,
            .schedule = absl::StrFormat("Payroll %02d", n / 100),
            .schedule_id = 1 + n / 100,
            .schedule_instance = 1,
            .name = absl::StrFormat("JOB%04d", n),
            .machine = "GENP001"};
  }
  void FailJobs(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_OK(harness::DefineJob(suite(), NthJob(i)));
      ASSERT_OK(harness::FailJob(suite(), NthJob(i), "0000000005", "log\n"));
    }
  }
  // How often the watcher has asked OpCon. Reads only what is new: the log of a
  // thousand failures is long.
  int Rounds() {
    const auto requests = harness::Requests(suite().opcon(), last_request_);
    EXPECT_OK(requests.status());
    for (const json& request : *requests) {
      last_request_ = request.at("n").get<int>();
      if (absl::StrContains(request.value("query", ""), "Categories=Failed")) {
        ++rounds_;
      }
    }
    return rounds_;
  }

  // Incidents by what names their job, from the request log.
  std::map<std::string, int> Created() {
    const auto requests = harness::Requests(suite().servicenow());
    EXPECT_OK(requests.status());
    std::map<std::string, int> created;
    for (const json& request :
         harness::RequestsTo(*requests, "POST", "/api/now")) {
      if (!absl::StrContains(request.value("path", ""), "incident")) continue;
      json body = request.at("body");
      if (body.is_string()) body = json::parse(body.get<std::string>());
      ++created[body.value("correlation_id", "")];
    }
    return created;
  }
  // Each of the jobs has one incident, which tells of one failure.
  void ExpectOneEach(int count, const std::vector<v1::Report>& reports) {
    const std::map<std::string, int> created = Created();
    EXPECT_THAT(created, SizeIs(count));
    EXPECT_THAT(created, Each(Pair(testing::_, 1)));
    std::map<std::string, int> succeeded;
    for (const v1::Report& report : reports) {
      if (report.state() == v1::REPORT_STATE_SUCCEEDED) {
        ++succeeded[report.event().job_key().job_name()];
      } else {
        EXPECT_EQ(report.state(), v1::REPORT_STATE_MERGED)
            << report.DebugString();
      }
    }
    EXPECT_THAT(succeeded, SizeIs(count));
    EXPECT_THAT(succeeded, Each(Pair(testing::_, 1)));
    const auto requests = harness::Requests(suite().servicenow());
    ASSERT_OK(requests.status());
    EXPECT_THAT(harness::RequestsTo(*requests, "PATCH", "/api/now"), SizeIs(0));
  }

  // The same, with a report of each by somebody else, and perhaps another one
  // by the watcher.
  void ExpectBothTold(int count) {
    const auto reports = reporter_->AwaitSettled(count, kPatience);
    ASSERT_OK(reports.status());
    const auto watched = std::count_if(
        reports->begin(), reports->end(), [](const v1::Report& report) {
          return report.source().program() == "job watcher";
        });
    EXPECT_THAT(*reports, SizeIs(count + watched));
    RecordProperty("found_by_the_watcher", static_cast<int>(watched));
    ExpectOneEach(count, *reports);
  }

  std::unique_ptr<harness::Reporter> reporter_;
  int last_request_ = 0;
  int rounds_ = 0;
};

TEST_F(JobWatcherE2eTest, AloneItReportsEachOfAThousandFailuresOnce) {
  Start("0s");
  FailJobs(kFailures);
  auto reports = reporter_->AwaitSettled(kFailures, kPatience);
  ASSERT_OK(reports.status());
  EXPECT_THAT(*reports, SizeIs(kFailures));
  // Nor does looking again, or the next process, report one twice.
  ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  ASSERT_OK(suite().RestartIncidentService({}));
  const int before = Rounds();
  ASSERT_TRUE(harness::Eventually([&] { return Rounds() >= before + 2; }));
  // The first call may meet the connection to the process before.
  reports = reporter_->AwaitSettled(kFailures);
  ASSERT_OK(reports.status());
  EXPECT_THAT(*reports, SizeIs(kFailures));
  ExpectOneEach(kFailures, *reports);
}

TEST_F(JobWatcherE2eTest, BesideAnotherReporterEachOfAThousandHasOneIncident) {
  // No time for the other to be first, so that both come at once.
  Start("0s");
  for (int i = 0; i < kFailures; ++i) {
    ASSERT_OK(harness::DefineJob(suite(), NthJob(i)));
    ASSERT_OK(harness::FailJob(suite(), NthJob(i), "0000000005", "log\n"));
    ASSERT_OK(reporter_->Report(NthJob(i), "0000000005",
                                absl::StrCat("command-", i)));
  }
  ExpectBothTold(kFailures);
}

TEST_F(JobWatcherE2eTest, BesideNotificationManagerEachHasOneIncident) {
  Start("0s");
  ASSERT_OK(suite().StartNotificationManager(
      "INCIDENTCTL report -a \"[[$MACHINE NAME]]\" -s \"[[$SCHEDULE NAME]]\" "
      "-jn \"[[$JOB NAME]]\" -e \"[[$JOB TERMINATION]]\" "
      "-sd \"[[$SCHEDULE DATE-SNOW]]\" -si \"[[$SCHEDULE ID]]\" "
      "-sn \"[[$SCHEDULE INST]]\" -t basic.json"));
  FailJobs(kCommands);
  ASSERT_TRUE(harness::Eventually([&] {
    return suite().NotificationRuns().size() >=
           static_cast<std::size_t>(kCommands);
  }));
  ExpectBothTold(kCommands);
}

TEST_F(JobWatcherE2eTest, WhatFailsWhileTheServiceIsAwayIsFoundLater) {
  Start("1s");
  ASSERT_OK(harness::DefineJob(suite(), NthJob(0)));
  ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  ASSERT_OK(harness::FailJob(suite(), NthJob(0), "0000000005", "log\n"));
  ASSERT_OK(suite().RestartIncidentService({}));
  const auto reports = reporter_->AwaitSettled(1);
  ASSERT_OK(reports.status());
  ExpectOneEach(1, *reports);
}

TEST_F(JobWatcherE2eTest, ATicketIsSyncedByHand) {
  harness::SuiteOptions options = Options();
  options.templates_yaml =
      "  - name: basic.json\n"
      "    state_sync: {mode: STATE_SYNC_MODE_WATCH}\n";
  // Nobody looks by itself.
  options.incident_service_yaml = "ticket_watcher:\n  interval: 1h\n";
  StartSuite(options);
  const harness::Job job = FailedJob();
  Report(job);
  const json report = AwaitNewest("REPORT_STATE_SUCCEEDED");
  ASSERT_OK(
      harness::SetIncidentState(suite(), report.at("ticket").at("sysId"), "6"));
  const auto sync = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"tickets", "sync", job.id()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto finished = suite().Cli(arguments);
    EXPECT_OK(finished.status());
    EXPECT_EQ(finished->exit_code, 0) << finished->err;
    return finished->out;
  };
  EXPECT_THAT(sync({"--dry-run"}),
              testing::HasSubstr("would do    marked_fixed"));
  EXPECT_THAT(sync({}), testing::HasSubstr("done        marked_fixed"));
  const json again = json::parse(sync({"--output", "json"}));
  EXPECT_EQ(again.at("action"), "SYNC_ACTION_NONE");
  const auto requests = harness::Requests(suite().opcon());
  ASSERT_OK(requests.status());
  EXPECT_THAT(harness::RequestsTo(*requests, "POST", "/api/jobactions"),
              SizeIs(1));
}

}  // namespace
}  // namespace opcon_snow::e2e
