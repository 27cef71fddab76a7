#include "opcon_gateway/rest_client.h"

#include <fstream>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = http::TransportError::Kind;
namespace v1 = ::opcon::v1;

class RestClientTest : public ClientFixture {
 protected:
  absl::StatusOr<RestAnswer> Get() {
    RestRequest request;
    request.url = rest->Url("api/things").Query("q", "query-value").Build();
    return Run(rest->Send(request, scope));
  }
  absl::StatusOr<RestAnswer> Put() {
    RestRequest request;
    request.method = http::Method::kPut;
    request.url = rest->Url("api/things").Segment("1").Build();
    request.body = nlohmann::json::object();
    request.effect = Effect::kWrite;
    return Run(rest->Send(request, scope));
  }
};

TEST_F(RestClientTest, SendsTokenAndAcceptsJson) {
  transport->Answer(200, R"({"a":1})");
  ASSERT_OK_AND_ASSIGN(RestAnswer answer, Get());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["a"], 1);
  EXPECT_EQ(Line(0), "GET https://opcon.example:9010/api/things?q=query-value");
  EXPECT_EQ(Request(0).headers.Get("Authorization"),
            std::string("Token ") + kTestToken);
  EXPECT_EQ(Request(0).headers.Get("Accept"), "application/json");
  EXPECT_EQ(Request(0).body, "");
}

TEST_F(RestClientTest, SendsBodiesAsJson) {
  transport->Answer(200, "");
  ASSERT_OK_AND_ASSIGN(RestAnswer answer, Put());
  EXPECT_TRUE(answer.body.is_null());
  EXPECT_EQ(Request(0).body, "{}");
  EXPECT_EQ(Request(0).headers.Get("Content-Type"), "application/json");
}

TEST_F(RestClientTest, KeepsTheTokenToItselfWhereNoneIsNeeded) {
  transport->Answer(200, "{}");
  RestRequest request;
  request.url = rest->Url("api/version").Build();
  request.authenticated = false;
  ASSERT_OK(Run(rest->Send(request, scope)).status());
  EXPECT_FALSE(Request(0).headers.Has("Authorization"));
}

TEST_F(RestClientTest, GivesEachRequestTheLesserOfItsLimitAndWhatIsLeft) {
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  EXPECT_EQ(Request(0).timeout, absl::Seconds(30));
  scope.deadline = loop.MonotonicNow() + absl::Seconds(2);
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  EXPECT_EQ(Request(1).timeout, absl::Seconds(2));
}

TEST_F(RestClientTest, SendsNothingWithoutTime) {
  scope.deadline = loop.MonotonicNow();
  const auto answer = Get();
  EXPECT_THAT(answer, StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(answer, HasReason("UPSTREAM_TIMEOUT"));
  EXPECT_THAT(transport->requests(), IsEmpty());
}

TEST_F(RestClientTest, GivesUpWhenTheCallerDoes) {
  std::stop_source stop;
  scope.stop = stop.get_token();
  transport->AnswerAfter(absl::Seconds(5), http::Response{});
  std::optional<absl::StatusOr<RestAnswer>> answer;
  RestRequest request;
  request.url = rest->Url("api/things").Build();
  async::Start(rest->Send(request, scope),
               [&](absl::StatusOr<RestAnswer> a) { answer = std::move(a); });
  loop.RunUntilIdle();
  ASSERT_EQ(transport->in_flight(), 1u);
  stop.request_stop();
  loop.RunUntilIdle();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(*answer, HasReason("CANCELLED"));
  // What nobody waits for is no news about the instance.
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_UNSPECIFIED);
}

