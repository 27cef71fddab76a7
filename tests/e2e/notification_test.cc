// What Notification Manager runs: command strings as they stand on a Windows
// server, names of every legal kind, and every exit code.

#include <array>
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
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// As the connector that the suite replaces documents it, with its program.
constexpr char kIncumbentsProgram[] =
    R"(C:\Connectors\ServiceNow\SMASnowConnector.exe)";
constexpr char kIncumbentsCommand[] =
    R"(C:\Connectors\ServiceNow\SMASnowConnector.exe -a [[$MACHINE NAME]] )"
    "-s [[$SCHEDULE NAME]] -jn [[$JOB NAME]] -e [[$JOB TERMINATION]] "
    "-sd [[$SCHEDULE DATE-SNOW]] -si [[$SCHEDULE ID]] -sn [[$SCHEDULE INST]] "
    "-t basic.json";

constexpr char kProgram[] = R"(C:\Program Files\Suite\incidentctl.exe)";
constexpr char kQuoted[] =
    "-a \"[[$MACHINE NAME]]\" -s \"[[$SCHEDULE NAME]]\" "
    "-jn \"[[$JOB NAME]]\" -e \"[[$JOB TERMINATION]]\" "
    "-sd \"[[$SCHEDULE DATE-SNOW]]\" -si \"[[$SCHEDULE ID]]\" "
    "-sn \"[[$SCHEDULE INST]]\" -t basic.json";

struct Name {
  std::string text;
  // Without quotes it falls apart, and is kept for a person at best.
  bool needs_quotes = false;
};

// Legal in OpCon, whatever people may think of them.
std::vector<Name> JobNames() {
  return {{"JOB001"},
          {"A"},
          {"0001"},
          {std::string(128, 'J')},
          {"Load GL"},
          {"Load GL$0001"},
          {"Load GL_West_2"},
          {"Load  two blanks", true},
          {"Load - West"},
          {"Load -x West"},
          {"Load -sd West", true},
          {"Load -t", true},
          {"-begins with a hyphen"},
          {"-1"},
          {"--begins with two", true},
          {"--help me", true},
          {"--wait for it", true},
          {"- -- ---"},
          {"Load \u2013 West"},
          {"N/A.2"},
          {"Not N/A"},
          {"2026-01-05"},
          {"report"},
          {"recovered"},
          {"reports list"},
          {"$JOB NAME"},
          {"$0001"},
          {"x$y$z"},
          {"$HOME ~root"},
          {"#comment"},
          {"JOB@HOST"},
          {"JOB~1"},
          {"JOB^2^ORnumber"},
          {"`id`"},
          {"JOB+1 +2"},
          {"JOB:1"},
          {"C:/jobs/nightly"},
          {"../../etc/passwd"},
          {"JOB.1."},
          {"_under_score_"},
          {"null"},
          {"Gr\u00f6\u00dfe pr\u00fcfen"},
          {"\u00e9 e\u0301 n\u0303"},
          {"\u65e5\u672c\u8a9e \u30b8\u30e7\u30d6"},
          {"\u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac"},
          {"\u05e2\u05d1\u05e8\u05d9\u05ea 7"},
          {"launch \U0001f680"}};
}

// Those of a schedule with instances and of sub-schedules within others.
constexpr std::array<const char*, 6> kSchedules = {
    "Payroll",
    "Month End$0002",
    "Month End_West",
    "Parent_Container[Sub]",
    "Parent_Load GL[Sub_Inner_2[Deep Sub]]",
    "\u65e5\u6b21 [Sub] - Ost"};
constexpr std::array<const char*, 4> kMachines = {"GENP001", "", "WIN SRV 02",
                                                  "h\u00f4te.example.com"};

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

  static harness::Job MakeJob(const Name& name, std::size_t i) {
    return {.date = "2026-01-05",
            .schedule = kSchedules[i % kSchedules.size()],
            .schedule_id = static_cast<int>(1 + i % kSchedules.size()),
            .schedule_instance = static_cast<int>(1 + i % 3),
            .name = name.text,
            .machine = kMachines[i % kMachines.size()]};
  }

  std::string config_;
  std::string incidentctl_;
};

TEST_F(NotificationTest, EveryLegalNameArrivesAsItIs) {
  const std::vector<Name> names = JobNames();
  ASSERT_GE(names.size(), 40);
  std::vector<harness::Job> jobs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    jobs.push_back(MakeJob(names[i], i));
    ASSERT_OK(harness::DefineJob(suite(), jobs.back())) << names[i].text;
    ASSERT_OK(harness::FailJob(suite(), jobs.back(), "0000000005", "log\n"));
  }
  const std::string wrapper = Wrapper();
  ASSERT_OK(suite().StartNotificationManager(
      {absl::StrCat("\"", kProgram, "\" report ", kQuoted), kIncumbentsCommand},
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
      {absl::StrCat(good, " report ", kQuoted), 0},
      {absl::StrCat(good, nobody, " report ", kQuoted), 0},
      {absl::StrCat(good, " report --colour blue ", kQuoted), 64},
      {absl::StrCat(good, " report -jn \"[[$JOB NAM]]\" -sd 2026-01-05 -si 1 ",
                    "-sn 1"),
       65},
      {absl::StrCat(" --config ", directory, "/off.yaml", nobody, " report ",
                    kQuoted),
       69},
      {absl::StrCat(good, nobody, " report --wait ", kQuoted), 75},
      {absl::StrCat(good, " --server ", denying.address(), " report ", kQuoted),
       77},
      {absl::StrCat(" --config ", directory, "/broken.yaml report ", kQuoted,
                    " --spool-dir ", directory, "/spool"),
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
