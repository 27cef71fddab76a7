// Every kind of fault at every call: the right code, reason and advice, in
// time, and nothing that may have been carried out is sent a second time.

#include <map>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "tests/opcon_gateway/calls.h"
#include "tests/opcon_gateway/gateway_and_opcon.h"

namespace opcon_snow {
namespace {

using absl::StatusCode;
using nlohmann::json;

struct Expected {
  StatusCode code;
  std::string reason;
  // No advice if it is zero.
  absl::Duration retry_after = absl::ZeroDuration();
  bool unknown = false;
};

struct FaultRow {
  std::string name;
  json action;
  Expected read;
  Expected write;
};

const Expected kUnknown = {
    StatusCode::kUnavailable, "OUTCOME_UNKNOWN", {}, true};
const Expected kNotOpCon = {StatusCode::kUnavailable, "UPSTREAM_NOT_OPCON"};
const Expected kUnavailable = {StatusCode::kUnavailable,
                               "UPSTREAM_UNAVAILABLE"};
const Expected kFailure = {StatusCode::kInternal, "UPSTREAM_FAILURE"};
const Expected kFailureUnknown = {
    StatusCode::kInternal, "UPSTREAM_FAILURE", {}, true};
const Expected kTimeout = {StatusCode::kDeadlineExceeded, "UPSTREAM_TIMEOUT",
                           absl::Seconds(5)};

// The decision record's table once more, written out by hand.
std::vector<FaultRow> FaultRows() {
  const auto status = [](int code) {
    return json{{"kind", "status"}, {"status", code}};
  };
  const Expected rejected = {StatusCode::kInvalidArgument, "UPSTREAM_REJECTED"};
  const Expected login = {StatusCode::kFailedPrecondition,
                          "UPSTREAM_AUTHENTICATION_FAILED"};
  const Expected forbidden = {StatusCode::kFailedPrecondition,
                              "UPSTREAM_FORBIDDEN"};
  const Expected slow_down = {StatusCode::kResourceExhausted,
                              "UPSTREAM_RATE_LIMITED", absl::Seconds(7)};
  const Expected later = {StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE",
                          absl::Seconds(2)};
  json told_429 = status(429);
  told_429["headers"] = {{"Retry-After", "7"}};
  json told_503 = status(503);
  told_503["headers"] = {{"Retry-After", "2"}};
  return {
      {"status 400", status(400), rejected, rejected},
      {"status 401", status(401), login, login},
      {"status 403", status(403), forbidden, forbidden},
      {"status 429", told_429, slow_down, slow_down},
      {"status 500", status(500), kFailure, kFailureUnknown},
      {"status 502", status(502), kUnavailable, kUnknown},
      {"status 503", told_503, later, later},
      {"status 504", status(504), kUnavailable, kUnknown},
      {"status_after 500",
       {{"kind", "status_after"}, {"status", 500}},
       kFailure,
       kFailureUnknown},
      {"drop_before", {{"kind", "drop_before"}}, kUnavailable, kUnknown},
      {"drop_after", {{"kind", "drop_after"}}, kUnavailable, kUnknown},
      {"truncate",
       {{"kind", "truncate"}, {"bytes", 1}},
       kUnavailable,
       kUnknown},
      {"html", {{"kind", "html"}}, kNotOpCon, kUnknown},
      {"html 404", {{"kind", "html"}, {"status", 404}}, kNotOpCon, kNotOpCon},
      {"body", {{"kind", "body"}, {"body", "{]"}}, kNotOpCon, kUnknown},
      {"empty_202", {{"kind", "empty_202"}}, kNotOpCon, kUnknown},
      {"redirect",
       {{"kind", "status"},
        {"status", 302},
        {"headers", {{"Location", "http://127.0.0.1:1/"}}}},
       kNotOpCon,
       kNotOpCon},
  };
}

// Where a call rightly differs from the table.
const std::map<std::pair<std::string, std::string>, Expected>& Differences() {
  static const auto* const differences =
      new std::map<std::pair<std::string, std::string>, Expected>{
          // Both look whether the empty answer was a success, and it was none.
          {{"SetIncidentTicket", "empty_202"}, kFailure},
          {{"AppendDocumentation", "empty_202"}, kFailure},
          // A web server answers like that for an endpoint that a version of
          // OpCon does not have, which these calls can do without…
          {{"GetIncidentTickets", "html 404"}, {StatusCode::kOk, ""}},
          {{"SetIncidentTicket", "html 404"}, {StatusCode::kOk, ""}},
          {{"GetDocumentation", "html 404"}, {StatusCode::kOk, ""}},
          // … and this one not.
          {{"ListJobHistory", "html 404"},
           {StatusCode::kUnimplemented, "UPSTREAM_VERSION"}},
      };
  return *differences;
}

class FaultTest : public GatewayAndOpConTest {
 protected:
  void Start() {
    ASSERT_NO_FATAL_FAILURE(StartSandbox());
    const std::string token =
        absl::StrCat("    token_file: ", PathOf("token"), "\n");
    std::string instances =
        absl::StrCat(InstanceYaml("prod", token),
                     // Nobody listens there: the discard port needs privileges.
                     "  - name: gone\n    base_url: http://127.0.0.1:9\n"
                     "    allow_plain_http: true\n",
                     token);
    // One for each call, so that none waits for the slots of another.
    for (std::size_t i = 0; i < AllCalls().size(); ++i) {
      instances += InstanceYaml(absl::StrCat("own-", i), token);
    }
    ASSERT_NO_FATAL_FAILURE(StartGateway(instances));
  }

