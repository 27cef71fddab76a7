// The whole suite over mutual TLS with roles, and with secrets of the test's
// own that must be found nowhere afterwards.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/http/test_certificate.h"
#include "common/testing/status_matchers.h"
#include "common/trace/collector_stub.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCommand[] =
    "INCIDENTCTL -a [[$MACHINE NAME]] -s [[$SCHEDULE NAME]] "
    "-jn [[$JOB NAME]] -e [[$JOB TERMINATION]] -sd [[$SCHEDULE DATE-SNOW]] "
    "-si [[$SCHEDULE ID]] -sn [[$SCHEDULE INST]] -t basic.json";

// Found in no text by chance.
constexpr char kServiceToken[] = "canary-of-the-service-7f3a91";
constexpr char kReporterToken[] = "canary-of-the-reporter-2b8e04";
constexpr char kOperatorToken[] = "canary-of-the-operator-c15d77";
constexpr char kSnowPassword[] = "canary-of-servicenow-9e60b2";
constexpr char kOpConToken[] = "00000000-0000-4000-8000-000000000001";

class SecuredSuiteTest : public E2eTest {
 protected:
  harness::SuiteOptions Secured() {
    harness::SuiteOptions options = Options();
    directory_ = options.directory;
    Write("service.token", kServiceToken);
    Write("reporter.token", kReporterToken);
    Write("operator.token", kOperatorToken);
    const std::string tls =
        absl::StrCat("  tls: {certificate_file: ", server_.certificate_file,
                     ", key_file: ", server_.key_file,
                     ", client_ca_file: ", client_.certificate_file, "}\n",
                     "  authorization:\n    principals:\n");
    options.gateway_listener_yaml = absl::StrCat(
        tls,
        "      - {name: incident-service, token_file: service.token, "
        "roles: [service]}\n");
    options.listener_yaml = absl::StrCat(
        tls,
        "      - {name: notification-manager, token_file: reporter.token, "
        "roles: [reporter]}\n"
        "      - {name: anna, token_file: operator.token, "
        "roles: [operator, reporter]}\n");
    const std::string to_server =
        absl::StrCat("  tls: {ca_file: ", server_.certificate_file,
                     ", certificate_file: ", client_.certificate_file,
                     ", key_file: ", client_.key_file, "}\n");
    options.gateway_channel_yaml = to_server;
    const std::string telemetry = absl::StrCat(
        "telemetry: {traces_endpoint: \"", collector_.url(),
        "\", metrics_address: \"127.0.0.1:0\", metrics_token_file: "
        "operator.token}\n");
    options.gateway_yaml = absl::StrCat("logging: {level: debug}\n", telemetry);
    options.incident_service_yaml = absl::StrCat(
        "logging: {level: debug}\ntoken_file: service.token\n", telemetry);
    options.cli_server_yaml = to_server;
    options.cli_yaml = "token_file: reporter.token\n";
    options.cli_environment = {
        {"INCIDENTCTL_TOKEN_FILE", PathOf("operator.token")},
        {"INCIDENTCTL_TLS_CA", server_.certificate_file},
        {"INCIDENTCTL_TLS_CERT", client_.certificate_file},
        {"INCIDENTCTL_TLS_KEY", client_.key_file}};
    options.snow_client_secret = kSnowPassword;
    options.snow_login_yaml =
        "    basic:\n      username: opcon.integration\n"
        "      password_file: servicenow.secret\n";
    options.snow_sandbox_flags = {"--integration-password", kSnowPassword,
                                  "--allow-basic", "1"};
    return options;
  }

  std::string PathOf(const std::string& file) const {
    return absl::StrCat(directory_, "/", file);
  }
  void Write(const std::string& file, const std::string& text) {
    ASSERT_OK(harness::WriteFile(PathOf(file), text, 0600));
  }

  // What Prometheus would be told by a process.
  std::string MetricsOf(const std::string& process) const {
    int port = 0;
    for (absl::string_view line :
         absl::StrSplit(harness::ReadFile(PathOf(process + ".port")), '\n')) {
      if (absl::ConsumePrefix(&line, "metrics=")) {
        EXPECT_TRUE(absl::SimpleAtoi(line, &port)) << line;
      }
    }
    const auto answer =
        harness::HttpPeer(port, absl::StrCat("Bearer ", kOperatorToken))
            .Get("/metrics");
    EXPECT_OK(answer.status());
    return answer.ok() ? answer->body : "";
  }

  // An exit code, and what was said.
  harness::Finished Cli(const std::vector<std::string>& arguments) {
    auto run = suite().Cli(arguments);
    EXPECT_OK(run);
    return run.ok() ? *run : harness::Finished();
  }

  std::string directory_;
  const trace::CollectorStub collector_;
  const http::TestCertificate server_ =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  const http::TestCertificate client_ =
      http::MakeTestCertificate("client", "client.example", "");
};

