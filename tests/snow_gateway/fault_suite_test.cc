// Every kind of fault at the request of every RPC: the error says what it was
// and whether to repeat, nothing is sent twice that may have been carried out,
// and what was carried out is found out.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/snow_gateway/every_call.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using Code = absl::StatusCode;

constexpr absl::Duration kDeadline = absl::Seconds(20);
constexpr absl::Duration kNoHint = absl::ZeroDuration();

struct Outcome {
  Code code = Code::kOk;
  std::string reason{};
  // Zero: none may be given.
  absl::Duration retry = kNoHint;
};

// The sandbox's own text for 500 is that of a quota.
constexpr char kInternalError[] =
    R"({"error":{"message":"Operation Failed","detail":null},)"
    R"("status":"failure"})";

const Outcome kDone{};
const Outcome kUnknown{Code::kUnavailable, "OUTCOME_UNKNOWN"};

struct FaultCase {
  std::string name;
  json action;
  Outcome read;
  // Of a write, after the gateway has looked what became of it.
  Outcome write;
  int times = 1;
  // Requests of the kind that the instance may see.
  int requests = 1;
};

json Status(int status, json headers = json::object()) {
  json action = {{"kind", "status"}, {"status", status}};
  if (!headers.empty()) action["headers"] = std::move(headers);
  return action;
}

json Body(int status, const std::string& type, const std::string& body) {
  return {{"kind", "body"},
          {"status", status},
          {"content_type", type},
          {"body", body}};
}

std::vector<FaultCase> Refusals() {
  const Outcome rejected{Code::kInvalidArgument, "UPSTREAM_REJECTED"};
  const Outcome login{Code::kFailedPrecondition,
                      "UPSTREAM_AUTHENTICATION_FAILED"};
  const Outcome forbidden{Code::kFailedPrecondition, "UPSTREAM_FORBIDDEN"};
  const Outcome missing{Code::kNotFound, "RECORD_NOT_FOUND"};
  const Outcome busy{Code::kResourceExhausted, "UPSTREAM_RATE_LIMITED",
                     absl::Seconds(5)};
  const Outcome limited{Code::kResourceExhausted, "UPSTREAM_RATE_LIMITED",
                        absl::Seconds(7)};
  return {
      {"400", Status(400), rejected, rejected},
      {"401 for ever", Status(401), login, login, -1, 2},
      {"401 once", Status(401), kDone, kDone, 1, 2},
      {"403", Status(403), forbidden, forbidden},
      {"404", Status(404), missing, missing},
      {"405", Status(405), rejected, rejected},
      {"409", Status(409), rejected, rejected},
      {"413", Status(413), rejected, rejected},
      {"429 of a semaphore", Status(429), busy, busy},
      {"429 of a rate rule", Status(429, {{"Retry-After", "7"}}), limited,
       limited},
  };
}

std::vector<FaultCase> Failures() {
  const Outcome away{Code::kUnavailable, "UPSTREAM_UNAVAILABLE"};
  const Outcome later{Code::kUnavailable, "UPSTREAM_UNAVAILABLE",
                      absl::Seconds(5)};
  const Outcome told{Code::kUnavailable, "UPSTREAM_UNAVAILABLE",
                     absl::Seconds(3)};
  const Outcome failed{Code::kInternal, "UPSTREAM_FAILURE"};
  const Outcome forbidden{Code::kFailedPrecondition, "UPSTREAM_FORBIDDEN"};
  json status_after_500 = {
      {"kind", "status_after"}, {"status", 500}, {"body", kInternalError}};
  json status_after_403 = {{"kind", "status_after"}, {"status", 403}};
  return {
      {"408", Status(408), away, kUnknown},
      {"499", Status(499), away, away},
      {"500", Body(500, "application/json", kInternalError), failed, failed},
      {"500 of a quota",
       Body(500, "application/json",
            R"({"error":{"message":"Transaction cancelled: maximum execution )"
            R"(time exceeded","detail":""},"status":"failure"})"),
       later, later},
      {"502", Status(502), away, kUnknown},
      {"503", Status(503), away, away},
      {"503 that says when", Status(503, {{"Retry-After", "3"}}), told, told},
      {"504", Status(504), away, kUnknown},
      {"done, but 500", status_after_500, failed, kDone},
      {"done, but 403", status_after_403, forbidden, kDone},
      {"empty 202", {{"kind", "empty_202"}}, later, later},
  };
}