TEST_F(RestClientTest, ReportsWhatOpConSays) {
  transport->Answer(400, R"([{"code":1234,"message":"dates is no date"}])");
  const auto answer = Get();
  EXPECT_THAT(answer,
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"prod\" answered 400"),
                             HasSubstr("GET https://opcon.example:9010/api"),
                             HasSubstr("dates is no date"))));
  const ErrorDetails details = *GetErrorDetails(answer.status());
  EXPECT_EQ(details.reason, "UPSTREAM_REJECTED");
  EXPECT_EQ(details.domain, "opcon-gateway");
  EXPECT_EQ(details.metadata.at("http_status_code"), "400");
  EXPECT_EQ(details.metadata.at("upstream_code"), "1234");
  EXPECT_EQ(details.metadata.at("upstream_message"), "dates is no date");
  EXPECT_EQ(details.metadata.at("instance"), "prod");
}

TEST_F(RestClientTest, PassesRetryAfterOnAndBoundsIt) {
  transport->Answer(429, "", {{"Retry-After", "7"}});
  EXPECT_EQ(RetryDelay(Get().status()), absl::Seconds(7));
  transport->Answer(503, "", {{"Retry-After", "99999999"}});
  EXPECT_EQ(RetryDelay(Get().status()), absl::Hours(1));
  transport->Answer(503, "");
  EXPECT_EQ(RetryDelay(Get().status()), std::nullopt);
  // A write that may have happened is not to be repeated, whatever it says.
  transport->Answer(502, "", {{"Retry-After", "7"}});
  const auto unknown = Put();
  EXPECT_TRUE(IsOutcomeUnknown(unknown.status()));
  EXPECT_EQ(RetryDelay(unknown.status()), std::nullopt);
  EXPECT_FALSE(IsRetryable(unknown.status()));
}

TEST_F(RestClientTest, AWriteWithoutAnswerHasAnUnknownOutcome) {
  transport->Fail(Kind::kReceive, /*maybe_processed=*/true);
  const auto answer = Put();
  EXPECT_THAT(answer, StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(answer, HasReason("OUTCOME_UNKNOWN"));
  EXPECT_TRUE(IsOutcomeUnknown(answer.status()));
  EXPECT_THAT(transport->requests(), SizeIs(1));

  transport->Fail(Kind::kConnect, /*maybe_processed=*/false);
  const auto not_sent = Put();
  EXPECT_THAT(not_sent, HasReason("UPSTREAM_UNREACHABLE"));
  EXPECT_TRUE(IsRetryable(not_sent.status()));
}

TEST_F(RestClientTest, APageOfHtmlIsNotOpCon) {
  transport->Answer(200, "<html>Sign in</html>");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(404, "<html>IIS</html>");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(302, "", {{"Location", "https://login.example/"}});
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(200, "<html>Sign in</html>");
  EXPECT_THAT(Put(), HasReason("OUTCOME_UNKNOWN"));
}

TEST_F(RestClientTest, BrokenJsonIsNotOpCon) {
  transport->Answer(200, "{\"a\":");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_OPCON"));
}

TEST_F(RestClientTest, AMissingEndpointCanBeAnAnswer) {
  for (const int status : {404, 405}) {
    transport->Answer(status, "");
    RestRequest request;
    request.url = rest->Url("api/things").Build();
    request.missing_is_answer = true;
    ASSERT_OK_AND_ASSIGN(RestAnswer answer, Run(rest->Send(request, scope)));
    EXPECT_TRUE(answer.missing());
  }
}

// --- Token from a file -----------------------------------------------------

TEST_F(RestClientTest, ARefusedTokenNamesInstanceFileAndMend) {
  transport->Answer(401, R"([{"message":"Invalid token specified"}])");
  const auto answer = Get();
  EXPECT_THAT(answer,
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("\"prod\""), HasSubstr("Invalid token"),
                             HasSubstr(token_file), HasSubstr("Put a valid"))));
  EXPECT_THAT(answer, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(transport->requests(), SizeIs(1));
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_UNAUTHENTICATED);
}

TEST_F(RestClientTest, ATokenThatWasReplacedInTheFileIsTried) {
  std::ofstream(token_file) << "new-secret-token";
  transport->Answer(401, "");
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  EXPECT_EQ(Request(1).headers.Get("Authorization"), "Token new-secret-token");
}

