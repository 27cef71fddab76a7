// A real Prometheus scrapes the whole suite while a failure becomes a ticket
// and everything goes wrong that metrics tell of. What docs/metrics.md, the
// alert rules and the dashboard speak of is held against what it has seen.

#include "tests/metrics/prometheus.h"

#include <signal.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/http/test_certificate.h"
#include "common/testing/status_matchers.h"
#include "common/web/raw_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/jobs.h"
#include "tests/harness/process.h"
#include "tests/metrics/metrics_guide.h"

namespace opcon_snow::metrics {
namespace {

using harness::Eventually;
using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kToken[] = "canary-of-prometheus-5d81c2";
// More than one connection of the metrics listener can have.
constexpr int kCrowd = 25;

std::string Runfile(const std::string& path) {
  return absl::StrCat(std::getenv("TEST_SRCDIR"), "/opcon_snow/", path);
}

class PrometheusTest : public e2e::E2eTest {
 protected:
  // The gateways show their metrics over mutual TLS to who has the token, the
  // service on loopback in plaintext.
  void Start() {
    harness::SuiteOptions options = Options();
    directory_ = options.directory;
    ASSERT_OK(harness::WriteFile(directory_ + "/metrics.token", kToken, 0600));
    options.gateway_yaml = absl::StrCat(
        "telemetry:\n  metrics_address: 127.0.0.1:0\n"
        "  metrics_token_file: metrics.token\n"
        "  metrics_tls: {certificate_file: ",
        server_.certificate_file, ", key_file: ", server_.key_file,
        ", client_ca_file: ", client_.certificate_file, "}\n");
    options.incident_service_yaml =
        "telemetry:\n  metrics_address: 127.0.0.1:0\n"
        "http: {address: \"127.0.0.1:0\"}\n"
        "job_watcher: {interval: 1s, grace_period: 0s}\n";
    // One at a time, and hardly any that waits.
    options.snow_login_yaml +=
        "    limits: {max_concurrent_requests: 1, max_queued_calls: 1}\n";
    StartSuite(options);
    for (const char* process :
         {"opcon_gateway", "snow_gateway", "incident_service"}) {
      ports_[process] = PortOf(process, "metrics");
      ASSERT_GT(ports_[process], 0) << process;
    }
  }

  int PortOf(const std::string& process, const std::string& listener) const {
    const std::string text =
        harness::ReadFile(absl::StrCat(directory_, "/", process, ".port"));
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      int port = 0;
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(line, absl::MaxSplits('=', 1));
      if (parts.first == listener && absl::SimpleAtoi(parts.second, &port)) {
        return port;
      }
    }
    return 0;
  }

  std::string TargetsOf(const std::vector<std::string>& processes) {
    return absl::StrJoin(
        processes, ", ", [this](std::string* out, const std::string& process) {
          absl::StrAppend(out, "\"127.0.0.1:", ports_[process], "\"");
        });
  }

  // The rules fire at once: how long they wait is tried with promtool.
  void StartPrometheus() {
    // A copy: Prometheus looks at it with every scrape.
    ASSERT_OK(harness::WriteFile(directory_ + "/ca.pem",
                                 harness::ReadFile(server_.certificate_file)));
    const std::string tls = absl::StrCat(
        "    scheme: https\n    tls_config: {ca_file: ", directory_,
        "/ca.pem, cert_file: ", client_.certificate_file,
        ", key_file: ", client_.key_file, "}\n");
    ASSERT_OK(harness::WriteFile(
        directory_ + "/alerts.yaml",
        std::regex_replace(
            harness::ReadFile(Runfile("deploy/prometheus/alerts.yaml")),
            std::regex("for: [0-9]+[mh]"), "for: 0s")));
    const std::string as_suite =
        "    relabel_configs: [{target_label: job, replacement: opcon-snow}]\n";
    auto started = Prometheus::Start(
        directory_,
        absl::StrCat(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms, "
            "evaluation_interval: 500ms}\n"
            "rule_files: [alerts.yaml]\n"
            "scrape_configs:\n"
            "  - job_name: opcon-snow\n    static_configs: [{targets: [",
            TargetsOf({"incident_service"}),
            "]}]\n"
            "  - job_name: gateways\n    static_configs: [{targets: [",
            TargetsOf({"opcon_gateway", "snow_gateway"}), "]}]\n", tls,
            "    authorization: {credentials_file: ", directory_,
            "/metrics.token}\n", as_suite,
            "  - job_name: without-token\n    static_configs: [{targets: [",
            TargetsOf({"opcon_gateway"}), "]}]\n", tls));
    ASSERT_OK(started.status());
    prometheus_ = *std::move(started);
  }