std::vector<FaultCase> BrokenAnswers() {
  const Outcome away{Code::kUnavailable, "UPSTREAM_UNAVAILABLE"};
  const Outcome foreign{Code::kUnavailable, "UPSTREAM_NOT_SERVICENOW"};
  const Outcome asleep{Code::kUnavailable, "INSTANCE_HIBERNATING"};
  const Outcome late{Code::kDeadlineExceeded, "UPSTREAM_TIMEOUT",
                     absl::Seconds(5)};
  return {
      {"dropped before", {{"kind", "drop_before"}}, away, kUnknown},
      {"dropped after", {{"kind", "drop_after"}}, away, kDone},
      {"cut off", {{"kind", "truncate"}, {"bytes", 20}}, away, kDone},
      {"dripping", {{"kind", "slow"}, {"bytes_per_second", 2}}, late, kDone},
      {"late", {{"kind", "delay"}, {"ms", 1500}}, late, kUnknown},
      {"a page",
       {{"kind", "html"}, {"body", "<title>Log in</title>"}},
       foreign,
       foreign},
      {"a redirect", Status(302, {{"Location", "https://login.example.test/"}}),
       foreign, foreign},
      {"a sleeping instance",
       Body(200, "text/html", "<title>Hibernating Instance</title>"), asleep,
       asleep},
      {"broken JSON", Body(200, "application/json", R"({"result":[{"sys)"),
       away, away},
      {"an error in the answer",
       Body(200, "application/json",
            R"({"result":[],"error":{"message":"Transaction cancelled: )"
            R"(maximum execution time exceeded"},"status":"failure"})"),
       away, away},
  };
}

class FaultSuiteTest : public GatewayAndSandboxTest {
 protected:
  // A rate rule holds back all calls to its instance, so each call that meets
  // one has an instance of its own.
  void StartAll() {
    ASSERT_NO_FATAL_FAILURE(StartSandbox());
    std::string instances;
    for (int i = 0; i < kInstances; ++i) {
      absl::StrAppend(
          &instances,
          InstanceYaml(
              absl::StrCat("i", i),
              absl::StrCat(kOAuth, "    limits: {call_timeout: 1s}\n")));
    }
    ASSERT_NO_FATAL_FAILURE(StartGatewayWith(instances));
    v1::CreateIncidentRequest request = NewIncident("subject");
    ASSERT_OK(Create(request));
    subject_.incident_sys_id = SysId("subject");
    const auto attached = Attach(subject_.incident_sys_id, "log.txt", "x");
    ASSERT_OK(attached);
    subject_.attachment_sys_id = attached->attachment().sys_id();
  }

  // The number of the last request.
  int LastSeen() {
    const auto answer = servicenow_->Get("/_sandbox/requests?since=1000000000");
    EXPECT_OK(answer);
    return answer->json.at("last").get<int>();
  }

  void Clear() {
    ASSERT_OK(servicenow_->Send("DELETE", "/_sandbox/faults", json()));
  }

  static Outcome Expected(const EveryCall& call, const FaultCase& fault) {
    // A probe reports what it found, as a state.
    if (call.name == "ListInstances") return kDone;
    // None is told so by version 1 of the API.
    if (call.name == "ListAttachments" && fault.name == "404") return kDone;
    Outcome expected = call.writes ? fault.write : fault.read;
    if (call.name == "AttachFile" && expected.reason == "UPSTREAM_REJECTED") {
      expected.reason = "ATTACHMENT_REFUSED";
    }
    return expected;
  }

  void Run(const FaultCase& fault) {
    for (const EveryCall& call : AllCalls(subject_)) {
      SCOPED_TRACE(absl::StrCat(call.name, ", ", fault.name));
      RunOne(call, fault);
      if (HasFatalFailure()) return;
    }
  }