// --- Login -----------------------------------------------------------------

constexpr char kLoggedIn[] =
    R"({"id":"user-secret-1","user":{"id":1,"loginName":"ocadm"},)"
    R"("validFrom":"2021-01-01T00:00:00.0000000-06:00",)"
    R"("validUntil":"2021-01-01T00:20:00.0000000-06:00"})";
constexpr char kLoggedInAgain[] =
    R"({"id":"user-secret-2","validFrom":"2021-01-01T00:18:00Z",)"
    R"("validUntil":"2021-01-01T00:38:00Z"})";

TEST_F(RestClientTest, LogsInOnceForManyCalls) {
  UseLogin();
  transport->Answer(201, kLoggedIn);
  for (int i = 0; i < 3; ++i) transport->Answer(200, "{}");
  RestRequest request;
  request.url = rest->Url("api/things").Build();
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    async::Start(rest->Send(request, scope),
                 [&done](const absl::StatusOr<RestAnswer>& answer) {
                   EXPECT_OK(answer.status());
                   ++done;
                 });
  }
  AdvanceUntil([&done] { return done == 3; });
  EXPECT_EQ(Line(0), "POST https://opcon.example:9010/api/tokens");
  EXPECT_EQ(nlohmann::json::parse(Request(0).body),
            nlohmann::json::parse(
                R"({"user":{"loginName":"ocadm","password":"pass\"word-secret"},
                    "tokenType":{"type":"User"}})"));
  EXPECT_FALSE(Request(0).headers.Has("Authorization"));
  EXPECT_THAT(transport->requests(), SizeIs(4));
  EXPECT_EQ(Request(3).headers.Get("Authorization"), "Token user-secret-1");
}

TEST_F(RestClientTest, RenewsBesideTheCallsBeforeTheTokenEnds) {
  UseLogin();
  transport->Answer(200, kLoggedIn);
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  loop.Advance(absl::Minutes(19));
  scope.deadline = loop.MonotonicNow() + absl::Seconds(30);
  transport->AnswerAfter(absl::Seconds(5), [] {
    http::Response response;
    response.status = 200;
    response.body = kLoggedInAgain;
    return response;
  }());
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  // The old token served while the new one was under way.
  EXPECT_EQ(Request(3).headers.Get("Authorization"), "Token user-secret-1");
  loop.Advance(absl::Seconds(10));
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  EXPECT_EQ(Request(4).headers.Get("Authorization"), "Token user-secret-2");
  EXPECT_THAT(transport->requests(), SizeIs(5));
}

TEST_F(RestClientTest, LogsInAgainOnceWhenTheTokenIsRefused) {
  UseLogin();
  transport->Answer(200, kLoggedIn);
  transport->Answer(401, "");
  transport->Answer(200, kLoggedInAgain);
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  EXPECT_EQ(Request(3).headers.Get("Authorization"), "Token user-secret-2");
  EXPECT_EQ(transport->unused(), 0u);
}

TEST_F(RestClientTest, ASecondRefusalIsFinal) {
  UseLogin();
  transport->Answer(200, kLoggedIn);
  transport->Answer(401, "");
  transport->Answer(200, kLoggedInAgain);
  transport->Answer(401, "");
  const auto answer = Get();
  EXPECT_THAT(answer, StatusIs(StatusCode::kFailedPrecondition,
                               HasSubstr(password_file)));
  EXPECT_THAT(answer, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_EQ(transport->unused(), 0u);
  EXPECT_THAT(transport->requests(), SizeIs(4));
}

TEST_F(RestClientTest, ARefusedLoginIsNotRepeatedForAWhile) {
  UseLogin();
  transport->Answer(401, R"([{"message":"Invalid user name or password"}])");
  const auto answer = Get();
  EXPECT_THAT(answer,
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("refused the login of user \"ocadm\""),
                             HasSubstr("Invalid user name"),
                             HasSubstr(password_file))));
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_UNAUTHENTICATED);
  // Nothing is scripted: a request would fail the test.
  EXPECT_THAT(Get(), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(transport->requests(), SizeIs(1));

  loop.Advance(LoginAuthenticator::kPauseAfterRefusal);
  transport->Answer(200, kLoggedIn);
  transport->Answer(200, "{}");
  EXPECT_OK(Get().status());
}