  // Whether a metric of any process has ever been above 0.
  bool Moved(const std::string& name, const DocumentedMetric& metric) {
    return prometheus_->Value(absl::StrCat(
               "max(max_over_time(", name,
               metric.type == "histogram" ? "_count" : "", "[1h]))")) > 0;
  }
  void AwaitMoved(const std::string& series) {
    EXPECT_TRUE(Eventually([&] {
      return prometheus_->Value(
                 absl::StrCat("max(max_over_time(", series, "[1h]))")) > 0;
    })) << series;
  }

  void MakeTrouble();

  const http::TestCertificate server_ =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  const http::TestCertificate client_ =
      http::MakeTestCertificate("client", "client.example", "");
  const Guide guide_ = ReadGuide(Runfile("docs/metrics.md"));
  std::string directory_;
  std::map<std::string, int> ports_;
  std::unique_ptr<Prometheus> prometheus_;
};

// Whatever a metric counts.
void PrometheusTest::MakeTrouble() {
  const json create = {{"method", "POST"}, {"path", "/api/now/table/incident"}};
  for (const int status : {429, 401, 503}) {
    ASSERT_OK(harness::AddFault(suite().servicenow(),
                                {{"match", create},
                                 {"times", 1},
                                 {"action",
                                  {{"kind", "status"},
                                   {"status", status},
                                   {"headers", {{"Retry-After", "1"}}},
                                   {"body", ""}}}}));
  }
  const harness::Job job = FailedJob("the log\n");
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");

  // One slow request, behind which the others have to wait.
  ASSERT_OK(harness::AddFault(suite().servicenow(),
                              {{"match", create},
                               {"times", 2},
                               {"action", {{"kind", "delay"}, {"ms", 3000}}}}));
  for (int i = 0; i < 5; ++i) Report(FailedJob());
  AwaitMoved("opcon_snow_upstream_requests_queued");
  AwaitMoved("opcon_snow_upstream_requests_refused_total");
  AwaitMoved("opcon_snow_oldest_open_report_age_seconds");

  // Nobody reports this one.
  harness::Job unreported = harness::RandomJob();
  unreported.date =
      absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone());
  ASSERT_OK(harness::DefineJob(suite(), unreported));
  ASSERT_OK(harness::FailJob(suite(), unreported, "0000000005", "log\n"));
  AwaitMoved("opcon_snow_watcher_actions_total{watcher=\"job_watcher\"}");

  // A crowd at one listener, of which some must go.
  std::vector<std::unique_ptr<web::RawClient>> crowd;
  crowd.reserve(kCrowd);
  for (int i = 0; i < kCrowd; ++i) {
    crowd.push_back(
        std::make_unique<web::RawClient>(ports_["incident_service"]));
  }
  EXPECT_TRUE(Eventually([&] { return crowd.front()->IsClosed(); }));
  crowd.clear();
  AwaitMoved("opcon_snow_connections_refused_total");

  // A certificate that is half written.
  const std::string good = harness::ReadFile(server_.certificate_file);
  ASSERT_OK(harness::WriteFile(server_.certificate_file, "-----BEGIN "));
  EXPECT_TRUE(Eventually([&] {
    const web::RawClient connects(ports_["snow_gateway"]);
    return prometheus_->Value("max(opcon_snow_tls_reloads_refused_total)") > 0;
  }));
  ASSERT_OK(harness::WriteFile(server_.certificate_file, good));

  kill(suite().incident_service()->pid(), SIGHUP);
  AwaitMoved("opcon_snow_config_reloads_total{result=\"taken\"}");
}

