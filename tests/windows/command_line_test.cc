// Command lines as Notification Manager passes them on Windows: one string, in
// which the program itself finds its arguments.

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sandbox/notify/command_template.h"
#include "tests/harness/hostile_names.h"
#include "tests/harness/jobs.h"
#include "tests/windows/exe_test_base.h"

namespace opcon_snow::windows {
namespace {

using harness::Job;
using sandbox::notify::ExpandTokens;
using sandbox::notify::Unresolved;

std::map<std::string, std::string> Properties(const Job& job) {
  return {{"$MACHINE NAME", job.machine},
          {"$SCHEDULE NAME", job.schedule},
          {"$JOB NAME", job.name},
          {"$JOB TERMINATION", "0000000005"},
          {"$SCHEDULE DATE-SNOW", job.date},
          {"$SCHEDULE ID", absl::StrCat(job.schedule_id)},
          {"$SCHEDULE INST", absl::StrCat(job.schedule_instance)}};
}

// Checks every report of the job, and returns their number.
int Arrived(const std::vector<nlohmann::json>& reports, const Job& job) {
  int arrived = 0;
  for (const nlohmann::json& report : reports) {
    if (!report.contains("event")) continue;
    const nlohmann::json& event = report["event"];
    if (event["jobKey"].value("jobName", "") != job.name) continue;
    ++arrived;
    EXPECT_EQ(event["jobKey"].value("scheduleId", 0), job.schedule_id);
    EXPECT_EQ(event["jobKey"].value("scheduleInstance", 0),
              job.schedule_instance);
    EXPECT_EQ(event.value("scheduleName", ""), job.schedule);
    EXPECT_EQ(event.value("machine", ""), job.machine);
    EXPECT_EQ(event.value("termination", ""), "0000000005");
  }
  return arrived;
}

TEST_F(IncidentctlExeTest, EveryLegalNameArrivesFromNotificationManager) {
  service_->Start();
  const std::string folder = directory_ + "/Program Files (x86)";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(program(), folder + "/incidentctl.exe");
  const std::string documented =
      absl::StrCat("\"", WindowsPath(folder + "/incidentctl.exe"), "\" report ",
                   harness::kQuotedArguments);
  const std::string incumbents =
      absl::StrCat(WindowsPath(program()), " ", harness::kIncumbentsArguments);
  const std::vector<harness::HostileName> names = harness::HostileJobNames();
  ASSERT_GE(names.size(), 40);
  std::string lines;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto properties = Properties(harness::HostileJob(names[i], i));
    for (const std::string& command : {documented, incumbents}) {
      absl::StrAppend(&lines,
                      ExpandTokens(command, properties, Unresolved::kLiteral),
                      "\n");
    }
  }
  ASSERT_OK(harness::WriteFile(directory_ + "/lines.txt", lines));
  const harness::Finished all =
      RunProgram({programs_ + "/run_command_lines.exe",
                  WindowsPath(directory_ + "/lines.txt")},
                 {{"INCIDENTCTL_SERVER", service_->address()}});
  EXPECT_EQ(all.exit_code, 0);

  const std::vector<nlohmann::json> reports = service_->Reports();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Job job = harness::HostileJob(names[i], i);
    SCOPED_TRACE(job.id());
    EXPECT_EQ(Arrived(reports, job), names[i].needs_quotes ? 1 : 2);
  }
}

}  // namespace
}  // namespace opcon_snow::windows
