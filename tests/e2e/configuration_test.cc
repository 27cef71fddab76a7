// The configuration of the real processes as an administrator meets it: looked
// at while they run, read again, with secrets that are replaced.

#include <signal.h>

#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"

namespace opcon_snow::e2e {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "00000000-0000-4000-8000-000000000001";

// As EncryptValue of the incumbent prints it.
std::string Encoded(const std::string& text) {
  return absl::BytesToHexString(absl::Base64Escape(text));
}

class ConfigurationTest : public E2eTest {
 protected:
  std::string PathOf(const std::string& file) const {
    return absl::StrCat(directory_, "/", file);
  }

  void Start() {
    harness::SuiteOptions options = Options();
    directory_ = options.directory;
    programs_ = options.programs;
    StartSuite(std::move(options));
  }

  // With the incumbent's documented files, and the integration user in them.
  void StartWithIncumbentFiles() {
    harness::SuiteOptions options = Options();
    directory_ = options.directory;
    programs_ = options.programs;
    options.incumbent_directory = PathOf("ServiceNow");
    std::filesystem::copy("common/incumbent/testdata/documented",
                          options.incumbent_directory,
                          std::filesystem::copy_options::recursive);
    text_ = harness::ReadFile(template_file());
    WritePassword("sandbox");
    StartSuite(std::move(options));
  }
  std::string template_file() const {
    return PathOf("ServiceNow/templates/basic.json");
  }
  void WritePassword(const std::string& password) {
    ASSERT_OK(harness::WriteFile(
        template_file(),
        absl::StrReplaceAll(
            text_,
            {{"\"user\": \"595752746157343d\"",
              absl::StrCat("\"user\": \"", Encoded("opcon.integration"), "\"")},
             {"\"password\": \"595752746157343d\"",
              absl::StrCat("\"password\": \"", Encoded(password), "\"")}})));
  }

  harness::Finished Run(const std::string& program, const std::string& config,
                        const std::string& flag) {
    const auto run = harness::RunToEnd(
        {program, "--config", PathOf(config), flag}, {}, directory_);
    EXPECT_OK(run.status());
    return *run;
  }

  std::string directory_;
  harness::Programs programs_;
  std::string text_;
};

TEST_F(ConfigurationTest, LookingAtItChangesNothingAndMayBeDoneAtAnyTime) {
  Start();
  const std::pair<std::string, std::string> all[] = {
      {programs_.opcon_gateway, "opcon_gateway.yaml"},
      {programs_.snow_gateway, "snow_gateway.yaml"},
      {programs_.incident_service, "incident_service.yaml"}};
  for (const auto& [program, config] : all) {
    const harness::Finished checked = Run(program, config, "--check-config");
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
    EXPECT_EQ(checked.out, PathOf(config) + ": no faults\n");
    const harness::Finished shown = Run(program, config, "--show-config");
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("listener:\n"));
  }
  // Another store is not made by looking.
  const std::string config = harness::ReadFile(PathOf("incident_service.yaml"));
  ASSERT_OK(harness::WriteFile(
      PathOf("other.yaml"),
      absl::StrReplaceAll(config, {{"incidents.db", "other.db"}})));
  EXPECT_EQ(
      Run(programs_.incident_service, "other.yaml", "--check-config").exit_code,
      0);
  EXPECT_FALSE(std::filesystem::exists(PathOf("other.db")));
  EXPECT_FALSE(std::filesystem::exists(PathOf("other.db.lock")));
  // A folder that is not there is a fault beside the others.
  ASSERT_OK(harness::WriteFile(
      PathOf("other.yaml"),
      absl::StrReplaceAll(
          config, {{"incidents.db", "none/other.db"}, {"basic.json", "a/b"}})));
  const harness::Finished faulty =
      Run(programs_.incident_service, "other.yaml", "--check-config");
  EXPECT_EQ(faulty.exit_code, 78);
  EXPECT_THAT(faulty.err, AllOf(HasSubstr("store.sqlite.path: "),
                                HasSubstr("none is no folder"),
                                HasSubstr("templates[0].name: must have")));
  // And the running one has not noticed anything.
  const harness::Job job = FailedJob();
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
}

