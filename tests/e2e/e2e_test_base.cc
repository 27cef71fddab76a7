#include "tests/e2e/e2e_test_base.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace opcon_snow::e2e {
namespace {

using nlohmann::json;

}  // namespace

harness::SuiteOptions E2eTest::Options() {
  harness::SuiteOptions options;
  const auto programs = harness::FindPrograms("");
  EXPECT_OK(programs.status());
  options.programs = *programs;
  options.directory = ::testing::TempDir() + "/suite-XXXXXX";
  EXPECT_NE(mkdtemp(options.directory.data()), nullptr);
  return options;
}

void E2eTest::StartSuite(harness::SuiteOptions options) {
  auto suite = harness::Suite::Start(std::move(options));
  ASSERT_OK(suite.status());
  suite_ = *std::move(suite);
}

harness::Job E2eTest::FailedJob(const std::string& log) {
  harness::Job job = harness::RandomJob();
  EXPECT_OK(harness::DefineJob(suite(), job));
  EXPECT_OK(harness::FailJob(suite(), job, "0000000005", log));
  return job;
}

harness::Finished E2eTest::Report(const harness::Job& job, int expected,
                                  const std::string& template_name) {
  const auto finished =
      suite().Cli(job.ReportArguments("0000000005", template_name));
  EXPECT_OK(finished.status());
  EXPECT_EQ(finished->exit_code, expected) << finished->out << finished->err;
  return *finished;
}

std::vector<json> E2eTest::Reports() {
  const auto finished =
      suite().Cli({"--output", "json", "reports", "list", "--limit", "0"});
  EXPECT_OK(finished.status());
  const json shown = json::parse(finished->out, nullptr, false);
  if (!shown.is_object()) return {};
  return shown.value("reports", std::vector<json>{});
}

json E2eTest::AwaitNewest(const std::string& state) {
  json newest;
  const bool reached = harness::Eventually([&] {
    const std::vector<json> reports = Reports();
    if (!reports.empty()) newest = reports.front();
    return newest.is_object() && newest.value("state", "") == state;
  });
  EXPECT_TRUE(reached) << "last seen: " << newest.dump(2)
                       << suite().LogOf("incident_service");
  return newest;
}

void E2eTest::ExpectAppliedOnce(const harness::Job& job,
                                const std::string& log) {
  const auto incidents = harness::FindIncidents(suite(), job);
  ASSERT_OK(incidents.status());
  ASSERT_EQ(incidents->size(), 1U) << incidents->dump();
  const std::string sys_id = incidents->front().at("sys_id");
  const std::string number = incidents->front().at("number");

  const auto tickets = harness::GetTickets(suite(), job);
  ASSERT_OK(tickets.status());
  ASSERT_EQ(tickets->size(), 1U) << tickets->dump();
  EXPECT_EQ(tickets->front().at("ticketId"), absl::StrCat(number, "/", sys_id));

  const auto files = harness::FindAttachments(suite(), sys_id);
  ASSERT_OK(files.status());
  ASSERT_EQ(files->size(), 1U) << files->dump();
  EXPECT_THAT(harness::DownloadAttachment(suite(), files->front().at("sys_id")),
              IsOkAndHolds(log));
}

}  // namespace opcon_snow::e2e