TEST_F(SecuredSuiteTest, AFailureBecomesATicketAndEverybodyIsNamed) {
  StartSuite(Secured());
  ASSERT_OK(suite().StartNotificationManager(kCommand));
  const std::string log = harness::RandomLog();
  const harness::Job job = FailedJob(log);
  const nlohmann::json report = AwaitNewest("REPORT_STATE_SUCCEEDED");
  ASSERT_FALSE(report.is_null()) << suite().LogOf("incident_service");
  ExpectAppliedOnce(job, log);

  const harness::Finished discarded =
      Cli({"report", "-jn", "nothing", "-sd", "2026-01-05"});
  EXPECT_THAT(discarded.exit_code, AnyOf(64, 65));
  ASSERT_TRUE(harness::Eventually([&] {
    const std::vector<nlohmann::json> all = Reports();
    return !all.empty() && all[0].contains("rejected");
  }));
  const std::string id = Reports()[0].at("reportId");
  EXPECT_EQ(Cli({"reports", "discard", id, "--reason", "seen"}).exit_code, 0);
  EXPECT_THAT(Cli({"--output", "json", "audit", "list"}).out,
              HasSubstr("\"actor\": \"anna\""));
}

TEST_F(SecuredSuiteTest, WhoHasNotTheRoleIsToldSo) {
  StartSuite(Secured());
  const std::string reporter = PathOf("reporter.token");
  const harness::Finished list =
      Cli({"--token-file", reporter, "reports", "list"});
  EXPECT_EQ(list.exit_code, 77);
  EXPECT_THAT(list.err, HasSubstr("needs one of the roles reader, operator; "
                                  "notification-manager has reporter"));
  Write("wrong.token", "canary-that-nobody-knows-11");
  const harness::Finished wrong =
      Cli({"--token-file", PathOf("wrong.token"), "reports", "list"});
  EXPECT_EQ(wrong.exit_code, 77);
  EXPECT_THAT(wrong.err, HasSubstr("--token-file"));
  EXPECT_THAT(wrong.err, Not(HasSubstr("canary")));
  const harness::Finished none =
      Cli({"--token-file", PathOf("none"), "reports", "list"});
  EXPECT_EQ(none.exit_code, 78);
  EXPECT_THAT(none.err, HasSubstr(PathOf("none")));

  // A report that is not permitted is kept, and goes out once it is.
  const harness::Job job = FailedJob();
  std::vector<std::string> arguments = {"--token-file", PathOf("wrong.token")};
  for (const std::string& more : job.ReportArguments("0000000005")) {
    arguments.push_back(more);
  }
  EXPECT_EQ(Cli(arguments).exit_code, 77);
  EXPECT_EQ(Cli({"--token-file", reporter, "spool", "flush"}).exit_code, 0);
  EXPECT_FALSE(AwaitNewest("REPORT_STATE_SUCCEEDED").is_null());
}

TEST_F(SecuredSuiteTest, AnExchangedTokenCostsNoReport) {
  StartSuite(Secured());
  const auto reload = [](harness::Process* process) {
    ASSERT_EQ(kill(process->pid(), SIGHUP), 0);
  };
  Write("service.token", "canary-of-the-service-anew-1");
  for (const char* gateway : {"opcon", "snow"}) {
    reload(suite().gateway(gateway));
    ASSERT_TRUE(harness::Eventually([&] {
      return absl::StrContains(suite().LogOf(absl::StrCat(gateway, "_gateway")),
                               "config.reloaded");
    }));
  }
  const std::string log = harness::RandomLog();
  const harness::Job job = FailedJob(log);
  Report(job);
  const nlohmann::json waiting = AwaitNewest("REPORT_STATE_WAITING");
  ASSERT_FALSE(waiting.is_null());
  EXPECT_THAT(waiting.at("error").dump(), HasSubstr("GATEWAY_REFUSED"));
  reload(suite().incident_service());
  EXPECT_FALSE(AwaitNewest("REPORT_STATE_SUCCEEDED").is_null());
  ExpectAppliedOnce(job, log);
}

// A line of a key that is nowhere else.
std::string InsideOf(const std::string& key_file) {
  const std::vector<std::string> lines =
      absl::StrSplit(harness::ReadFile(key_file), '\n');
  return lines.size() > 2 ? lines[1].substr(0, 40) : "";
}

bool CanaryIn(const std::string& text) {
  return absl::StrContains(text, "canary-") ||
         absl::StrContains(text, kOpConToken);
}