TEST_F(RestClientTest, ANewPasswordIsTriedAtOnce) {
  UseLogin();
  transport->Answer(401, "");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  std::ofstream(password_file) << "another-secret";
  transport->Answer(200, kLoggedIn);
  transport->Answer(200, "{}");
  EXPECT_OK(Get().status());
  EXPECT_THAT(Request(1).body, HasSubstr("another-secret"));
}

TEST_F(RestClientTest, AFailedLoginTellsWhy) {
  UseLogin();
  transport->Fail(Kind::kConnect, false, "no route to host");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_UNREACHABLE"));
  transport->Answer(200, "<html>portal</html>");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(200, R"({"user":null})");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(503, "");
  EXPECT_THAT(Get(), HasReason("UPSTREAM_UNAVAILABLE"));
}

TEST_F(RestClientTest, ACallWaitsForALoginOnlyAsLongAsItMay) {
  UseLogin();
  transport->AnswerAfter(absl::Seconds(20), http::Response{});
  scope.deadline = loop.MonotonicNow() + absl::Seconds(1);
  EXPECT_THAT(Get(), HasReason("UPSTREAM_TIMEOUT"));
  EXPECT_EQ(loop.MonotonicNow(), absl::Seconds(1));
}

TEST_F(RestClientTest, AStoppedLoopEndsEveryWait) {
  UseLogin();
  transport->AnswerAfter(absl::Seconds(20), http::Response{});
  std::optional<absl::Status> status;
  RestRequest request;
  request.url = rest->Url("api/things").Build();
  async::Start(
      rest->Send(request, scope),
      [&](const absl::StatusOr<RestAnswer>& a) { status = a.status(); });
  loop.RunUntilIdle();
  loop.Stop();
  ASSERT_TRUE(status.has_value());
  EXPECT_THAT(*status, StatusIs(StatusCode::kCancelled));
}

// --- Limits, health, logs --------------------------------------------------

TEST_F(RestClientTest, AFullQueueRefusesAtOnce) {
  // Four at once, none waiting.
  http::LimiterOptions options;
  options.max_concurrent = 4;
  options.max_queued = 0;
  limiter = std::make_shared<http::Limiter>(&loop, options);
  UseLogin();
  transport->Answer(200, kLoggedIn);
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  RestRequest request;
  request.url = rest->Url("api/things").Build();
  int finished = 0;
  for (int i = 0; i < 4; ++i) {
    transport->AnswerAfter(absl::Seconds(1), [] {
      http::Response response;
      response.status = 200;
      return response;
    }());
    async::Start(rest->Send(request, scope),
                 [&](const absl::StatusOr<RestAnswer>&) { ++finished; });
  }
  const auto refused = Run(rest->Send(request, scope));
  EXPECT_EQ(finished, 0);
  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted,
                                HasSubstr("OpCon instance \"prod\"")));
  EXPECT_THAT(refused, HasReason("GATEWAY_OVERLOADED"));
  EXPECT_TRUE(RetryDelay(refused.status()).has_value());
  EXPECT_EQ(GetErrorDetails(refused.status())->domain, "opcon-gateway");
  AdvanceUntil([&] { return finished == 4; });
}

