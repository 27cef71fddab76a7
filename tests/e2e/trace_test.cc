// One failure is one trace, from the command line to both upstreams, as a
// collector gets it from the real processes.

#include <signal.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/testing/status_matchers.h"
#include "common/trace/collector_stub.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;
using trace::CollectedSpan;
using trace::CollectorStub;

constexpr char kGiven[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kGivenTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kGivenSpan[] = "00f067aa0ba902b7";

using Spans = std::vector<CollectedSpan>;

Spans Where(const Spans& spans,
            const std::function<bool(const CollectedSpan&)>& wanted) {
  Spans found;
  std::copy_if(spans.begin(), spans.end(), std::back_inserter(found), wanted);
  return found;
}

Spans Named(const Spans& spans, const std::string& name) {
  return Where(spans, [&](const auto& span) { return span.name == name; });
}

// "SERVICE KIND NAME": what a tree consists of.
std::set<std::string> Shape(const Spans& spans) {
  std::set<std::string> shape;
  for (const CollectedSpan& span : spans) {
    constexpr const char* kKinds[] = {"?", "internal", "server", "client"};
    shape.insert(absl::StrCat(span.service, " ",
                              kKinds[std::clamp(span.kind, 0, 3)], " ",
                              span.name));
  }
  return shape;
}

std::string Dump(const Spans& spans) {
  std::string text;
  for (const CollectedSpan& span : spans) {
    absl::StrAppend(&text, span.trace_id, " ", span.span_id, " < ",
                    span.parent_id, " ", span.service, " ", span.name, "\n");
  }
  return text;
}

class TraceTest : public E2eTest {
 protected:
  harness::SuiteOptions Traced() {
    harness::SuiteOptions options = Options();
    const std::string telemetry = absl::StrCat(
        "telemetry:\n  traces_endpoint: ", collector_->url(), "\n");
    options.gateway_yaml = telemetry;
    options.incident_service_yaml = telemetry;
    return options;
  }

  // The newest report, once all of its steps have ended.
  nlohmann::json AwaitEnd() {
    nlohmann::json report = AwaitNewest("REPORT_STATE_SUCCEEDED");
    EXPECT_TRUE(harness::Eventually([&] {
      report = Reports().front();
      const auto& steps = report.at("steps");
      return std::all_of(steps.begin(), steps.end(), [](const auto& step) {
        return step.at("state") == "STEP_STATE_SUCCEEDED" ||
               step.at("state") == "STEP_STATE_SKIPPED";
      });
    })) << report.dump(2);
    return report;
  }

  static std::string TraceOf(const nlohmann::json& report) {
    return absl::StrReplaceAll(report.at("requestId").get<std::string>(),
                               {{"-", ""}});
  }

  // What was collected of a trace, once every span of it that has begun has
  // come: the steps of the report and what its root is.
  Spans AwaitTrace(const std::string& trace_id, const nlohmann::json& report) {
    Spans trace;
    EXPECT_TRUE(harness::Eventually([&] {
      trace = Where(collector_->spans(), [&](const auto& span) {
        return span.trace_id == trace_id;
      });
      for (const auto& step : report.at("steps")) {
        if (Named(trace, StepName(step)).empty()) return false;
      }
      return Orphans(trace).size() <= 1 &&
             !Named(trace, "incidentctl report").empty();
    })) << report.dump(2)
        << Dump(trace);
    return trace;
  }

  static std::string StepName(const nlohmann::json& step) {
    return absl::StrCat("step ", step.at("kind").get<std::string>().substr(
                                     std::string("STEP_KIND_").size()));
  }

  // Those whose parent is not among them; the root is one.
  static Spans Orphans(const Spans& trace) {
    std::set<std::string> ids;
    for (const CollectedSpan& span : trace) ids.insert(span.span_id);
    return Where(trace, [&](const auto& span) {
      return ids.count(span.parent_id) == 0;
    });
  }

  // The one root, or what is in its place.
  static CollectedSpan RootOf(const Spans& trace) {
    const Spans orphans = Orphans(trace);
    EXPECT_THAT(orphans, SizeIs(1)) << Dump(trace);
    return orphans.empty() ? CollectedSpan() : orphans[0];
  }

  std::unique_ptr<CollectorStub> collector_ = std::make_unique<CollectorStub>();
};

// How often a gateway asked its upstream, by method and status.
std::map<std::string, int> Asked(const harness::HttpPeer& upstream,
                                 const std::string& agent) {
  std::map<std::string, int> asked;
  const auto requests = harness::Requests(upstream);
  EXPECT_OK(requests.status());
  for (const nlohmann::json& request : *requests) {
    const std::string text = request.at("headers").dump();
    if (!absl::StrContains(text, agent)) continue;
    EXPECT_FALSE(absl::StrContains(text, "traceparent")) << text;
    ++asked[absl::StrCat(request.at("method").get<std::string>(), " ",
                         request.at("status").get<int>())];
  }
  return asked;
}

std::map<std::string, int> Told(const Spans& spans,
                                const std::string& service) {
  std::map<std::string, int> told;
  for (const CollectedSpan& span : spans) {
    if (span.service != service || span.kind != 3) continue;
    ++told[absl::StrCat(span.attributes.at("http.request.method"), " ",
                        span.attributes.at("http.response.status_code"))];
  }
  return told;
}

TEST_F(TraceTest, OneFailureIsOneTreeFromTheCommandToBothUpstreams) {
  StartSuite(Traced());
  const std::string log = harness::RandomLog();
  const harness::Job job = FailedJob(log);
  Report(job);
  const nlohmann::json report = AwaitEnd();
  ExpectAppliedOnce(job, log);
  const std::string trace_id = TraceOf(report);
  const Spans trace = AwaitTrace(trace_id, report);

  // One tree: every parent is there, but the root's.
  const CollectedSpan root = RootOf(trace);
  EXPECT_EQ(root.name, "incidentctl report");
  EXPECT_EQ(root.service, "incidentctl");
  EXPECT_EQ(root.parent_id, "");
  EXPECT_EQ(root.kind, 3);
  EXPECT_LT(root.end_nanos - root.start_nanos, 60'000'000'000);
  std::set<std::string> ids;
  for (const CollectedSpan& span : trace) {
    EXPECT_TRUE(ids.insert(span.span_id).second) << Dump(trace);
    EXPECT_FALSE(span.failed) << span.name;
  }
  const Spans intake =
      Named(trace, "incident.v1.IncidentService/ReportJobEvent");
  ASSERT_THAT(intake, SizeIs(1));
  EXPECT_EQ(intake[0].parent_id, root.span_id);
  for (const auto& step : report.at("steps")) {
    const Spans attempts = Named(trace, StepName(step));
    ASSERT_THAT(attempts, SizeIs(1)) << step;
    EXPECT_EQ(attempts[0].parent_id, intake[0].span_id);
    EXPECT_EQ(attempts[0].attributes.at("opcon_snow.report_id"),
              report.at("reportId"));
  }
  EXPECT_THAT(
      Shape(trace),
      IsSupersetOf(
          {"incident_service server incident.v1.IncidentService/ReportJobEvent",
           "incident_service internal step RESOLVE",
           "incident_service internal step TICKET",
           "incident_service internal step WRITE_BACK",
           "incident_service internal step ATTACH_LOG",
           "incident_service client opcon.v1.OpConGateway/GetDailyJob",
           "opcon_gateway server opcon.v1.OpConGateway/GetDailyJob",
           "opcon_gateway client GET /api/dailyjobs/{}",
           "incident_service client opcon.v1.OpConGateway/SetIncidentTicket",
           "opcon_gateway server opcon.v1.OpConGateway/SetIncidentTicket",
           "incident_service client opcon.v1.OpConGateway/ReadJobLog",
           "opcon_gateway server opcon.v1.OpConGateway/ReadJobLog",
           "incident_service client "
           "servicenow.v1.ServiceNowGateway/CreateIncident",
           "snow_gateway server "
           "servicenow.v1.ServiceNowGateway/CreateIncident",
           "snow_gateway client POST /api/now/v2/table/incident",
           "incident_service client servicenow.v1.ServiceNowGateway/AttachFile",
           "snow_gateway server servicenow.v1.ServiceNowGateway/AttachFile",
           "snow_gateway client POST /api/now/v1/attachment/file"}));
  // A server's span is the child of its caller's.
  for (const CollectedSpan& span : trace) {
    if (span.kind != 2 || span.service == "incident_service") continue;
    const Spans parent = Where(trace, [&](const auto& other) {
      return other.span_id == span.parent_id;
    });
    ASSERT_THAT(parent, SizeIs(1));
    EXPECT_EQ(parent[0].name, span.name);
    EXPECT_EQ(parent[0].kind, 3);
  }

  // Every request to an upstream is told once, and none says anything of a
  // trace to it.
  EXPECT_TRUE(harness::Eventually([&] {
    return Told(collector_->spans(), "opcon_gateway") ==
               Asked(suite().opcon(), "opcon-snow-opcon-gateway") &&
           Told(collector_->spans(), "snow_gateway") ==
               Asked(suite().servicenow(), "opcon-snow-snow-gateway");
  }));
  // No value has become a part of a name.
  for (const CollectedSpan& span : collector_->spans()) {
    EXPECT_THAT(span.name, Not(HasSubstr("%")));
    EXPECT_FALSE(absl::StrContains(span.name, job.name) && job.name.size() > 3)
        << span.name;
  }
  // Whoever reads the log finds the trace.
  EXPECT_THAT(suite().LogOf("incident_service"),
              HasSubstr(absl::StrCat("\"trace_id\":\"", trace_id, "\"")));
}

TEST_F(TraceTest, AReportThatWaitedInTheSpoolKeepsItsTrace) {
  harness::SuiteOptions options = Traced();
  StartSuite(std::move(options));
  const harness::Job job = FailedJob();
  ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  const absl::Time before = absl::Now();
  Report(job);
  const absl::Time kept = absl::Now();
  ASSERT_OK(suite().RestartIncidentService({}));
  EXPECT_THAT(suite().Cli({"spool", "flush"})->exit_code, 0);
  const nlohmann::json report = AwaitEnd();
  EXPECT_TRUE(report.at("source").at("spooled"));
  const Spans trace = AwaitTrace(TraceOf(report), report);
  const CollectedSpan root = RootOf(trace);
  EXPECT_EQ(root.name, "incidentctl report");
  // From when it was noticed to when it was safe.
  EXPECT_GE(root.start_nanos, absl::ToUnixNanos(before));
  EXPECT_LE(root.start_nanos, absl::ToUnixNanos(kept));
  EXPECT_GE(root.end_nanos, absl::ToUnixNanos(kept));
}

TEST_F(TraceTest, ATraceThatTheCommandWasStartedInGoesOn) {
  harness::SuiteOptions options = Traced();
  options.cli_environment["TRACEPARENT"] = kGiven;
  StartSuite(std::move(options));
  const harness::Job job = FailedJob();
  // By way of the spool, too.
  ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  Report(job);
  ASSERT_OK(suite().RestartIncidentService({}));
  EXPECT_THAT(suite().Cli({"spool", "flush"})->exit_code, 0);
  const nlohmann::json report = AwaitEnd();
  const Spans trace = AwaitTrace(kGivenTrace, report);
  const CollectedSpan root = RootOf(trace);
  EXPECT_EQ(root.name, "incidentctl report");
  EXPECT_EQ(root.parent_id, kGivenSpan);
}

TEST_F(TraceTest, AnotherProcessGoesOnWithTheTrace) {
  StartSuite(Traced());
  ASSERT_OK(suite().StopGateway("opcon"));
  const harness::Job job = FailedJob();
  Report(job);
  const nlohmann::json waiting = AwaitNewest("REPORT_STATE_WAITING");
  ASSERT_FALSE(waiting.is_null());
  const std::string trace_id = TraceOf(waiting);
  const auto attempts = [&] {
    return Where(collector_->spans(), [&](const auto& span) {
      return span.trace_id == trace_id && span.name == "step RESOLVE";
    });
  };
  ASSERT_TRUE(harness::Eventually([&] {
    const Spans all = collector_->spans();
    return !attempts().empty() && !Named(all, "incidentctl report").empty() &&
           !Named(all, "incident.v1.IncidentService/ReportJobEvent").empty();
  }));
  EXPECT_TRUE(attempts()[0].failed);
  EXPECT_EQ(attempts()[0].attributes.at("error.type"), "GATEWAY_UNREACHABLE");
  suite().incident_service()->Kill();
  ASSERT_OK(suite().StartGateway("opcon"));
  ASSERT_OK(suite().RestartIncidentService({}));
  const nlohmann::json report = AwaitEnd();
  const Spans trace = AwaitTrace(trace_id, report);
  EXPECT_EQ(RootOf(trace).name, "incidentctl report");
  std::set<std::string> parents;
  bool went_well = false;
  for (const CollectedSpan& attempt : attempts()) {
    parents.insert(attempt.parent_id);
    went_well = went_well || !attempt.failed;
  }
  EXPECT_TRUE(went_well);
  EXPECT_THAT(parents, SizeIs(1));
}

TEST_F(TraceTest, WhateverTheCollectorDoesNoReportIsLostOrLate) {
  StartSuite(Traced());
  for (const auto mode :
       {CollectorStub::Mode::kHang, CollectorStub::Mode::kRefuse,
        CollectorStub::Mode::kTake}) {
    collector_->SetMode(mode);
    // The third time there is none any more.
    if (mode == CollectorStub::Mode::kTake) collector_.reset();
    const std::string log = harness::RandomLog();
    const harness::Job job = FailedJob(log);
    Report(job);
    EXPECT_FALSE(AwaitNewest("REPORT_STATE_SUCCEEDED").is_null());
    ExpectAppliedOnce(job, log);
  }
  const absl::Time begin = absl::Now();
  EXPECT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  EXPECT_OK(suite().StopGateway("opcon"));
  EXPECT_OK(suite().StopGateway("snow"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(30));
}

TEST_F(TraceTest, ProcessesEndInTimeWhileTheCollectorHangs) {
  collector_->SetMode(CollectorStub::Mode::kHang);
  StartSuite(Traced());
  const harness::Job job = FailedJob();
  Report(job);
  EXPECT_FALSE(AwaitNewest("REPORT_STATE_SUCCEEDED").is_null());
  ASSERT_TRUE(harness::Eventually([&] { return collector_->requests() > 0; }));
  const absl::Time begin = absl::Now();
  EXPECT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  // The drain is over at once; two seconds are for the spans.
  EXPECT_LT(absl::Now() - begin, absl::Seconds(15));
}

}  // namespace
}  // namespace opcon_snow::e2e
