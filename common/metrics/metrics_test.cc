// The exposition, what processes tell of themselves, and the listener that
// answers Prometheus.

#include "common/metrics/metrics.h"

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/config/fault.h"
#include "common/config/yaml_loader.h"
#include "common/http/test_certificate.h"
#include "common/metrics/metrics_server.h"
#include "common/metrics/process_metrics.h"
#include "common/testing/status_matchers.h"
#include "common/web/raw_client.h"
#include "config/v1/common.pb.h"
#include "config/v1/opcon_gateway.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::metrics {
namespace {

using ::config::v1::Telemetry;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kToken[] = "token-of-prometheus-0123";

// The value of a series as it stands in the exposition; -1 if it is not there.
double Sample(const std::string& series) {
  for (const absl::string_view line : absl::StrSplit(Expose(), '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    double value = 0;
    if (parts.first == series && absl::SimpleAtod(parts.second, &value)) {
      return value;
    }
  }
  return -1;
}

std::string Write(const std::string& name, const std::string& text,
                  mode_t mode = 0600) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
  return path;
}

TEST(MetricsTest, AreThereBeforeTheyMove) {
  const Counter counter =
      GetCounter("test_things_total", "Things.", {{"kind", "a\"b\\c\nd"}});
  EXPECT_EQ(Sample(R"(test_things_total{kind="a\"b\\c\nd"})"), 0);
  counter.Add();
  counter.Add(2.5);
  EXPECT_EQ(Sample(R"(test_things_total{kind="a\"b\\c\nd"})"), 3.5);
  GetCounter("test_things_total", "Things.", {{"kind", "other"}}).Add();
  EXPECT_EQ(Sample(R"(test_things_total{kind="other"})"), 1);
  EXPECT_THAT(Expose(), AllOf(HasSubstr("# HELP test_things_total Things.\n"),
                              HasSubstr("# TYPE test_things_total counter\n")));
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSame) {
  GetGauge("test_level", "Level.", {{"a", "1"}}).Set(5);
  GetGauge("test_level", "Level.", {{"a", "1"}}).Add(-2);
  EXPECT_EQ(Sample(R"(test_level{a="1"})"), 3);
}

TEST(MetricsTest, TimesGoIntoBuckets) {
  const Histogram histogram =
      GetHistogram("test_seconds", "Times.", CallBuckets());
  histogram.Observe(absl::Milliseconds(30));
  histogram.Observe(absl::Minutes(2));
  EXPECT_EQ(Sample(R"(test_seconds_bucket{le="0.025"})"), 0);
  EXPECT_EQ(Sample(R"(test_seconds_bucket{le="0.05"})"), 1);
  EXPECT_EQ(Sample(R"(test_seconds_bucket{le="60"})"), 1);
  EXPECT_EQ(Sample(R"(test_seconds_bucket{le="+Inf"})"), 2);
  EXPECT_EQ(Sample("test_seconds_sum"), 120.03);
}

TEST(MetricsTest, HandlesOfNothingDoNothing) {
  Counter().Add();
  Gauge().Set(1);
  Histogram().Observe(1.0);
}

TEST(MetricsTest, WhatIsLookedUpIsLookedUpWhenAsked) {
  int looks = 0;
  const Gauge gauge = GetGauge("test_looks", "Looks.");
  {
    const AtScrape at_scrape([&] { gauge.Set(++looks); });
    EXPECT_EQ(looks, 0);
    EXPECT_EQ(Sample("test_looks"), 1);
    EXPECT_EQ(Sample("test_looks"), 2);
  }
  EXPECT_EQ(Sample("test_looks"), 2);
}

TEST(ProcessMetricsTest, TellOfTheProcess) {
  ObserveProcess("test", "1.2.3");
  EXPECT_EQ(Sample(R"(opcon_snow_build_info{process="test",version="1.2.3"})"),
            1);
  EXPECT_GT(Sample("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(Sample("process_virtual_memory_bytes"),
            Sample("process_resident_memory_bytes"));
  EXPECT_GE(Sample("process_threads"), 1);
  EXPECT_GT(Sample("process_max_fds"), Sample("process_open_fds"));
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_GT(Sample("process_start_time_seconds"), now - 86400);
  EXPECT_LT(Sample("process_start_time_seconds"), now + 2);
  const double open = Sample("process_open_fds");
  const std::ifstream one_more("/proc/self/stat");
  EXPECT_EQ(Sample("process_open_fds"), open + 1);
  const double cpu = Sample("process_cpu_seconds_total");
  while (Sample("process_cpu_seconds_total") <= cpu) {
  }
}

TEST(ProcessMetricsTest, TellsUntilWhenCertificatesAreGood) {
  const http::TestCertificate listener =
      http::MakeTestCertificate("listener", "localhost", "", absl::Hours(5));
  const std::string broken = Write("broken.crt", "no certificate\n");
  ::config::v1::OpConGatewayConfig config;
  config.mutable_listener()->mutable_tls()->set_certificate_file(
      listener.certificate_file);
  config.add_instances()->mutable_tls()->set_certificate_file(broken);
  ObserveCertificates(config);
  const auto expiry = [](const std::string& file) {
    return Sample(absl::StrCat(
        "opcon_snow_tls_certificate_expiry_timestamp_seconds{file=\"", file,
        "\"}"));
  };
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_NEAR(expiry(listener.certificate_file), now + 5 * 3600, 600);
  EXPECT_EQ(expiry(broken), 0);
  http::MakeTestCertificate("listener", "localhost", "", absl::Hours(50));
  EXPECT_NEAR(expiry(listener.certificate_file), now + 50 * 3600, 600);
}

TEST(ProcessMetricsTest, TellsWhetherTheLastReloadWasTaken) {
  ObserveProcess("test", "1.2.3");
  EXPECT_EQ(Sample("opcon_snow_config_last_reload_successful"), 1);
  CountReload(false);
  EXPECT_EQ(Sample("opcon_snow_config_last_reload_successful"), 0);
  CountReload(true);
  EXPECT_EQ(Sample("opcon_snow_config_last_reload_successful"), 1);
  EXPECT_EQ(Sample(R"(opcon_snow_config_reloads_total{result="refused"})"), 1);
}

Telemetry TelemetryOf(const std::string& yaml) {
  Telemetry telemetry;
  config::Faults faults;
  EXPECT_OK(config::LoadYamlText(yaml, &telemetry, &faults));
  return telemetry;
}

std::string FaultsOf(const std::string& yaml) {
  config::Faults faults("f");
  ValidateMetricsListener(TelemetryOf(yaml), "telemetry", &faults);
  return faults.Format();
}

TEST(MetricsServerTest, OtherMachinesNeedTlsAndCredentials) {
  const std::string tls = "metrics_tls: {certificate_file: c, key_file: k";
  EXPECT_THAT(FaultsOf("{}"), IsEmpty());
  EXPECT_THAT(FaultsOf("metrics_address: 127.0.0.1:0"), IsEmpty());
  for (const std::string& more :
       {std::string(), std::string("metrics_token_file: t\n"), tls + "}\n"}) {
    EXPECT_THAT(FaultsOf("metrics_address: 0.0.0.0:1\n" + more),
                AllOf(HasSubstr("telemetry.metrics_address"),
                      HasSubstr("metrics_tls, and its client_ca_file or "
                                "metrics_token_file")))
        << more;
  }
  EXPECT_THAT(FaultsOf("metrics_address: 0.0.0.0:1\nmetrics_token_file: t\n" +
                       tls + "}\n"),
              IsEmpty());
  EXPECT_THAT(
      FaultsOf("metrics_address: 0.0.0.0:1\n" + tls + ", client_ca_file: a}\n"),
      IsEmpty());
}

TEST(MetricsServerTest, SaysWhatElseIsWrong) {
  EXPECT_THAT(FaultsOf("metrics_address: nonsense"),
              HasSubstr("telemetry.metrics_address"));
  EXPECT_THAT(FaultsOf("metrics_address: 127.0.0.1:0\nmetrics_tls: {}"),
              AllOf(HasSubstr("telemetry.metrics_tls.certificate_file"),
                    HasSubstr("telemetry.metrics_tls.key_file")));
  EXPECT_THAT(FaultsOf("metrics_token_file: t\nmetrics_tls: {}"),
              AllOf(HasSubstr("telemetry.metrics_token_file"),
                    HasSubstr("telemetry.metrics_tls"),
                    HasSubstr("without metrics_address")));
}

class MetricsListenerTest : public ::testing::Test {
 protected:
  void Start(const std::string& more = "") {
    running_ = TelemetryOf("metrics_address: 127.0.0.1:0\n" + more);
    auto server = MetricsServer::Create(
        running_, {.domain = "test", .health = [this] { return health_; }});
    ASSERT_OK(server.status());
    server_ = *std::move(server);
    ASSERT_OK(server_->Start());
    ASSERT_GT(server_->port(), 0);
  }

  web::RawClient::Reply Send(const std::string& request) {
    web::RawClient client(server_->port());
    client.Send(request);
    return client.Read().value_or(web::RawClient::Reply());
  }
  web::RawClient::Reply Get(const std::string& path,
                            const std::string& headers = "") {
    return Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n",
                             headers, "\r\n"));
  }
  static std::string Bearer(const std::string& token) {
    return absl::StrCat("Authorization: Bearer ", token, "\r\n");
  }

