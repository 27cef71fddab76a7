// What reaches a collector, and what happens when it does not.

#include "common/trace/export.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/config/yaml_loader.h"
#include "common/http/test_certificate.h"
#include "common/log/capture.h"
#include "common/trace/collector_stub.h"
#include "common/trace/span.h"
#include "config/v1/common.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::trace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Mode = CollectorStub::Mode;

::config::v1::Telemetry To(const std::string& url) {
  ::config::v1::Telemetry telemetry;
  telemetry.set_traces_endpoint(url);
  return telemetry;
}

std::unique_ptr<Export> Start(const ::config::v1::Telemetry& telemetry) {
  return Export::Start(telemetry, "a_program", "1.2.3");
}

// How long it took.
absl::Duration Measured(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return absl::FromChrono(std::chrono::steady_clock::now() - begin);
}

TEST(ExportTest, WithoutAnEndpointThereIsNone) {
  EXPECT_EQ(Start(::config::v1::Telemetry()), nullptr);
  EXPECT_FALSE(StartSpan("a", Kind::kServer).told());
}

TEST(ExportTest, SpansArriveWithEverythingThatWasSet) {
  const CollectorStub collector;
  {
    const auto running = Start(To(collector.url()));
    Span parent = StartSpan("the parent", Kind::kServer);
    Span child = StartChild("the child", Kind::kClient, parent.context());
    child.Set("text", "gr\u00fcn");
    child.Set("number", std::int64_t{1} << 40);
    child.Fail("WHY");
    child.End();
    const Caller caller = ReadCaller(
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        FormatCallerSpan({absl::Now() - absl::Seconds(5), std::nullopt}));
    Span server = StartServerSpan("the call", caller);
    TellCallerSpan("incidentctl", "incidentctl report", caller, server);
  }
  const std::vector<CollectedSpan> spans = collector.spans();
  ASSERT_THAT(spans, SizeIs(4));
  const auto find = [&](const std::string& name) {
    for (const CollectedSpan& span : spans) {
      if (span.name == name) return span;
    }
    return CollectedSpan();
  };
  const CollectedSpan parent = find("the parent");
  const CollectedSpan child = find("the child");
  EXPECT_EQ(parent.parent_id, "");
  EXPECT_EQ(parent.kind, 2);
  EXPECT_FALSE(parent.failed);
  EXPECT_EQ(parent.service, "a_program");
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_EQ(child.parent_id, parent.span_id);
  EXPECT_EQ(child.kind, 3);
  EXPECT_TRUE(child.failed);
  EXPECT_EQ(child.attributes.at("text"), "gr\u00fcn");
  EXPECT_EQ(child.attributes.at("number"), "1099511627776");
  EXPECT_EQ(child.attributes.at("error.type"), "WHY");
  EXPECT_LE(parent.start_nanos, child.start_nanos);
  EXPECT_LE(child.start_nanos, child.end_nanos);
  // The span of a program that cannot export it: its ids, its times, its name.
  const CollectedSpan caller = find("incidentctl report");
  EXPECT_EQ(caller.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(caller.span_id, "00f067aa0ba902b7");
  EXPECT_EQ(caller.parent_id, "");
  EXPECT_EQ(caller.service, "incidentctl");
  EXPECT_GE(caller.end_nanos - caller.start_nanos, 4'900'000'000);
  EXPECT_EQ(find("the call").parent_id, caller.span_id);
}

TEST(ExportTest, OverTlsTheCollectorIsVerified) {
  const http::TestCertificate good =
      http::MakeTestCertificate("collector", "localhost", "127.0.0.1");
  const http::TestCertificate other =
      http::MakeTestCertificate("other", "localhost", "127.0.0.1");
  const CollectorStub collector(Mode::kTake, good.certificate_file,
                                good.key_file);
  ::config::v1::Telemetry telemetry = To(collector.url());
  telemetry.mutable_traces_tls()->set_ca_file(other.certificate_file);
  {
    const auto running = Start(telemetry);
    StartSpan("for another", Kind::kServer).End();
  }
  EXPECT_EQ(collector.requests(), 0);
  telemetry.mutable_traces_tls()->set_ca_file(good.certificate_file);
  {
    const auto running = Start(telemetry);
    StartSpan("for this one", Kind::kServer).End();
  }
  ASSERT_THAT(collector.spans(), SizeIs(1));
  EXPECT_EQ(collector.spans()[0].name, "for this one");
}

// Whatever becomes of the spans, those who end them do not wait, and neither
// does the end of the process.
TEST(ExportTest, ACollectorThatDoesNotTakeThemDelaysNothing) {
  const CollectorStub refuses(Mode::kRefuse);
  const CollectorStub hangs(Mode::kHang);
  for (const std::string& url : {refuses.url(), hangs.url(),
                                 std::string("http://127.0.0.1:1/v1/traces")}) {
    auto running = Start(To(url));
    const absl::Duration telling = Measured([] {
      for (int i = 0; i < 10'000; ++i) StartSpan("a", Kind::kServer).End();
    });
    EXPECT_LT(telling, absl::Seconds(20)) << url;
    const absl::Duration ending = Measured([&] { running.reset(); });
    EXPECT_LT(ending, absl::Seconds(4)) << url;
  }
  EXPECT_GT(refuses.requests(), 0);
  EXPECT_GT(hangs.requests(), 0);
  EXPECT_THAT(refuses.spans(), IsEmpty());
}

TEST(ExportTest, TroubleIsLoggedOnceAMinute) {
  CollectorStub collector(Mode::kRefuse);
  const log::CaptureLogs capture;
  {
    const auto running = Start(To(collector.url()));
    for (int round = 1; round <= 3; ++round) {
      StartSpan("a", Kind::kServer).End();
      while (collector.requests() < round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }
  const std::vector<std::string> lines = capture.Lines("traces.not_exported");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], AllOf(HasSubstr(collector.url()), HasSubstr("500")));
  EXPECT_LE(lines[0].size(), 1000U);
}

TEST(ExportTest, OnceTheCollectorIsBackSpansArriveAgain) {
  CollectorStub collector(Mode::kRefuse);
  const auto running = Start(To(collector.url()));
  StartSpan("lost", Kind::kServer).End();
  while (collector.requests() == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  collector.SetMode(Mode::kTake);
  while (collector.spans().empty()) {
    StartSpan("found", Kind::kServer).End();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(collector.spans()[0].name, "found");
}

// The faults of a configuration's `telemetry`, with their places.
std::string FaultsOf(const std::string& yaml) {
  ::config::v1::Telemetry telemetry;
  config::Faults faults("t.yaml");
  static_cast<void>(config::LoadYamlText(yaml, &telemetry, &faults));
  ValidateTraces(telemetry, "", &faults);
  return faults.Format();
}

TEST(ValidateTracesTest, GoodOnesHaveNoFault) {
  for (const char* yaml :
       {"{}", "traces_endpoint: http://127.0.0.1:4318/v1/traces",
        "traces_endpoint: http://[::1]:4318/v1/traces",
        "traces_endpoint: https://collector.example/v1/traces\n"
        "traces_tls: {ca_file: ca.pem}\ntraces_percent: 100"}) {
    EXPECT_EQ(FaultsOf(yaml), "") << yaml;
  }
}

TEST(ValidateTracesTest, EachFaultIsNamedWithItsPlace) {
  struct Case {
    const char* yaml;
    const char* place;
    const char* what;
  };
  for (const Case& wrong : std::vector<Case>{
           {"traces_endpoint: collector:4318", "t.yaml:1:", "http"},
           {"traces_endpoint: ftp://host/v1/traces", "t.yaml:1:", "http"},
           {"traces_endpoint: http://10.1.2.3:4318/v1/traces",
            "t.yaml:1:", "needs https://"},
           {"traces_endpoint: http://u:canary@127.0.0.1/v1/traces",
            "t.yaml:1:", "traces_endpoint"},
           {"traces_endpoint: http://127.0.0.1:4318",
            "t.yaml:1:", "has no path"},
           {"traces_endpoint: https://collector.example/",
            "t.yaml:1:", "has no path"},
           {"traces_endpoint: http://127.0.0.1:4318/v1/traces?key=x",
            "t.yaml:1:", "traces_endpoint"},
           {"traces_endpoint: http://127.0.0.1:4318/v1/traces\n"
            "traces_tls: {ca_file: ca.pem}",
            "t.yaml:2:", "https://"},
           {"traces_endpoint: https://c.example/v1/traces\n"
            "traces_tls: {certificate_file: c.pem}",
            "t.yaml:2:", "belong together"},
           {"traces_percent: 50", "t.yaml:1:", "without traces_endpoint"},
           {"traces_tls: {ca_file: ca.pem}",
            "t.yaml:1:", "without traces_endpoint"},
           {"traces_endpoint: http://127.0.0.1:4318/v1/traces\n"
            "traces_percent: 101",
            "t.yaml:2:", "101 is not between 1 and 100"},
           {"traces_endpoint: http://127.0.0.1:4318/v1/traces\n"
            "traces_percent: -1",
            "t.yaml:2:", "-1 is not between 1 and 100"}}) {
    const std::string faults = FaultsOf(wrong.yaml);
    EXPECT_THAT(faults, AllOf(HasSubstr(wrong.place), HasSubstr(wrong.what)))
        << wrong.yaml;
    EXPECT_THAT(faults, Not(HasSubstr("canary")));
  }
}

}  // namespace
}  // namespace opcon_snow::trace