TEST_F(ConfigurationTest, NoSecretIsShown) {
  StartWithIncumbentFiles();
  const harness::Finished opcon =
      Run(programs_.opcon_gateway, "opcon_gateway.yaml", "--show-config");
  EXPECT_THAT(opcon.out,
              AllOf(HasSubstr("public_address: \"50.17.60.164:9010\"\n"),
                    HasSubstr("token_file: \""), Not(HasSubstr(kToken))));
  const harness::Finished servicenow =
      Run(programs_.snow_gateway, "snow_gateway.yaml", "--show-config");
  EXPECT_THAT(servicenow.out,
              AllOf(HasSubstr("username: \"opcon.integration\"\n"),
                    HasSubstr("password_file: \""),
                    Not(HasSubstr(Encoded("sandbox")))));
  const harness::Finished service =
      Run(programs_.incident_service, "incident_service.yaml", "--show-config");
  EXPECT_THAT(service.out,
              AllOf(HasSubstr("name: \"basic.json\"\n"), Not(HasSubstr(kToken)),
                    Not(HasSubstr(Encoded("sandbox")))));
}

TEST_F(ConfigurationTest, WhatOnlyTheNextStartTakesIsTold) {
  Start();
  ASSERT_OK(harness::WriteFile(
      PathOf("incident_service.yaml"),
      absl::StrReplaceAll(
          harness::ReadFile(PathOf("incident_service.yaml")),
          {{"  address: 127.0.0.1:0\n", "  address: 127.0.0.1:1\n"},
           {"initial_backoff: 20ms", "initial_backoff: 30ms"},
           {"name: basic.json", "name: other.json"}})));
  ASSERT_EQ(kill(suite().incident_service()->pid(), SIGHUP), 0);
  EXPECT_TRUE(harness::Eventually([&] {
    return suite().LogOf("incident_service").find("config.reloaded") !=
           std::string::npos;
  }));
  EXPECT_THAT(suite().LogOf("incident_service"),
              AllOf(HasSubstr("config.takes_effect_at_next_start"),
                    HasSubstr("\"fields\":\"listener.address, "
                              "workflow.initial_backoff\"")));
  const auto list = suite().Cli({"templates", "list"});
  ASSERT_OK(list.status());
  EXPECT_THAT(list->out, HasSubstr("other.json"));
}

// Both secrets are replaced while failures are reported: files first. Nobody
// tells the gateways, and no report fails.
TEST_F(ConfigurationTest, SecretsAreReplacedWithoutALostReport) {
  StartWithIncumbentFiles();
  const auto report = [this] {
    for (int i = 0; i < 3; ++i) Report(FailedJob());
  };
  report();
  WritePassword("second");
  const auto made = suite().opcon().Send(
      "POST", "/api/tokens",
      {{"user", {{"loginName", "ocadm"}, {"password", "opconxps"}}},
       {"tokenType", {{"type", "Application"}, {"id", "second"}}}});
  ASSERT_OK(made.status());
  const std::string token = made->json.at("id");
  const std::string connector = PathOf("ServiceNow/Connector.config");
  ASSERT_OK(harness::WriteFile(
      connector,
      absl::StrReplaceAll(harness::ReadFile(connector), {{kToken, token}})));
  report();
  const auto users = suite().servicenow().Get(
      "/api/now/table/sys_user?sysparm_query=user_name%3Dopcon.integration");
  ASSERT_OK(users.status());
  const auto changed = suite().servicenow().Send(
      "PATCH",
      absl::StrCat("/api/now/table/sys_user/",
                   users->json.at("result")[0].at("sys_id").get<std::string>()),
      {{"user_password", "second"}});
  ASSERT_OK(changed.status());
  ASSERT_EQ(changed->status, 200) << changed->body;
  report();
  EXPECT_TRUE(harness::Eventually([this] {
    int succeeded = 0;
    for (const json& one : Reports()) {
      if (one.value("state", "") == "REPORT_STATE_SUCCEEDED") ++succeeded;
    }
    return succeeded == 9;
  }));
  // OpCon's last, because the harness uses the same token.
  const auto deleted = suite().opcon().Send("DELETE", "/api/tokens", nullptr);
  ASSERT_OK(deleted.status());
  ASSERT_EQ(deleted->status, 200) << deleted->body;
  const harness::Job job = harness::RandomJob();
  ASSERT_OK(harness::DefineJob(suite(), job));
  ASSERT_OK(harness::FailJob(suite(), job, "0000000005", "log"));
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  EXPECT_THAT(suite().LogOf("snow_gateway"),
              HasSubstr("servicenow.secret_replaced"));
  EXPECT_THAT(suite().LogOf("opcon_gateway"),
              HasSubstr("opcon.credentials_replaced"));
}

}  // namespace
}  // namespace opcon_snow::e2e