  absl::Status health_;
  Telemetry running_;
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsListenerTest, WithoutAddressThereIsNone) {
  const auto server = MetricsServer::Create(Telemetry(), {});
  ASSERT_OK(server.status());
  EXPECT_EQ(*server, nullptr);
}

TEST_F(MetricsListenerTest, AnswersPrometheus) {
  GetCounter("test_answers_total", "Answers.").Add();
  Start();
  const auto reply = Get("/metrics?x=1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(reply.body,
              AllOf(HasSubstr("test_answers_total 1\n"),
                    HasSubstr("opcon_snow_connections_open{listener=\"metrics"
                              "\"} 1\n")));
}

TEST_F(MetricsListenerTest, NothingElseIsThere) {
  Start();
  for (const char* path : {"/", "/metrics/", "/Metrics", "/healthz/x"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  EXPECT_EQ(Send("POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
                 "Content-Length: 0\r\n\r\n")
                .status,
            405);
  EXPECT_EQ(Send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                 "Content-Length: 2000\r\n\r\n" +
                 std::string(2000, 'x'))
                .status,
            413);
  const auto elsewhere =
      Send("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(elsewhere.status, 421);
  EXPECT_THAT(elsewhere.body, Not(HasSubstr("# TYPE")));
}

TEST_F(MetricsListenerTest, AProbeLearnsWhetherItWorks) {
  Start();
  EXPECT_EQ(Get("/healthz").body, "ok\n");
  health_ = absl::UnavailableError("disk full at /var/lib");
  const auto reply = Get("/healthz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, Not(HasSubstr("/var/lib")));
}

TEST_F(MetricsListenerTest, TheTokenMustBeShown) {
  Start(absl::StrCat("metrics_token_file: ", Write("metrics.token", kToken)));
  const double refused =
      Sample(R"(opcon_snow_auth_refusals_total{reason="unauthenticated"})");
  for (const std::string& headers :
       {std::string(), Bearer("token-of-prometheus-0124"),
        Bearer("token-of-prometheus-012"),
        absl::StrCat("Authorization: Basic ", kToken, "\r\n")}) {
    const auto reply = Get("/metrics", headers);
    EXPECT_EQ(reply.status, 401) << headers;
    EXPECT_THAT(reply.head, HasSubstr("WWW-Authenticate: Bearer"));
    EXPECT_THAT(reply.body, Not(HasSubstr("# TYPE")));
  }
  EXPECT_EQ(
      Sample(R"(opcon_snow_auth_refusals_total{reason="unauthenticated"})"),
      refused + 4);
  EXPECT_EQ(Get("/metrics", Bearer(kToken)).status, 200);
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_THAT(Get("/metrics", Bearer(kToken)).body, Not(HasSubstr(kToken)));
}

TEST_F(MetricsListenerTest, TheTokenIsReadAgain) {
  Start(absl::StrCat("metrics_token_file: ", Write("metrics.token", kToken)));
  Write("metrics.token", "another-token-0123456789");
  EXPECT_THAT(
      server_->Reload(running_, running_),
      IsOkAndHolds(::testing::ElementsAre("telemetry.metrics_token_file")));
  EXPECT_EQ(Get("/metrics", Bearer(kToken)).status, 401);
  EXPECT_EQ(Get("/metrics", Bearer("another-token-0123456789")).status, 200);

  Write("metrics.token", "short");
  EXPECT_FALSE(server_->Reload(running_, running_).ok());
  EXPECT_EQ(Get("/metrics", Bearer("another-token-0123456789")).status, 200);

  // Without being told, too.
  Write("metrics.token", "a-third-token-0123456789");
  for (int tries = 0;
       tries < 200 &&
       Get("/metrics", Bearer("a-third-token-0123456789")).status != 200;
       ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(Get("/metrics", Bearer("a-third-token-0123456789")).status, 200);
  EXPECT_EQ(Get("/metrics", Bearer("another-token-0123456789")).status, 401);

  // With the address waits what guards it.
  Telemetry elsewhere = TelemetryOf("metrics_address: 127.0.0.1:1");
  EXPECT_THAT(server_->Reload(elsewhere, running_), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(Get("/metrics").status, 401);
}

TEST_F(MetricsListenerTest, FilesThatCannotBeUsedAreTold) {
  const std::string open = Write("open.token", kToken, 0644);
  EXPECT_THAT(
      MetricsServer::Create(
          TelemetryOf("metrics_address: 127.0.0.1:0\nmetrics_token_file: " +
                      open),
          {})
          .status(),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(open)));
  EXPECT_THAT(MetricsServer::Create(
                  TelemetryOf("metrics_address: 0.0.0.0:0\nmetrics_tls: "
                              "{certificate_file: /none, key_file: /none}"),
                  {})
                  .status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none")));
}

TEST_F(MetricsListenerTest, StopsWhileSomebodyWaits) {
  Start();
  web::RawClient idle(server_->port());
  idle.Send("GET /metr");
  EXPECT_OK(server_->Stop());
}

}  // namespace
}  // namespace opcon_snow::metrics