  void RunOne(const EveryCall& call, const FaultCase& fault) {
    const Outcome expected = Expected(call, fault);
    CallSubject subject = subject_;
    subject.instance = absl::StrCat("i", ++calls_ % kInstances);
    const int before = LastSeen();
    Fault({{"match", {{"method", call.method}, {"path", call.path}}},
           {"times", fault.times},
           {"action", fault.action}});
    const std::string unique = absl::StrCat("case-", ++cases_);
    const absl::Time begin = absl::Now();
    const absl::Status status =
        call.run(*stub_, subject, unique, {.timeout = kDeadline}).status();
    EXPECT_LT(absl::Now() - begin, kDeadline);
    ASSERT_NO_FATAL_FAILURE(Clear());

    EXPECT_EQ(status.code(), expected.code) << status;
    EXPECT_EQ(GetErrorReason(status), expected.reason) << status;
    EXPECT_EQ(RetryDelay(status).value_or(kNoHint), expected.retry) << status;
    EXPECT_EQ(IsOutcomeUnknown(status), expected.reason == "OUTCOME_UNKNOWN");
    EXPECT_FALSE(absl::StrContains(status.message(), "sandbox-key"));

    int requests = 0;
    int applied = 0;
    for (const json& request : SeenRequests(before)) {
      // Logins are POSTs, too.
      if (request.at("method") != call.method ||
          !absl::StrContains(request.at("path").get<std::string>(), "/now/")) {
        continue;
      }
      ++requests;
      if (request.value("applied", false)) ++applied;
    }
    if (call.writes) {
      EXPECT_EQ(requests, fault.requests);
      EXPECT_LE(applied, 1);
    }
  }

  static constexpr int kInstances = 200;
  CallSubject subject_;
  int calls_ = 0;
  int cases_ = 0;
};

TEST_F(FaultSuiteTest, Refusals) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  for (const FaultCase& fault : Refusals()) Run(fault);
}

TEST_F(FaultSuiteTest, FailuresOfTheInstance) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  for (const FaultCase& fault : Failures()) Run(fault);
}

TEST_F(FaultSuiteTest, BrokenAnswers) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  for (const FaultCase& fault : BrokenAnswers()) Run(fault);
}

// The bytes of an attachment are no JSON, and come after the reply has begun.
TEST_F(FaultSuiteTest, FaultsWhileAnAttachmentIsRead) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  EveryCall call;
  for (EveryCall& each : AllCalls(subject_)) {
    if (each.name == "ReadAttachment") call = each;
  }
  absl::StrAppend(&call.path, "/file");
  for (std::vector<FaultCase> faults : {Refusals(), Failures()}) {
    for (const FaultCase& fault : faults) {
      SCOPED_TRACE(fault.name);
      RunOne(call, fault);
    }
  }
  const Outcome away{Code::kUnavailable, "UPSTREAM_UNAVAILABLE"};
  for (FaultCase fault : BrokenAnswers()) {
    // Any 2xx is taken for the file, which then is not the one announced.
    if (fault.action.value("status", 0) == 200 ||
        fault.action.at("kind") == "html") {
      fault.read = away;
    }
    // One byte is not cut by 20, and does not drip.
    if (fault.name == "cut off" || fault.name == "dripping") continue;
    SCOPED_TRACE(fault.name);
    RunOne(call, fault);
  }
}

// Past its deadline a call asks the instance for nothing more.
TEST_F(FaultSuiteTest, NothingIsSentAfterTheDeadline) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(kOAuth));
  ASSERT_OK(Create(NewIncident("subject")));
  subject_.incident_sys_id = SysId("subject");
  const auto attached = Attach(subject_.incident_sys_id, "log.txt", "x");
  ASSERT_OK(attached);
  subject_.attachment_sys_id = attached->attachment().sys_id();
  const absl::Duration deadline = absl::Milliseconds(600);
  for (const EveryCall& call : AllCalls(subject_)) {
    SCOPED_TRACE(call.name);
    const int before = LastSeen();
    Fault({{"match", {{"method", call.method}, {"path", call.path}}},
           {"times", -1},
           {"action", {{"kind", "delay"}, {"ms", 900}}}});
    const absl::Time begin = absl::Now();
    const absl::Status status =
        call.run(*stub_, subject_, absl::StrCat("late ", call.name),
                 {.timeout = deadline})
            .status();
    if (call.name == "ListInstances" && status.ok()) {
      // The probe was given up in time.
    } else if (call.writes && status.code() == Code::kUnavailable) {
      EXPECT_EQ(GetErrorReason(status), "OUTCOME_UNKNOWN");
    } else {
      EXPECT_EQ(status.code(), Code::kDeadlineExceeded) << status;
    }
    ASSERT_NO_FATAL_FAILURE(Clear());
    // The next answered call shows that the gateway is at rest.
    ASSERT_OK(
        rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest()));
    for (const json& request : SeenRequests(before)) {
      absl::Time seen;
      std::string error;
      ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full,
                                  request.at("time").get<std::string>(), &seen,
                                  &error))
          << error;
      EXPECT_LT(seen, begin + deadline + absl::Milliseconds(200));
    }
  }
}

}  // namespace
}  // namespace opcon_snow