TEST_F(RestClientTest, HealthFollowsTheLastAnswer) {
  transport->Fail(Kind::kResolve, false, "no such host");
  Get().IgnoreError();
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_UNREACHABLE);
  EXPECT_THAT(health.health().message(), HasSubstr("no such host"));
  transport->Answer(401, "");
  Get().IgnoreError();
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_UNAUTHENTICATED);
  // An answer to a request without credentials does not heal them.
  transport->Answer(200, "{}");
  RestRequest request;
  request.url = rest->Url("api/version").Build();
  request.authenticated = false;
  ASSERT_OK(Run(rest->Send(request, scope)).status());
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_UNAUTHENTICATED);
  // A refusal of one request is an answer all the same.
  transport->Answer(404, "");
  Get().IgnoreError();
  EXPECT_EQ(health.health().state(), v1::HEALTH_STATE_HEALTHY);
  EXPECT_EQ(health.health().message(), "");
  EXPECT_EQ(health.health().check_time().seconds(),
            absl::ToUnixSeconds(clock.Now()));
}

TEST_F(RestClientTest, LogsEachRequestWithoutItsQuery) {
  transport->Answer(200, "{}");
  ASSERT_OK(Get().status());
  ASSERT_THAT(logs.Lines("opcon.request"), SizeIs(1));
  const auto line = nlohmann::json::parse(logs.Lines("opcon.request")[0]);
  EXPECT_EQ(line["level"], "debug");
  EXPECT_EQ(line["instance"], "prod");
  EXPECT_EQ(line["url"], "https://opcon.example:9010/api/things");
  EXPECT_EQ(line["status"], 200);
  transport->Answer(500, "oh");
  Get().IgnoreError();
  ASSERT_THAT(logs.Lines("opcon.request_failed"), SizeIs(1));
  const auto failed =
      nlohmann::json::parse(logs.Lines("opcon.request_failed")[0]);
  EXPECT_EQ(failed["level"], "warning");
  EXPECT_EQ(failed["reason"], "UPSTREAM_FAILURE");
  EXPECT_THAT(logs.Text(), Not(HasSubstr("query-value")));
}

// Every way to fail, with an upstream that repeats what it was sent.
TEST_F(RestClientTest, NoErrorAndNoLogLineHoldsASecret) {
  UseLogin();
  const std::string echo = std::string(R"([{"message":"bad: )") +
                           "Token user-secret-1 pass\\\"word-secret\"}]";
  std::vector<absl::Status> seen;
  // Logins that fail; there is no token yet that could be repeated.
  const std::string password_echo = R"({"message":"bad: pass\"word-secret"})";
  transport->Answer(400, password_echo);
  seen.push_back(Get().status());
  loop.Advance(absl::Minutes(1));
  transport->Answer(503, password_echo);
  seen.push_back(Get().status());
  transport->Answer(200, kLoggedIn);
  for (const int status : {200, 302, 400, 403, 404, 409, 429, 500, 502, 503}) {
    transport->Answer(status, status == 200 ? echo + "x" : echo);
    scope.deadline = loop.MonotonicNow() + absl::Seconds(30);
    seen.push_back(Get().status());
  }
  for (const Kind kind : {Kind::kTimeout, Kind::kTls, Kind::kProtocol}) {
    transport->Fail(kind, true);
    seen.push_back(Get().status());
  }
  transport->Answer(401, echo);
  transport->Answer(200, kLoggedInAgain);
  transport->Answer(401, echo);
  seen.push_back(Get().status());
  // A secret on the edge of where texts are cut.
  transport->Answer(
      500, std::string(294, 'x') + "user-secret-2 pass\\\"word-secret");
  seen.push_back(Get().status());
  EXPECT_EQ(transport->unused(), 0u);

  std::string everything = logs.Text();
  for (const absl::Status& status : seen) {
    EXPECT_FALSE(status.ok());
    // The payloads hold metadata and upstream messages.
    everything += status.ToString(absl::StatusToStringMode::kWithEverything);
  }
  for (const char* secret : {"user-s", "word-secret", kTestToken}) {
    EXPECT_THAT(everything, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(everything, HasSubstr("[redacted]"));
}

}  // namespace
}  // namespace opcon_snow::opcon