  // A job for each use, so that no case depends on another.
  CallSubject NewSubject() {
    const std::string name = absl::StrCat("JOB", ++jobs_);
    HaveFailedJob(name);
    CallSubject subject;
    subject.instance = "prod";
    subject.job_id = JobId(name);
    const auto job =
        opcon_->Get("/api/dailyjobs/" + harness::Encode(subject.job_id));
    EXPECT_OK(job);
    subject.job_uid = job->json.at("uid").get<std::int64_t>();
    subject.job_number = job->json.at("jobNumber").get<std::int32_t>();
    subject.schedule_id = kScheduleId;
    subject.schedule_name = kSchedule;
    return subject;
  }

  void ClearFaults() {
    const auto cleared = opcon_->Send("DELETE", "/_sandbox/faults", nullptr);
    ASSERT_OK(cleared);
    ASSERT_LT(cleared->status, 300);
  }

  int LastRequest() {
    const auto answer = opcon_->Get("/_sandbox/requests?since=1000000000");
    EXPECT_OK(answer);
    return answer->json.at("last").get<int>();
  }

  // No request that changes something was seen twice, unless the first was
  // answered 401: then nothing was done.
  void ExpectNothingSentTwice(int since, const std::string& which) {
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    for (const json& request : SeenRequests(since)) {
      const auto method = request.at("method").get<std::string>();
      const auto path = request.at("path").get<std::string>();
      if (method == "GET" || request.at("status") == 401 ||
          absl::StrContains(path, "jobinstanceactions")) {
        continue;
      }
      EXPECT_TRUE(seen.emplace(method, path, request.value("body", "")).second)
          << which << ": " << method << " " << path << " was sent twice";
    }
  }

  static void Expect(const absl::Status& status, const Expected& expected,
                     const std::string& which) {
    SCOPED_TRACE(which);
    EXPECT_THAT(status, StatusIs(expected.code));
    if (expected.code == StatusCode::kOk) return;
    EXPECT_THAT(status, HasReason(expected.reason));
    EXPECT_EQ(IsOutcomeUnknown(status), expected.unknown) << status;
    const auto details = GetErrorDetails(status);
    ASSERT_TRUE(details.has_value()) << status;
    EXPECT_EQ(details->domain, "opcon-gateway");
    EXPECT_EQ(details->retry_after.value_or(absl::ZeroDuration()),
              expected.retry_after)
        << status;
    EXPECT_TRUE(details->metadata.count("instance") == 1) << status;
  }

