#include "snow_gateway/error_mapping.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = http::TransportError::Kind;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

RequestFacts Facts(Effect effect, Endpoint endpoint = Endpoint::kRecords) {
  RequestFacts facts;
  facts.instance = "prod";
  facts.method =
      effect == Effect::kRead ? http::Method::kGet : http::Method::kPost;
  facts.path = "/api/now/v2/table/incident";
  facts.effect = effect;
  facts.endpoint = endpoint;
  facts.table = "incident";
  return facts;
}

http::Response Reply(int status, std::string body, http::Headers headers) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return response;
}

http::Headers Html() { return {{"Content-Type", "text/html"}}; }

http::Headers With(http::Headers headers, const std::string& name,
                   const std::string& value) {
  headers.Add(name, value);
  return headers;
}

struct AnswerCase {
  std::string name;
  http::Response response;
  AnswerKind kind;
  absl::StatusCode code;
  Reason reason;
  // Of a write.
  Doubt doubt;
  std::optional<absl::Duration> retry_after;
  v1::HealthState health;
};

const std::string kErrorJson = ErrorBody("Operation Failed", "because");
const std::string kPage = "<html><title>Sign in</title></html>";

std::vector<AnswerCase> AnswerCases() {
  const auto rejected = v1::ERROR_REASON_UPSTREAM_REJECTED;
  const auto unavailable = v1::ERROR_REASON_UPSTREAM_UNAVAILABLE;
  const auto not_servicenow = v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW;
  const auto healthy = v1::HEALTH_STATE_HEALTHY;
  const auto unreachable = v1::HEALTH_STATE_UNREACHABLE;
  std::vector<AnswerCase> cases = {
      {"empty 202", Reply(202, "", {}), AnswerKind::kEmptyAccepted,
       absl::StatusCode::kUnavailable, unavailable, Doubt::kEnded,
       absl::Seconds(5), healthy},
      {"200 with a top-level error",
       Reply(200,
             R"({"result":[{"sys_id":"1"}],"error":{"message":"Transaction )"
             R"(cancelled: maximum execution time exceeded","detail":null},)"
             R"("status":"failure"})",
             JsonHeaders()),
       AnswerKind::kErrorInAnswer, absl::StatusCode::kUnavailable, unavailable,
       Doubt::kEnded, std::nullopt, healthy},
      {"200 with status failure alone",
       Reply(200, R"({"result":[],"status":"failure"})", JsonHeaders()),
       AnswerKind::kErrorInAnswer, absl::StatusCode::kUnavailable, unavailable,
       Doubt::kEnded, std::nullopt, healthy},
      {"broken JSON", Reply(200, R"({"result":[{"sys_id":)", JsonHeaders()),
       AnswerKind::kBrokenJson, absl::StatusCode::kUnavailable, unavailable,
       Doubt::kEnded, std::nullopt, healthy},
      {"JSON that is no object", Reply(200, "[]", JsonHeaders()),
       AnswerKind::kBrokenJson, absl::StatusCode::kUnavailable, unavailable,
       Doubt::kEnded, std::nullopt, healthy},
      {"empty 200", Reply(200, "", {}), AnswerKind::kNotServiceNow,
       absl::StatusCode::kUnavailable, not_servicenow, Doubt::kRefused,
       std::nullopt, unreachable},
      {"a page with 200", Reply(200, kPage, Html()), AnswerKind::kNotServiceNow,
       absl::StatusCode::kUnavailable, not_servicenow, Doubt::kRefused,
       std::nullopt, unreachable},
      {"JSON with a page's type", Reply(200, R"({"result":{}})", Html()),
       AnswerKind::kNotServiceNow, absl::StatusCode::kUnavailable,
       not_servicenow, Doubt::kRefused, std::nullopt, unreachable},
      {"a redirect to a login",
       Reply(302, "", {{"Location", "https://sso.example.test/login"}}),
       AnswerKind::kNotServiceNow, absl::StatusCode::kUnavailable,
       not_servicenow, Doubt::kRefused, std::nullopt, unreachable},
      {"a page with 404", Reply(404, kPage, Html()), AnswerKind::kNotServiceNow,
       absl::StatusCode::kUnavailable, not_servicenow, Doubt::kRefused,
       std::nullopt, unreachable},
      {"a page with 400", Reply(400, kPage, Html()), AnswerKind::kNotServiceNow,
       absl::StatusCode::kUnavailable, not_servicenow, Doubt::kRefused,
       std::nullopt, unreachable},
      {"a proxy wants a login", Reply(407, kPage, Html()),
       AnswerKind::kNotServiceNow, absl::StatusCode::kUnavailable,
       not_servicenow, Doubt::kRefused, std::nullopt, unreachable},
      {"400", Reply(400, kErrorJson, JsonHeaders()), AnswerKind::kMalformed,
       absl::StatusCode::kInvalidArgument, rejected, Doubt::kRefused,
       std::nullopt, healthy},
      {"401", Reply(401, kErrorJson, JsonHeaders()),
       AnswerKind::kUnauthenticated, absl::StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED, Doubt::kNothingDone,
       std::nullopt, v1::HEALTH_STATE_UNAUTHENTICATED},
      {"403 by a business rule",
       Reply(403,
             ErrorBody("Operation Failed",
                       "Operation against file 'incident' was aborted by "
                       "Business Rule 'Guard^0123'. Business Rule Stack:Guard"),
             JsonHeaders()),
       AnswerKind::kBusinessRule, absl::StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_ABORTED_BY_BUSINESS_RULE, Doubt::kEnded, std::nullopt,
       healthy},
      {"403 by a data policy",
       Reply(403,
             ErrorBody("Operation Failed",
                       "Data Policy Exception: The following fields are "
                       "mandatory: Resolution code"),
             JsonHeaders()),
       AnswerKind::kDataPolicy, absl::StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_MANDATORY_FIELDS_MISSING, Doubt::kEnded, std::nullopt,
       healthy},
      {"403 by an access rule",
       Reply(403,
             ErrorBody("Operation Failed",
                       "ACL Exception Insert Failed due to security "
                       "constraints"),
             JsonHeaders()),
       AnswerKind::kForbidden, absl::StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_UPSTREAM_FORBIDDEN, Doubt::kEnded, std::nullopt,
       healthy},
      {"403 with a page", Reply(403, kPage, Html()), AnswerKind::kForbidden,
       absl::StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_UPSTREAM_FORBIDDEN, Doubt::kEnded, std::nullopt,
       healthy},
      {"404", Reply(404, kErrorJson, JsonHeaders()), AnswerKind::kNotFound,
       absl::StatusCode::kNotFound, v1::ERROR_REASON_RECORD_NOT_FOUND,
       Doubt::kNothingDone, std::nullopt, healthy},
      {"408", Reply(408, "", {}), AnswerKind::kRequestTimeout,
       absl::StatusCode::kUnavailable, unavailable, Doubt::kMayStillRun,
       std::nullopt, v1::HEALTH_STATE_UNSPECIFIED},
      {"409", Reply(409, kErrorJson, JsonHeaders()), AnswerKind::kConflict,
       absl::StatusCode::kInvalidArgument, rejected, Doubt::kRefused,
       std::nullopt, healthy},
      {"418", Reply(418, kErrorJson, JsonHeaders()), AnswerKind::kOtherRefusal,
       absl::StatusCode::kInvalidArgument, rejected, Doubt::kRefused,
       std::nullopt, healthy},
      {"429 with Retry-After",
       Reply(429, kErrorJson, With(JsonHeaders(), "Retry-After", "17")),
       AnswerKind::kRateRule, absl::StatusCode::kResourceExhausted,
       v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, Doubt::kNothingDone,
       absl::Seconds(17), healthy},
      {"429 with a reset",
       Reply(429, kErrorJson,
             With(JsonHeaders(), "X-RateLimit-Reset", "1800000090")),
       AnswerKind::kRateRule, absl::StatusCode::kResourceExhausted,
       v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, Doubt::kNothingDone,
       absl::Seconds(90), healthy},
      {"429 with a rule alone",
       Reply(429, kErrorJson, With(JsonHeaders(), "X-RateLimit-Rule", kSysId)),
       AnswerKind::kRateRule, absl::StatusCode::kResourceExhausted,
       v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, Doubt::kNothingDone,
       absl::Minutes(1), healthy},
      {"429 for years",
       Reply(429, kErrorJson, With(JsonHeaders(), "Retry-After", "99999999")),
       AnswerKind::kRateRule, absl::StatusCode::kResourceExhausted,
       v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, Doubt::kNothingDone,
       absl::Hours(1), healthy},
      {"429 without headers", Reply(429, kErrorJson, JsonHeaders()),
       AnswerKind::kSemaphore, absl::StatusCode::kResourceExhausted,
       v1::ERROR_REASON_UPSTREAM_RATE_LIMITED, Doubt::kNothingDone,
       absl::Seconds(5), healthy},
      {"499", Reply(499, "", {}), AnswerKind::kAborted,
       absl::StatusCode::kUnavailable, unavailable, Doubt::kEnded, std::nullopt,
       healthy},
      {"500", Reply(500, kErrorJson, JsonHeaders()), AnswerKind::kInternal,
       absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_FAILURE,
       Doubt::kEnded, std::nullopt, healthy},
      {"500 by a quota",
       Reply(500,
             ErrorBody("Transaction cancelled: maximum execution time exceeded",
                       ""),
             JsonHeaders()),
       AnswerKind::kQuota, absl::StatusCode::kUnavailable, unavailable,
       Doubt::kEnded, absl::Seconds(5), healthy},
      {"500 with a page", Reply(500, kPage, Html()), AnswerKind::kInternal,
       absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_FAILURE,
       Doubt::kEnded, std::nullopt, healthy},
      {"502", Reply(502, kPage, Html()), AnswerKind::kProxyFailure,
       absl::StatusCode::kUnavailable, unavailable, Doubt::kMayStillRun,
       std::nullopt, unreachable},
      {"503", Reply(503, kPage, With(Html(), "Retry-After", "30")),
       AnswerKind::kUnavailable, absl::StatusCode::kUnavailable, unavailable,
       Doubt::kEnded, absl::Seconds(30), unreachable},
      {"504", Reply(504, "", {}), AnswerKind::kProxyFailure,
       absl::StatusCode::kUnavailable, unavailable, Doubt::kMayStillRun,
       std::nullopt, unreachable},
      {"505", Reply(505, "", {}), AnswerKind::kInternal,
       absl::StatusCode::kInternal, v1::ERROR_REASON_UPSTREAM_FAILURE,
       Doubt::kEnded, std::nullopt, healthy},
  };
  for (int status : {405, 406, 411, 414, 415, 422}) {
    cases.push_back(
        {absl::StrCat(status), Reply(status, kErrorJson, JsonHeaders()),
         AnswerKind::kUnacceptable, absl::StatusCode::kInvalidArgument,
         rejected, Doubt::kNothingDone, std::nullopt, healthy});
  }
  cases.push_back({"413 with a page", Reply(413, kPage, Html()),
                   AnswerKind::kUnacceptable,
                   absl::StatusCode::kInvalidArgument, rejected,
                   Doubt::kNothingDone, std::nullopt, healthy});
  for (int status : {200, 302, 404, 503}) {
    cases.push_back(
        {absl::StrCat("hibernating with ", status),
         Reply(status,
               "<html><title>Hibernating Instance</title><div class="
               "\"instance-hibernating-page\"></html>",
               Html()),
         AnswerKind::kHibernating, absl::StatusCode::kUnavailable,
         v1::ERROR_REASON_INSTANCE_HIBERNATING, Doubt::kNothingDone,
         std::nullopt, v1::HEALTH_STATE_HIBERNATING});
  }
  cases.push_back(
      {"hibernating by redirect",
       Reply(302, "", {{"Location", "https://developer.servicenow.com/x"}}),
       AnswerKind::kHibernating, absl::StatusCode::kUnavailable,
       v1::ERROR_REASON_INSTANCE_HIBERNATING, Doubt::kNothingDone, std::nullopt,
       v1::HEALTH_STATE_HIBERNATING});
  return cases;
}