TEST_F(PrometheusTest, SeesWhatTheDocumentsSpeakOf) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(StartPrometheus());
  ASSERT_TRUE(Eventually([&] {
    return prometheus_->Value("count(up{job=\"opcon-snow\"} == 1)") == 3;
  })) << prometheus_->Get("/api/v1/targets")->dump(1);
  EXPECT_EQ(prometheus_->Value("max(up{job=\"without-token\"})"), 0);
  EXPECT_THAT(prometheus_->Firing(), Not(Contains("OpconSnowDeadLetters")));
  ASSERT_NO_FATAL_FAILURE(MakeTrouble());

  // A dead letter, made on purpose, is told to people.
  const harness::Job job = FailedJob();
  Report(job, 0, "no-such-template");
  AwaitNewest("REPORT_STATE_DEAD_LETTER");
  EXPECT_TRUE(Eventually([&] {
    return prometheus_->Firing().count("OpconSnowDeadLetters") > 0;
  })) << absl::StrJoin(prometheus_->Firing(), " ");
  EXPECT_THAT(prometheus_->Firing(), Not(Contains("OpconSnowProcessDown")));

  // Every metric that is documented is there, with these labels, and moves.
  ASSERT_GT(guide_.metrics.size(), 40U);
  for (const auto& [name, metric] : guide_.metrics) {
    const std::string series =
        metric.type == "histogram" ? name + "_bucket" : name;
    const auto found =
        prometheus_->Get("/api/v1/series?match[]=" + harness::Encode(series));
    ASSERT_OK(found.status());
    ASSERT_FALSE(found->empty()) << name << " is documented and not exposed";
    std::set<std::string> labels;
    for (const json& one : *found) {
      for (const auto& [label, value] : one.items()) labels.insert(label);
    }
    for (const char* own : {"__name__", "job", "instance", "le"}) {
      labels.erase(own);
    }
    EXPECT_EQ(labels, metric.labels) << name;
    // A disk that is full is another test's: tests/conformance.
    if (name != "opcon_snow_store_commit_failures_total") {
      EXPECT_TRUE(Moved(name, metric)) << name << " never moved";
    }
    const auto told =
        prometheus_->Get("/api/v1/metadata?metric=" + harness::Encode(name));
    ASSERT_OK(told.status());
    ASSERT_TRUE(told->contains(name));
    EXPECT_EQ(told->at(name).at(0).at("type"), metric.type) << name;
  }

  // And nothing else is.
  const auto all = prometheus_->Get("/api/v1/label/__name__/values");
  ASSERT_OK(all.status());
  for (const std::string series : *all) {
    if (MetricsIn(series).empty()) continue;
    EXPECT_EQ(guide_.metrics.count(FamilyOf(series, guide_)), 1U)
        << series << " is exposed and not documented";
  }

  // Nothing of a caller's, and no secret, is in it; the HTTP door has the same.
  for (const char* listener : {"http", "metrics"}) {
    const auto shown =
        harness::HttpPeer(PortOf("incident_service", listener), "")
            .Get("/metrics");
    ASSERT_OK(shown.status());
    EXPECT_EQ(shown->status, 200);
    EXPECT_THAT(shown->body, HasSubstr("opcon_snow_reports{"));
    for (const std::string& secret :
         {job.name, job.schedule, std::string("no-such-template"),
          std::string(kToken)}) {
      EXPECT_THAT(shown->body, Not(HasSubstr(secret)));
    }
  }
  const auto values =
      prometheus_->Get("/api/v1/label/upstream_instance/values");
  ASSERT_OK(values.status());
  EXPECT_EQ(*values, json({"production"}));

  // Every expression is one to this Prometheus, over metrics that there are.
  std::vector<std::string> expressions =
      ReadDashboard(Runfile("deploy/grafana/opcon-snow.json"));
  ASSERT_GT(expressions.size(), 40U);
  std::size_t with_data = 0;
  for (const std::string& expression : expressions) {
    const auto result = prometheus_->Query(expression);
    EXPECT_OK(result.status()) << expression;
    if (result.ok() && !result->empty()) ++with_data;
  }
  // All but those that show only what goes wrong now.
  EXPECT_GE(with_data, expressions.size() - 6);
  for (const AlertRule& rule :
       ReadRules(Runfile("deploy/prometheus/alerts.yaml"))) {
    EXPECT_OK(prometheus_->Query(rule.expression).status()) << rule.name;
    expressions.push_back(rule.expression);
  }
  for (const std::string& expression : expressions) {
    for (const std::string& name : MetricsIn(expression)) {
      EXPECT_EQ(guide_.metrics.count(FamilyOf(name, guide_)), 1U)
          << name << " in " << expression;
    }
  }
  const auto rules = prometheus_->Get("/api/v1/rules");
  ASSERT_OK(rules.status());
  for (const json& rule : rules->at("groups").at(0).at("rules")) {
    EXPECT_EQ(rule.at("health"), "ok") << rule.dump(1);
  }
}