  // Makes all calls of this effect at once.
  void ExpectInTime(CallEffect effect, const json& action) {
    std::vector<const GatewayCall*> calls;
    std::vector<CallSubject> subjects;
    for (const GatewayCall& call : AllCalls()) {
      if (call.effect != effect) continue;
      CallSubject subject = NewSubject();
      subject.instance = absl::StrCat("own-", calls.size());
      subject.timeout = absl::Seconds(6);
      // An empty list is too short to be slow.
      Post(absl::StrCat("/api/dailyjobs/", subject.job_uid, "/incidentTickets"),
           {{"id", 0}, {"ticketId", "CHG0000001"}, {"ticketUrl", ""}});
      Fault(call.key_request(subject), action);
      calls.push_back(&call);
      subjects.push_back(subject);
    }
    const int since = LastRequest();
    std::vector<absl::Status> answers(calls.size());
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      callers.emplace_back(
          [&, i] { answers[i] = calls[i]->make(*stub_, subjects[i]); });
    }
    for (std::thread& caller : callers) caller.join();
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Expect(answers[i], effect == CallEffect::kWrite ? kUnknown : kTimeout,
             absl::StrCat(calls[i]->name, ", ", action.dump()));
    }
    ClearFaults();
    ExpectNothingSentTwice(since, action.dump());
  }

  int jobs_ = 0;
};

TEST_F(FaultTest, EveryFaultAtEveryCall) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const GatewayCall& call : AllCalls()) {
    for (const FaultRow& row : FaultRows()) {
      const std::string which = absl::StrCat(call.name, ", ", row.name);
      const CallSubject subject = NewSubject();
      const int since = LastRequest();
      Fault(call.key_request(subject), row.action);
      const auto other = Differences().find({call.name, row.name});
      const Expected& usual =
          call.effect == CallEffect::kWrite ? row.write : row.read;
      Expect(call.make(*stub_, subject),
             other == Differences().end() ? usual : other->second, which);
      ClearFaults();
      ExpectNothingSentTwice(since, which);
    }
  }
}

TEST_F(FaultTest, WhatIsNotThereIsToldFromWhatDoesNotExist) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const GatewayCall& call : AllCalls()) {
    const CallSubject subject = NewSubject();
    Fault(call.key_request(subject), {{"kind", "status"}, {"status", 404}});
    const absl::Status status = call.make(*stub_, subject);
    if (call.when_missing.empty()) {
      EXPECT_OK(status) << call.name;
    } else {
      EXPECT_THAT(status, HasReason(call.when_missing)) << call.name;
    }
    ClearFaults();
  }
}

// All reads at once, and then all writes, each with its own fault: the time of
// one. That the answer carries the gateway's reason shows that it came before
// the caller's own clock ended the call.
TEST_F(FaultTest, NoAnswerComesAfterTheDeadline) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const CallEffect effect : {CallEffect::kRead, CallEffect::kWrite}) {
    ExpectInTime(effect, {{"kind", "delay"}, {"ms", 15'000}});
    ExpectInTime(effect, {{"kind", "slow"}, {"bytes_per_second", 1}});
  }
}

TEST_F(FaultTest, AnUpstreamThatIsAwayWasSentNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const GatewayCall& call : AllCalls()) {
    CallSubject subject = NewSubject();
    subject.instance = "gone";
    Expect(call.make(*stub_, subject),
           {StatusCode::kUnavailable, "UPSTREAM_UNREACHABLE"}, call.name);
  }
}

TEST_F(FaultTest, TheListOfInstancesShowsFaults) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ::opcon::v1::ListInstancesRequest request;
  request.set_probe(true);
  ASSERT_OK_AND_ASSIGN(const auto list,
                       rpc::Call(*stub_, &Stub::ListInstances, request));
  ASSERT_GE(list.instances_size(), 2);
  EXPECT_EQ(list.instances(0).health().state(),
            ::opcon::v1::HEALTH_STATE_HEALTHY);
  EXPECT_EQ(list.instances(1).health().state(),
            ::opcon::v1::HEALTH_STATE_UNREACHABLE);
  EXPECT_NE(list.instances(1).health().message(), "");
  for (const FaultRow& row : FaultRows()) {
    Fault({{"path", "/api/*"}}, row.action);
    EXPECT_OK(rpc::Call(*stub_, &Stub::ListInstances, request)) << row.name;
    ClearFaults();
  }
}

}  // namespace
}  // namespace opcon_snow