TEST(ErrorMappingTest, EveryAnswerHasItsRow) {
  for (const AnswerCase& test : AnswerCases()) {
    SCOPED_TRACE(test.name);
    for (Effect effect : {Effect::kRead, Effect::kWrite}) {
      const Verdict verdict = Judge(Facts(effect), test.response, kNow);
      EXPECT_EQ(verdict.kind, test.kind);
      EXPECT_THAT(verdict.status, StatusIs(test.code));
      EXPECT_THAT(verdict.status, HasReason(ReasonName(test.reason)));
      EXPECT_EQ(DoubtOf(verdict.status),
                effect == Effect::kWrite ? test.doubt : Doubt::kNothingDone);
      EXPECT_EQ(RetryDelay(verdict.status), test.retry_after);
      EXPECT_EQ(MeaningOf(verdict.kind).health, test.health);
      const ErrorDetails details = *GetErrorDetails(verdict.status);
      EXPECT_EQ(details.domain, kErrorDomain);
      EXPECT_EQ(details.metadata.at("instance"), "prod");
      EXPECT_EQ(details.metadata.at("table"), "incident");
      EXPECT_EQ(details.metadata.at("http_status_code"),
                absl::StrCat(test.response.status));
      EXPECT_THAT(verdict.status.message(), Not(HasSubstr("<html>")));
    }
  }
}