TEST_F(PrometheusTest, EveryAlertIsExplained) {
  std::set<std::string> names;
  const std::string tests =
      harness::ReadFile(Runfile("deploy/prometheus/alerts_test.yaml"));
  for (const AlertRule& rule :
       ReadRules(Runfile("deploy/prometheus/alerts.yaml"))) {
    names.insert(rule.name);
    for (const char* needed : {"summary", "description", "runbook_url"}) {
      EXPECT_EQ(rule.annotations.count(needed), 1U)
          << rule.name << " has no " << needed;
    }
    EXPECT_EQ(rule.annotations.at("runbook_url"),
              "docs/metrics.md#" + absl::AsciiStrToLower(rule.name));
    EXPECT_THAT(tests, HasSubstr(absl::StrCat(rule.name, " fires")));
    EXPECT_THAT(tests, HasSubstr(absl::StrCat(rule.name, " is quiet")));
  }
  EXPECT_EQ(names, guide_.alerts);
}

TEST_F(PrometheusTest, TheLogLevelChangesWhileItRuns) {
  harness::SuiteOptions options = Options();
  directory_ = options.directory;
  StartSuite(options);
  const std::string config = directory_ + "/incident_service.yaml";
  const std::string without = harness::ReadFile(config);
  const auto log = [&] { return suite().LogOf("incident_service"); };
  const auto count = [&](const std::string& event) {
    const std::string text = log();
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(event, at)) != std::string::npos;
         at += event.size()) {
      ++found;
    }
    return found;
  };
  const pid_t pid = suite().incident_service()->pid();
  // Reads this configuration again; whether it was is told at every level that
  // the next one is not below.
  const auto reload = [&](const std::string& text, const std::string& told) {
    ASSERT_OK(harness::WriteFile(config, text));
    const std::size_t before = count(told);
    kill(pid, SIGHUP);
    ASSERT_TRUE(Eventually([&] { return count(told) > before; })) << log();
  };

  Report(FailedJob());
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  EXPECT_EQ(count("\"report.accepted\""), 0U) << "is for debugging";
  EXPECT_GT(count("\"step.done\""), 0U);

  reload(without + "logging: {level: debug}\n", "\"config.reloaded\"");
  const harness::Job job = FailedJob();
  Report(job);
  const json report = AwaitNewest("REPORT_STATE_SUCCEEDED");
  EXPECT_EQ(count("\"report.accepted\""), 1U);

  // All that happened to a report is found by its id, and by that of its
  // request.
  for (const char* key : {"report_id", "request_id"}) {
    const std::string id =
        report.at(key == std::string("report_id") ? "reportId" : "requestId");
    std::set<std::string> events;
    for (const absl::string_view line : absl::StrSplit(log(), '\n')) {
      const json entry = json::parse(line, nullptr, false);
      if (!entry.is_object() || entry.value(key, "") != id) continue;
      std::string event = entry.at("event");
      if (entry.contains("step")) {
        absl::StrAppend(&event, " ", entry.at("step").get<std::string>());
        EXPECT_EQ(entry.at("job"), absl::StrCat("production/", job.id()));
      }
      events.insert(std::move(event));
    }
    EXPECT_THAT(events,
                IsSupersetOf({"report.accepted", "step.done RESOLVE",
                              "step.done TICKET", "step.done WRITE_BACK",
                              "step.done ATTACH_LOG"}))
        << key;
  }

  const std::size_t done = count("\"step.done\"");
  ASSERT_OK(harness::WriteFile(config, without + "logging: {level: error}\n"));
  kill(pid, SIGHUP);
  // One that is refused after it, which is an error, shows that it was read.
  ASSERT_TRUE(Eventually([&] { return count("\"templates.reloaded\"") > 1; }));
  reload("nonsense", "\"config.reload_refused\"");
  Report(FailedJob());
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  EXPECT_EQ(count("\"step.done\""), done);
  EXPECT_EQ(suite().incident_service()->pid(), pid);
  EXPECT_TRUE(suite().incident_service()->Running());
}

}  // namespace
}  // namespace opcon_snow::metrics