TEST_F(SecuredSuiteTest, SecretsAreNowhere) {
  StartSuite(Secured());
  ASSERT_OK(suite().StartNotificationManager(kCommand));
  FailedJob();
  ASSERT_FALSE(AwaitNewest("REPORT_STATE_SUCCEEDED").is_null());
  // Failures say more than successes do.
  for (const harness::HttpPeer* upstream :
       {&suite().opcon(), &suite().servicenow()}) {
    for (const nlohmann::json& action :
         {nlohmann::json{{"kind", "status"}, {"status", 401}},
          nlohmann::json{{"kind", "status"}, {"status", 500}},
          nlohmann::json{{"kind", "html"}},
          nlohmann::json{{"kind", "drop_before"}}}) {
      ASSERT_OK(upstream
                    ->Send("POST", "/_sandbox/faults",
                           {{"match", {{"path", "/api/*"}}},
                            {"times", 1},
                            {"action", action}})
                    .status());
      FailedJob();
    }
  }
  ASSERT_TRUE(harness::Eventually([&] { return Reports().size() >= 9; }));
  Write("wrong.token", "canary-that-nobody-knows-11");
  std::map<std::string, std::string> texts;
  const auto keep = [&](const std::string& name, const harness::Finished& run) {
    texts[name] = run.out + run.err;
  };
  keep("wrong token", Cli({"--token-file", PathOf("wrong.token"), "doctor"}));
  keep("doctor", Cli({"doctor"}));
  keep("audit", Cli({"--output", "json", "audit", "list"}));
  keep("reports", Cli({"--output", "json", "reports", "list"}));
  keep("config", Cli({"config", "show"}));
  EXPECT_EQ(Cli({"admin", "backup", PathOf("backup.db")}).exit_code, 0);
  for (const auto& [name, program] :
       {std::pair{"opcon_gateway", Options().programs.opcon_gateway},
        {"snow_gateway", Options().programs.snow_gateway},
        {"incident_service", Options().programs.incident_service}}) {
    auto shown = harness::RunToEnd({program, "--show-config", "--config",
                                    PathOf(absl::StrCat(name, ".yaml"))},
                                   {}, directory_);
    ASSERT_OK(shown);
    keep(absl::StrCat(name, " --show-config"), *shown);
  }
  for (const auto& [name, process] :
       {std::pair{"incident_service", suite().incident_service()},
        {"opcon_gateway", suite().gateway("opcon")},
        {"snow_gateway", suite().gateway("snow")}}) {
    for (const char* file : {"cmdline", "environ"}) {
      texts[absl::StrCat("/proc of ", name, " ", file)] =
          harness::ReadFile(absl::StrCat("/proc/", process->pid(), "/", file));
    }
  }
  for (const std::string process :
       {"incident_service", "opcon_gateway", "snow_gateway"}) {
    const std::string name = absl::StrCat("metrics of ", process);
    texts[name] = MetricsOf(process);
    EXPECT_THAT(texts[name], HasSubstr("grpc_server_handled_total{"));
  }
  texts["requests to OpCon"] = suite().opcon().Get("/_sandbox/requests")->body;
  texts["requests to ServiceNow"] =
      suite().servicenow().Get("/_sandbox/requests")->body;

  // Once the failures above were told, too: those of requests to ServiceNow,
  // for the faults of OpCon may have met its Notification Manager.
  std::set<std::string> told;
  EXPECT_TRUE(harness::Eventually([&] {
    for (const trace::CollectedSpan& span : collector_.spans()) {
      told.insert(absl::StrCat(span.service, span.kind == 3 ? " client" : "",
                               span.failed ? " failed" : ""));
    }
    return told.count("opcon_gateway client") > 0 &&
           told.count("snow_gateway client failed") > 0;
  })) << absl::StrJoin(told, ", ");
  texts["spans"] = collector_.bytes();

  // Everything that was written: logs, the store, the spool, the backup.
  const std::set<std::string> secrets = {"service.token",  "reporter.token",
                                         "operator.token", "wrong.token",
                                         "opcon.token",    "servicenow.secret"};
  std::size_t found = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(directory_)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    if (secrets.count(name) > 0) {
      found += CanaryIn(harness::ReadFile(entry.path().string())) ? 1 : 0;
      continue;
    }
    texts[entry.path().string()] = harness::ReadFile(entry.path().string());
  }
  for (const char* log :
       {"incident_service", "opcon_gateway", "snow_gateway"}) {
    EXPECT_GT(texts[PathOf(absl::StrCat(log, ".log"))].size(), 1000U) << log;
  }
  EXPECT_EQ(found, secrets.size()) << "the secrets are what is looked for";
  EXPECT_GT(texts["requests to ServiceNow"].size(), 1000U);
  EXPECT_GT(texts["spans"].size(), 10'000U);
  EXPECT_THAT(texts["/proc of incident_service cmdline"],
              HasSubstr("--config"));
  EXPECT_GT(texts[PathOf("backup.db")].size(), 10'000U);

  for (const std::string& canary :
       {std::string(kServiceToken), std::string(kReporterToken),
        std::string(kOperatorToken), std::string(kSnowPassword),
        std::string(kOpConToken), std::string("canary-that-nobody-knows"),
        absl::Base64Escape(absl::StrCat("opcon.integration:", kSnowPassword)),
        InsideOf(server_.key_file), InsideOf(client_.key_file)}) {
    ASSERT_GT(canary.size(), 20U);
    for (const auto& [name, text] : texts) {
      EXPECT_EQ(text.find(canary), std::string::npos)
          << canary << " is in " << name << ": "
          << text.substr(std::max<std::size_t>(text.find(canary), 200) - 200,
                         300);
    }
  }
}

}  // namespace
}  // namespace opcon_snow::e2e
