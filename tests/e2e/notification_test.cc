// What Notification Manager runs: command strings as they stand on a Windows
// server, names of every legal kind, and every exit code.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/testing/fake_incident_service.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/hostile_names.h"
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

using harness::kQuotedArguments;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// As the connector that the suite replaces documents it, with its program.
constexpr char kIncumbentsProgram[] =
    R"(C:\Connectors\ServiceNow\SMASnowConnector.exe)";
constexpr char kProgram[] = R"(C:\Program Files\Suite\incidentctl.exe)";

class NotificationTest : public E2eTest {
 protected:
  void SetUp() override {
    StartSuite();
    const auto config = suite().WriteCliConfig();
    ASSERT_OK(config.status());
    config_ = *config;
    incidentctl_ = Options().programs.incidentctl;
  }

  // A program that is incidentctl with the suite's configuration, as on a
  // server whose configuration is in its place.
  std::string Wrapper() {
    std::string path = suite().directory() + "/incidentctl.sh";
    EXPECT_OK(
        harness::WriteFile(path,
                           absl::StrCat("#!/bin/sh\nexec '", incidentctl_,
                                        "' --config '", config_, "' \"$@\"\n"),
                           0755));
    return path;
  }

  std::string config_;
  std::string incidentctl_;
};

TEST_F(NotificationTest, EveryLegalNameArrivesAsItIs) {
  const std::vector<harness::HostileName> names = harness::HostileJobNames();
  ASSERT_GE(names.size(), 40);
  std::vector<harness::Job> jobs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    jobs.push_back(harness::HostileJob(names[i], i));
    ASSERT_OK(harness::DefineJob(suite(), jobs.back())) << names[i].text;
    ASSERT_OK(harness::FailJob(suite(), jobs.back(), "0000000005", "log\n"));
  }
  const std::string wrapper = Wrapper();
  ASSERT_OK(suite().StartNotificationManager(
      {absl::StrCat("\"", kProgram, "\" report ", kQuotedArguments),
       absl::StrCat(kIncumbentsProgram, " ", harness::kIncumbentsArguments)},
      {{kProgram, wrapper}, {kIncumbentsProgram, wrapper}}));
  harness::Reporter reporter(suite().server());
  const auto reports = reporter.AwaitSettled(2 * names.size());
  ASSERT_OK(reports.status());

  for (std::size_t i = 0; i < jobs.size(); ++i) {
    SCOPED_TRACE(jobs[i].id());
    int arrived = 0;
    for (const ::incident::v1::Report& report : *reports) {
      const ::incident::v1::JobEvent& event = report.event();
      if (event.job_key().job_name() != jobs[i].name) continue;
      ++arrived;
      EXPECT_EQ(event.job_key().schedule_id(), jobs[i].schedule_id);
      EXPECT_EQ(event.job_key().schedule_instance(), jobs[i].schedule_instance);
      EXPECT_EQ(event.schedule_name(), jobs[i].schedule);
      EXPECT_EQ(event.machine(), jobs[i].machine);
      EXPECT_TRUE(report.state() == ::incident::v1::REPORT_STATE_SUCCEEDED ||
                  report.state() == ::incident::v1::REPORT_STATE_MERGED)
          << report.summary();
    }
    EXPECT_EQ(arrived, names[i].needs_quotes ? 1 : 2);
  }
}

TEST_F(NotificationTest, EveryExitCodeMeansWhatIsDocumented) {
  cli::FakeIncidentService denying;
  denying.AnswerReports([](const cli::FakeIncidentService::Request&) {
    return absl::PermissionDeniedError("no reporter");
  });
  const std::string directory = suite().directory();
  ASSERT_OK(harness::WriteFile(directory + "/off.yaml",
                               "spool:\n  disabled: true\n"));
  ASSERT_OK(harness::WriteFile(directory + "/broken.yaml", "servr: x\n"));
  const std::string good = absl::StrCat(" --config ", config_);
  const std::string nobody = " --server 127.0.0.1:1";
  // The command, and what its end means.
  const std::vector<std::pair<std::string, int>> expected = {
      {absl::StrCat(good, " report ", kQuotedArguments), 0},
      {absl::StrCat(good, nobody, " report ", kQuotedArguments), 0},
      {absl::StrCat(good, " report --colour blue ", kQuotedArguments), 64},
      {absl::StrCat(good, " report -jn \"[[$JOB NAM]]\" -sd 2026-01-05 -si 1 ",
                    "-sn 1"),
       65},
      {absl::StrCat(" --config ", directory, "/off.yaml", nobody, " report ",
                    kQuotedArguments),
       69},
      {absl::StrCat(good, nobody, " report --wait ", kQuotedArguments), 75},
      {absl::StrCat(good, " --server ", denying.address(), " report ",
                    kQuotedArguments),
       77},
      {absl::StrCat(" --config ", directory, "/broken.yaml report ",
                    kQuotedArguments, " --spool-dir ", directory, "/spool"),
       78}};
  std::vector<std::string> commands;
  std::vector<int> codes;
  for (const auto& [command, code] : expected) {
    commands.push_back(absl::StrCat("\"", kProgram, "\"", command));
    codes.push_back(code);
  }
  ASSERT_OK(
      suite().StartNotificationManager(commands, {{kProgram, incidentctl_}}));
  FailedJob();
  std::vector<nlohmann::json> runs;
  ASSERT_TRUE(harness::Eventually([&] {
    runs = suite().NotificationRuns();
    return runs.size() >= codes.size();
  }));
  std::vector<int> seen;
  for (const nlohmann::json& run : runs) {
    seen.push_back(run.at("exit_code").get<int>());
  }
  EXPECT_THAT(seen, ElementsAreArray(codes));
  EXPECT_THAT(runs[2].at("stderr").get<std::string>(),
              HasSubstr("right would be: incidentctl report -a "));
}

}  // namespace
}  // namespace opcon_snow::e2e
