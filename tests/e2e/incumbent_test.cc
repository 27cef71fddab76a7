// The incumbent connector's documented files through all the real processes:
// what ServiceNow and OpCon are sent, word by word.

#include <signal.h>

#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"

namespace opcon_snow::e2e {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class IncumbentTest : public E2eTest {
 protected:
  IncumbentTest() {
    harness::SuiteOptions options = Options();
    files_ = options.directory + "/ServiceNow";
    std::filesystem::copy("common/incumbent/testdata/documented", files_,
                          std::filesystem::copy_options::recursive);
    options.incumbent_directory = files_;
    StartSuite(std::move(options));
  }

  std::string Templates() {
    const auto list = suite().Cli({"templates", "list"});
    return list.ok() ? list->out : std::string(list.status().message());
  }
  std::string template_file() const { return files_ + "/templates/basic.json"; }

  std::string files_;
};

TEST_F(IncumbentTest, TheRequestsAreThoseOfTheTemplate) {
  const harness::Job job = FailedJob("the log\n");
  const auto shown = harness::GetJob(suite(), job);
  ASSERT_OK(shown.status());
  // 2026-01-05T03:00:07.0000000-06:00
  const std::string ended = shown->at("computedEndTime").at("time");
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, "the log\n");

  const auto requests = harness::Requests(suite().servicenow());
  ASSERT_OK(requests.status());
  // The path that the template's urls name, not the gateway's own.
  const auto creates =
      harness::RequestsTo(*requests, "POST", "/api/now/table/incident");
  ASSERT_THAT(creates, SizeIs(1));
  json sent = creates.front().at("body");
  if (sent.is_string()) sent = json::parse(sent.get<std::string>());
  EXPECT_THAT(sent.at("sys_id").get<std::string>(), SizeIs(32));
  sent.erase("sys_id");
  const std::string description = sent.at("description");
  const std::size_t marker = description.find("\n[OpCon failure ");
  ASSERT_NE(marker, std::string::npos) << description;
  sent["description"] = description.substr(0, marker);
  // By the working hours, which other tests try.
  EXPECT_EQ(sent.at("urgency") == "1", sent.at("impact") == "2");
  sent.erase("urgency");
  sent.erase("impact");
  const std::string unique = shown->value("uniqueJobId", "");
  const json expected = {
      {"short_description",
       absl::StrCat("OpCon Task Failure (schedule ", job.schedule, " job ",
                    job.name, " server ", job.machine,
                    " error code 0000000005)")
           .substr(0, 160)},
      {"description",
       absl::StrCat("Technical data of the Opcon batch (schedule (",
                    job.schedule, ") job (", job.name, ") server (",
                    job.machine, ") error code (0000000005) date (",
                    ended.substr(8, 2), "-", ended.substr(5, 2), "-",
                    ended.substr(0, 4), " ", ended.substr(11, 5),
                    ") JOBID=", unique.empty() ? job.id() : unique, ")")},
      {"correlation_id", absl::StrCat("50.17.60.164:9010,", job.id())},
      {"correlation_display", "SMA_OPCON"}};
  EXPECT_EQ(sent, expected);
  EXPECT_THAT(
      harness::RequestsTo(*requests, "POST", "/api/now/attachment/file"),
      SizeIs(1));
}

TEST_F(IncumbentTest, ATemplateIsReadAgainOrNotAtAll) {
  EXPECT_THAT(Templates(), HasSubstr("basic.json:72:3"));
  const std::string text = harness::ReadFile(template_file());
  ASSERT_OK(harness::WriteFile(
      template_file(),
      absl::StrReplaceAll(
          text, {{"documentationRouting\"", "\"documentationRouting\""}})));
  ASSERT_EQ(kill(suite().incident_service()->pid(), SIGHUP), 0);
  EXPECT_TRUE(harness::Eventually([&] {
    return Templates().find("basic.json:72:3") == std::string::npos;
  })) << Templates();

  ASSERT_OK(harness::WriteFile(
      template_file(), absl::StrReplaceAll(text, {{"\"0800\"", "\"8\""}})));
  ASSERT_EQ(kill(suite().incident_service()->pid(), SIGHUP), 0);
  EXPECT_TRUE(harness::Eventually([&] {
    return suite().LogOf("incident_service").find("config.reload_refused") !=
           std::string::npos;
  }));
  EXPECT_THAT(suite().LogOf("incident_service"),
              HasSubstr("basic.json:42:17: workingHours.monday.start: \\\"8\\\""
                        " is no time of day"));
  const harness::Job job = FailedJob();
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
}

TEST_F(IncumbentTest, NoSecretLeavesTheFiles) {
  const harness::Job job = FailedJob();
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  for (const char* process :
       {"opcon_gateway", "snow_gateway", "incident_service"}) {
    const std::string log = suite().LogOf(process);
    EXPECT_EQ(log.find("00000000-0000-4000"), std::string::npos) << process;
    EXPECT_EQ(log.find("595752746157343d"), std::string::npos) << process;
  }
  EXPECT_THAT(suite().LogOf("snow_gateway"),
              HasSubstr("servicenow.readable_password"));
  EXPECT_THAT(suite().LogOf("opcon_gateway"),
              HasSubstr("opcon.readable_token"));
}

}  // namespace
}  // namespace opcon_snow::e2e