TEST(ErrorMappingTest, SuccessIsJsonWithoutError) {
  for (int status : {200, 201}) {
    const Verdict verdict = Judge(
        Facts(Effect::kWrite),
        Reply(status, R"({"result":{"sys_id":"x"}})", JsonHeaders()), kNow);
    EXPECT_OK(verdict.status);
    EXPECT_EQ(verdict.kind, AnswerKind::kOk);
    EXPECT_EQ(verdict.body["result"]["sys_id"], "x");
  }
}

TEST(ErrorMappingTest, TheContentOfAFileNeedsNoJson) {
  const RequestFacts facts = Facts(Effect::kRead, Endpoint::kAttachmentContent);
  // The bytes went to the sink, so that nothing is left here.
  EXPECT_OK(Judge(facts, Reply(200, "", {{"Content-Type", "text/plain"}}), kNow)
                .status);
  EXPECT_THAT(Judge(facts, Reply(200, kPage, Html()), kNow).status,
              HasReason("UPSTREAM_NOT_SERVICENOW"));
}

TEST(ErrorMappingTest, ARefusedUploadIsAboutTheFile) {
  const RequestFacts facts = Facts(Effect::kWrite, Endpoint::kAttachmentUpload);
  for (int status : {400, 406, 413, 415, 422}) {
    const Verdict verdict =
        Judge(facts, Reply(status, kErrorJson, JsonHeaders()), kNow);
    EXPECT_THAT(verdict.status, HasReason("ATTACHMENT_REFUSED"));
    EXPECT_THAT(verdict.status, StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(Judge(facts, Reply(404, kErrorJson, JsonHeaders()), kNow).status,
              HasReason("RECORD_NOT_FOUND"));
}

TEST(ErrorMappingTest, TellsServiceNowsOwnWords) {
  const Verdict verdict =
      Judge(Facts(Effect::kWrite),
            Reply(403, ErrorBody("Operation Failed", "rule X said no"),
                  JsonHeaders()),
            kNow);
  const ErrorDetails details = *GetErrorDetails(verdict.status);
  EXPECT_EQ(details.metadata.at("upstream_message"), "Operation Failed");
  EXPECT_EQ(details.metadata.at("upstream_detail"), "rule X said no");
  EXPECT_THAT(verdict.status.message(), HasSubstr("rule X said no"));
  EXPECT_THAT(verdict.status.message(),
              HasSubstr("instance prod, POST /api/now/v2/table/incident"));
}

TEST(ErrorMappingTest, ANullDetailAndForeignBytesDoNoHarm) {
  const Verdict verdict =
      Judge(Facts(Effect::kRead),
            Reply(400,
                  R"({"error":{"message":"Invalid table x","detail":null},)"
                  R"("status":"failure"})",
                  JsonHeaders()),
            kNow);
  EXPECT_EQ(GetErrorDetails(verdict.status)->metadata.count("upstream_detail"),
            0u);
  const Verdict foreign =
      Judge(Facts(Effect::kRead),
            Reply(400, "{\"error\":{\"message\":\"\xff\xfe\"}}", JsonHeaders()),
            kNow);
  EXPECT_FALSE(foreign.status.ok());
}

struct TransportCase {
  Kind kind;
  bool maybe_processed;
  Reason reason;
  Doubt doubt;
};

TEST(ErrorMappingTest, EveryTransportErrorHasItsRow) {
  const auto unreachable = v1::ERROR_REASON_UPSTREAM_UNREACHABLE;
  const auto unavailable = v1::ERROR_REASON_UPSTREAM_UNAVAILABLE;
  const auto cancelled = v1::ERROR_REASON_CANCELLED;
  const auto not_servicenow = v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW;
  const auto timeout = v1::ERROR_REASON_UPSTREAM_TIMEOUT;
  const auto too_large = v1::ERROR_REASON_TOO_LARGE;
  const std::vector<TransportCase> cases = {
      {Kind::kBadRequest, false, v1::ERROR_REASON_INVALID_REQUEST,
       Doubt::kNothingDone},
      {Kind::kResolve, false, unreachable, Doubt::kNothingDone},
      {Kind::kConnect, false, unreachable, Doubt::kNothingDone},
      {Kind::kTls, false, unreachable, Doubt::kNothingDone},
      {Kind::kTimeout, false, unreachable, Doubt::kNothingDone},
      {Kind::kTimeout, true, timeout, Doubt::kMayStillRun},
      {Kind::kSend, false, unreachable, Doubt::kNothingDone},
      {Kind::kSend, true, unavailable, Doubt::kMayStillRun},
      {Kind::kReceive, false, unreachable, Doubt::kNothingDone},
      {Kind::kReceive, true, unavailable, Doubt::kMayStillRun},
      {Kind::kProtocol, false, not_servicenow, Doubt::kNothingDone},
      {Kind::kProtocol, true, not_servicenow, Doubt::kMayStillRun},
      {Kind::kTooLarge, true, too_large, Doubt::kEnded},
      {Kind::kCancelled, false, cancelled, Doubt::kNothingDone},
      {Kind::kCancelled, true, cancelled, Doubt::kMayStillRun},
      {Kind::kSource, true, cancelled, Doubt::kMayStillRun},
      {Kind::kSink, true, cancelled, Doubt::kMayStillRun},
      {Kind::kOther, false, unreachable, Doubt::kNothingDone},
      {Kind::kOther, true, unavailable, Doubt::kMayStillRun},
  };
  for (const TransportCase& test : cases) {
    SCOPED_TRACE(
        absl::StrCat(http::KindName(test.kind), " ", test.maybe_processed));
    for (Effect effect : {Effect::kRead, Effect::kWrite}) {
      http::TransportError error;
      error.kind = test.kind;
      error.maybe_processed = test.maybe_processed;
      error.message = "it broke";
      const Verdict verdict = Judge(Facts(effect), error, kNow);
      EXPECT_THAT(verdict.status, StatusIs(CodeOf(test.reason)));
      EXPECT_THAT(verdict.status, HasReason(ReasonName(test.reason)));
      EXPECT_EQ(DoubtOf(verdict.status),
                effect == Effect::kWrite ? test.doubt : Doubt::kNothingDone);
      EXPECT_THAT(verdict.status.message(), HasSubstr("it broke"));
      EXPECT_EQ(RetryDelay(verdict.status).has_value(), test.reason == timeout);
      EXPECT_EQ(GetErrorDetails(verdict.status)->metadata.at("transport_error"),
                std::string(http::KindName(test.kind)));
    }
  }
}

TEST(ErrorMappingTest, EveryReasonHasTheCodeOfTheContract) {
  // The first word of each reason's comment in errors.proto.
  const std::vector<std::pair<Reason, absl::StatusCode>> contract = {
      {v1::ERROR_REASON_INVALID_REQUEST, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_UNKNOWN_INSTANCE, absl::StatusCode::kNotFound},
      {v1::ERROR_REASON_RECORD_NOT_FOUND, absl::StatusCode::kNotFound},
      {v1::ERROR_REASON_AMBIGUOUS_RECORD,
       absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_REFERENCE_NOT_FOUND,
       absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED,
       absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_UPSTREAM_FORBIDDEN,
       absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_ABORTED_BY_BUSINESS_RULE,
       absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_MANDATORY_FIELDS_MISSING,
       absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_UPSTREAM_REJECTED, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_UPSTREAM_UNREACHABLE, absl::StatusCode::kUnavailable},
      {v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, absl::StatusCode::kUnavailable},
      {v1::ERROR_REASON_UPSTREAM_TIMEOUT, absl::StatusCode::kDeadlineExceeded},
      {v1::ERROR_REASON_UPSTREAM_FAILURE, absl::StatusCode::kInternal},
      {v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW,
       absl::StatusCode::kUnavailable},
      {v1::ERROR_REASON_INSTANCE_HIBERNATING, absl::StatusCode::kUnavailable},
      {v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
       absl::StatusCode::kResourceExhausted},
      {v1::ERROR_REASON_GATEWAY_OVERLOADED,
       absl::StatusCode::kResourceExhausted},
      {v1::ERROR_REASON_OUTCOME_UNKNOWN, absl::StatusCode::kUnavailable},
      {v1::ERROR_REASON_INCIDENT_STATE, absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_ATTACHMENT_REFUSED, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_CHECKSUM_MISMATCH, absl::StatusCode::kInvalidArgument},
      {v1::ERROR_REASON_TOO_LARGE, absl::StatusCode::kOutOfRange},
      {v1::ERROR_REASON_NOT_OFFERED, absl::StatusCode::kUnimplemented},
      {v1::ERROR_REASON_CANCELLED, absl::StatusCode::kCancelled},
      {v1::ERROR_REASON_SYS_ID_TAKEN, absl::StatusCode::kFailedPrecondition},
      {v1::ERROR_REASON_UNAUTHENTICATED, absl::StatusCode::kUnauthenticated},
      {v1::ERROR_REASON_ROLE_REQUIRED, absl::StatusCode::kPermissionDenied},
  };
  EXPECT_EQ(static_cast<int>(contract.size()), v1::ErrorReason_ARRAYSIZE - 1);
  for (const auto& [reason, code] : contract) {
    EXPECT_EQ(CodeOf(reason), code) << ReasonName(reason);
  }
}

}  // namespace
}  // namespace opcon_snow::snow
