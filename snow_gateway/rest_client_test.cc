#include "snow_gateway/rest_client.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log/capture.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = http::TransportError::Kind;
using Sent = absl::StatusOr<RestReply>;

constexpr char kTokenBody[] =
    R"({"access_token":"token-1","expires_in":1800,"token_type":"Bearer"})";

class RestClientTest : public GatewayTest {
 protected:
  RestCall Get(std::string path = "/api/now/v2/table/incident") {
    RestCall call;
    call.facts.instance = "prod";
    call.facts.path = std::move(path);
    return call;
  }
  RestCall Post() {
    RestCall call = Get();
    call.facts.method = http::Method::kPost;
    call.facts.effect = Effect::kWrite;
    call.content_type = "application/json";
    call.body = "{}";
    return call;
  }
  Sent Send(Instance& instance, RestCall call) {
    return Run(instance.client().Send(std::move(call), Scope()));
  }
};

TEST_F(RestClientTest, SendsTheProofAndNoCookies) {
  const auto instance = MakeInstance();
  transport_->Answer(
      200, ResultOf(nlohmann::json::array()),
      {{"Content-Type", "application/json"}, {"Set-Cookie", "JSESSIONID=1"}});
  AnswerResult(nlohmann::json::array());
  RestCall call = Get();
  call.query = "sysparm_limit=1";
  EXPECT_OK(Send(*instance, call));
  EXPECT_OK(Send(*instance, call));
  for (int i : {0, 1}) {
    EXPECT_EQ(Request(i).url,
              "https://dev.example.test/api/now/v2/table/incident?"
              "sysparm_limit=1");
    EXPECT_EQ(Request(i).headers.Get("x-sn-apikey"), kSecretText);
    EXPECT_EQ(Request(i).headers.Get("Accept"), "application/json");
    EXPECT_FALSE(Request(i).headers.Has("Cookie"));
    EXPECT_EQ(Request(i).timeout, absl::Seconds(30));
  }
}

TEST_F(RestClientTest, AWriteKeepsTimeBackForLooking) {
  const auto instance = MakeInstance();
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Post()));
  EXPECT_EQ(Request(0).timeout, absl::Seconds(25));
}

TEST_F(RestClientTest, TheConfiguredLimitHoldsWhateverTheDeadline) {
  InstanceSettings settings = Settings();
  settings.call_timeout = absl::Seconds(7);
  const auto instance = MakeInstance(std::move(settings));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_EQ(Request(0).timeout, absl::Seconds(7));
}

TEST_F(RestClientTest, WithoutTimeNothingIsSent) {
  const auto instance = MakeInstance();
  CallScope scope = Scope();
  scope.deadline = loop_.MonotonicNow();
  EXPECT_THAT(Run(instance->client().Send(Get(), scope)),
              HasReason("UPSTREAM_TIMEOUT"));
  EXPECT_EQ(request_count(), 0u);
}

TEST_F(RestClientTest, AnAddressThatIsTooLongIsNotSent) {
  const auto instance = MakeInstance();
  RestCall call = Get();
  call.query = std::string(9000, 'a');
  EXPECT_THAT(Send(*instance, call), HasReason("INVALID_REQUEST"));
  EXPECT_EQ(request_count(), 0u);
}

TEST_F(RestClientTest, AReplyWithoutResultIsNone) {
  const auto instance = MakeInstance();
  AnswerJson(200, "{}");
  EXPECT_THAT(Send(*instance, Get()), HasReason("UPSTREAM_NOT_SERVICENOW"));
  AnswerJson(201, "{}");
  const Sent sent = Send(*instance, Post());
  EXPECT_EQ(DoubtOf(sent.status()), Doubt::kEnded);
}

TEST_F(RestClientTest, ARefusedApiKeyNamesTheFileAndTheMend) {
  const auto instance = MakeInstance();
  AnswerJson(401, ErrorBody("User Not Authenticated",
                            "Required to provide Auth information"));
  const Sent sent = Send(*instance, Get());
  EXPECT_THAT(sent, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(
      std::string(sent.status().message()),
      AllOf(HasSubstr("prod"), HasSubstr("API key"),
            HasSubstr("/etc/keys/api_key"), HasSubstr("access policy")));
  EXPECT_EQ(request_count(), 1u);
  EXPECT_EQ(instance->client().state().health().state(),
            v1::HEALTH_STATE_UNAUTHENTICATED);
}

TEST_F(RestClientTest, ARefusedBasicLoginMentionsTheRestriction) {
  const auto instance = MakeInstance(BasicCredentials{
      "joe", FileSecret{config::Secret(kSecretText), "/etc/keys/password"}});
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  const Sent sent = Send(*instance, Get());
  EXPECT_THAT(std::string(sent.status().message()),
              AllOf(HasSubstr("Basic"), HasSubstr("joe"),
                    HasSubstr("/etc/keys/password"), HasSubstr("2026"),
                    HasSubstr("snc_basic_auth_api_access")));
  // joe:s3cr3t-VALUE
  EXPECT_EQ(Request(0).headers.Get("Authorization"),
            "Basic am9lOnMzY3IzdC1WQUxVRQ==");
}

TEST_F(RestClientTest, LogsInOnceForAllWhoWait) {
  const auto instance = MakeInstance(ClientCredentials());
  transport_->Handle([](const auto&) {
    http::Response response;
    response.status = 200;
    response.body = kTokenBody;
    response.headers = JsonHeaders();
    return response;
  });
  std::vector<std::optional<Sent>> sent(3);
  for (int i = 0; i < 3; ++i) AnswerResult(nlohmann::json::object());
  for (auto& one : sent) {
    async::Start(instance->client().Send(Get(), Scope()),
                 [&one](Sent reply) { one.emplace(std::move(reply)); });
  }
  loop_.RunUntilIdle();
  for (auto& one : sent) {
    ASSERT_TRUE(one.has_value());
    EXPECT_OK(*one);
  }
  EXPECT_EQ(PathOf(Request(0).url), "/oauth_token.do");
  EXPECT_EQ(Request(0).headers.Get("Content-Type"),
            "application/x-www-form-urlencoded");
  EXPECT_EQ(Request(0).body,
            absl::StrCat("grant_type=client_credentials&client_id=client&"
                         "client_secret=",
                         kSecretText));
  ASSERT_EQ(request_count(), 4u);
  for (int i : {1, 2, 3}) {
    EXPECT_EQ(Request(i).headers.Get("Authorization"), "Bearer token-1");
  }
}

TEST_F(RestClientTest, RenewsATokenBeforeItExpires) {
  const auto instance = MakeInstance(ClientCredentials());
  AnswerJson(200, kTokenBody);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  loop_.Advance(absl::Seconds(1739));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_EQ(request_count(), 3u);
  loop_.Advance(absl::Seconds(2));
  AnswerJson(200, R"({"access_token":"token-2","expires_in":"1800"})");
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_EQ(Request(4).headers.Get("Authorization"), "Bearer token-2");
}

TEST_F(RestClientTest, AFailedRenewalUsesTheTokenThatStillLives) {
  const auto instance = MakeInstance(ClientCredentials());
  AnswerJson(200, kTokenBody);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  loop_.Advance(absl::Seconds(1745));
  transport_->Fail(Kind::kConnect, false);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_EQ(Request(3).headers.Get("Authorization"), "Bearer token-1");
}

TEST_F(RestClientTest, LogsInAgainExactlyOnceWhenTheTokenIsRefused) {
  const auto instance = MakeInstance(ClientCredentials());
  AnswerJson(200, kTokenBody);
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  AnswerJson(200, R"({"access_token":"token-2","expires_in":1800})");
  AnswerCreated({{"sys_id", kSysId}});
  EXPECT_OK(Send(*instance, Post()));
  EXPECT_EQ(Request(3).headers.Get("Authorization"), "Bearer token-2");

  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  AnswerJson(200, R"({"access_token":"token-3","expires_in":1800})");
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  const Sent sent = Send(*instance, Post());
  EXPECT_THAT(sent, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(std::string(sent.status().message()),
              AllOf(HasSubstr("OAuth client credentials"),
                    HasSubstr("/etc/keys/oauth")));
  EXPECT_EQ(DoubtOf(sent.status()), Doubt::kNothingDone);
  EXPECT_EQ(request_count(), 7u);
}

TEST_F(RestClientTest, ARefusedLoginIsRememberedForAWhile) {
  const auto instance = MakeInstance(ClientCredentials());
  AnswerJson(401,
             R"({"error_description":"access_denied","error":"server_error"})");
  const Sent first = Send(*instance, Get());
  EXPECT_THAT(first, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(std::string(first.status().message()),
              AllOf(HasSubstr("/etc/keys/oauth"), HasSubstr("prod")));
  EXPECT_THAT(Send(*instance, Get()),
              HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_EQ(request_count(), 1u);
  loop_.Advance(absl::Seconds(11));
  AnswerJson(200, kTokenBody);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
}

TEST_F(RestClientTest, APasswordIsReplacedByARefreshTokenAsLongAsItHolds) {
  const auto instance = MakeInstance(OAuthPasswordCredentials{
      "client", FileSecret{config::Secret(kSecretText), "/etc/keys/oauth"},
      "joe", FileSecret{config::Secret("pass&word"), "/etc/keys/password"}});
  AnswerJson(200,
             R"({"access_token":"a1","refresh_token":"r1","expires_in":1800})");
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_THAT(Request(0).body,
              HasSubstr("grant_type=password&client_id=client&"));
  EXPECT_THAT(Request(0).body, HasSubstr("&username=joe&password=pass%26word"));

  loop_.Advance(absl::Seconds(1800));
  AnswerJson(200, R"({"access_token":"a2","expires_in":1800})");
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_THAT(Request(2).body, HasSubstr("grant_type=refresh_token"));
  EXPECT_THAT(Request(2).body, HasSubstr("refresh_token=r1"));
  EXPECT_THAT(Request(2).body, Not(HasSubstr("password")));

  loop_.Advance(absl::Seconds(1800));
  AnswerJson(401, R"({"error":"invalid_grant"})");
  AnswerJson(200, R"({"access_token":"a3","expires_in":1800})");
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_THAT(Request(5).body, HasSubstr("grant_type=password"));
  EXPECT_EQ(Request(6).headers.Get("Authorization"), "Bearer a3");
}

TEST_F(RestClientTest, AnUnreachableLoginSaysSoAndNothingWasDone) {
  const auto instance = MakeInstance(ClientCredentials());
  transport_->Fail(Kind::kTimeout, true);
  const Sent sent = Send(*instance, Post());
  EXPECT_THAT(sent, HasReason("UPSTREAM_TIMEOUT"));
  EXPECT_EQ(DoubtOf(sent.status()), Doubt::kNothingDone);
}

TEST_F(RestClientTest, GivesUpWaitingForALoginAtTheDeadline) {
  const auto instance = MakeInstance(ClientCredentials());
  http::Response late;
  late.status = 200;
  late.body = kTokenBody;
  late.headers = JsonHeaders();
  transport_->AnswerAfter(absl::Seconds(20), late);
  CallScope scope = Scope();
  scope.deadline = loop_.MonotonicNow() + absl::Seconds(5);
  EXPECT_THAT(Run(instance->client().Send(Get(), scope)),
              HasReason("UPSTREAM_TIMEOUT"));
  // The login went on for others.
  loop_.Advance(absl::Seconds(20));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_EQ(request_count(), 2u);
}

TEST_F(RestClientTest, ARateRuleHoldsCallsBack) {
  const auto instance = MakeInstance();
  http::Headers headers = JsonHeaders();
  headers.Add("Retry-After", "120");
  headers.Add("X-RateLimit-Limit", "100");
  headers.Add("X-RateLimit-Reset", "1800000000");
  headers.Add("X-RateLimit-Rule", kSysId);
  transport_->Answer(429, ErrorBody("Rate limit exceeded", ""), headers);
  EXPECT_THAT(Send(*instance, Get()), HasReason("UPSTREAM_RATE_LIMITED"));
  loop_.Advance(absl::Seconds(20));
  const Sent held = Send(*instance, Get());
  EXPECT_THAT(held, HasReason("UPSTREAM_RATE_LIMITED"));
  EXPECT_EQ(RetryDelay(held.status()), absl::Seconds(100));
  EXPECT_EQ(request_count(), 1u);
  const v1::Instance described = instance->Describe(true);
  EXPECT_EQ(described.rate_limit().requests_per_hour(), 100);
  EXPECT_EQ(described.rate_limit().rule_sys_id(), kSysId);
  EXPECT_EQ(described.rate_limit().reset_time().seconds(), 1800000000);
  EXPECT_TRUE(described.rate_limit().has_blocked_until_time());

  loop_.Advance(absl::Seconds(100));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
  EXPECT_FALSE(instance->Describe(true).rate_limit().has_blocked_until_time());
}

TEST_F(RestClientTest, AFullSemaphoreHoldsNothingBack) {
  const auto instance = MakeInstance();
  AnswerJson(429, ErrorBody("busy", ""));
  const Sent busy = Send(*instance, Get());
  EXPECT_THAT(busy, HasReason("UPSTREAM_RATE_LIMITED"));
  EXPECT_EQ(RetryDelay(busy.status()), absl::Seconds(5));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, Get()));
}

TEST_F(RestClientTest, AFullQueueRefusesAtOnce) {
  InstanceSettings settings = Settings();
  settings.limiter = {.max_concurrent = 1, .max_queued = 0};
  const auto instance = MakeInstance(std::move(settings));
  http::Response late;
  late.status = 200;
  late.body = ResultOf(nlohmann::json::object());
  late.headers = JsonHeaders();
  transport_->AnswerAfter(absl::Seconds(3), late);
  std::optional<Sent> first;
  async::Start(instance->client().Send(Get(), Scope()),
               [&first](Sent sent) { first.emplace(std::move(sent)); });
  const Sent second = Send(*instance, Get());
  EXPECT_THAT(second, HasReason("GATEWAY_OVERLOADED"));
  const ErrorDetails details = *GetErrorDetails(second.status());
  EXPECT_EQ(details.domain, kErrorDomain);
  EXPECT_EQ(details.metadata.at("instance"), "prod");
  EXPECT_TRUE(details.retry_after.has_value());
  loop_.Advance(absl::Seconds(3));
  ASSERT_TRUE(first.has_value());
  EXPECT_OK(*first);
}

TEST_F(RestClientTest, KeepsTheHealthThatTheLastCallShowed) {
  const auto instance = MakeInstance();
  EXPECT_EQ(instance->Describe(true).health().state(),
            v1::HEALTH_STATE_UNSPECIFIED);
  transport_->Fail(Kind::kResolve, false, "no such host dev.example.test");
  EXPECT_FALSE(Send(*instance, Get()).ok());
  EXPECT_EQ(instance->Describe(true).health().state(),
            v1::HEALTH_STATE_UNREACHABLE);
  EXPECT_THAT(instance->Describe(true).health().message(),
              HasSubstr("no such host"));
  transport_->Answer(200, "<html>Hibernating Instance</html>",
                     {{"Content-Type", "text/html"}});
  EXPECT_FALSE(Send(*instance, Get()).ok());
  EXPECT_EQ(instance->Describe(true).health().state(),
            v1::HEALTH_STATE_HIBERNATING);
  AnswerNoRecord();
  EXPECT_FALSE(Send(*instance, Get()).ok());
  EXPECT_EQ(instance->Describe(true).health().state(),
            v1::HEALTH_STATE_HEALTHY);
  EXPECT_EQ(instance->Describe(true).health().message(), "");
  EXPECT_TRUE(instance->Describe(true).health().has_check_time());
}

TEST_F(RestClientTest, AShortDeadlineSaysNothingAboutTheInstance) {
  const auto instance = MakeInstance();
  transport_->Fail(Kind::kTimeout, true);
  CallScope scope = Scope();
  scope.deadline = loop_.MonotonicNow() + absl::Milliseconds(100);
  EXPECT_FALSE(Run(instance->client().Send(Get(), scope)).ok());
  EXPECT_EQ(instance->Describe(true).health().state(),
            v1::HEALTH_STATE_UNSPECIFIED);
}

TEST_F(RestClientTest, LogsOneLineACallWithoutQueryAndSecret) {
  log::CaptureLogs logs;
  const auto instance = MakeInstance();
  RestCall call = Get();
  call.query = "sysparm_query=correlation_id%3Dprivate-value";
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Send(*instance, call));
  AnswerJson(403, ErrorBody("Operation Failed", "private-value"));
  EXPECT_FALSE(Send(*instance, call).ok());
  transport_->Fail(Kind::kConnect, false);
  EXPECT_FALSE(Send(*instance, call).ok());
  const std::vector<std::string> lines = logs.Lines("servicenow.call");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0],
              AllOf(HasSubstr("\"debug\""), HasSubstr("\"GET\""),
                    HasSubstr("/api/now/v2/table/incident"), HasSubstr("200")));
  EXPECT_THAT(lines[1],
              AllOf(HasSubstr("\"warning\""), HasSubstr("UPSTREAM_FORBIDDEN")));
  EXPECT_THAT(lines[2], AllOf(HasSubstr("\"warning\""), HasSubstr("CONNECT")));
  EXPECT_THAT(logs.Text(), Not(HasSubstr("private-value")));
  EXPECT_THAT(logs.Text(), Not(HasSubstr(kSecretText)));
}

// Each kind of credential, against instances that fail in every way and echo
// what they were sent.
TEST_F(RestClientTest, NoSecretInAnyErrorLogOrHealth) {
  log::CaptureLogs logs;
  const std::vector<Credentials> all = {
      ApiKey(), ClientCredentials(),
      BasicCredentials{"joe", FileSecret{config::Secret(kSecretText), "/f"}},
      OAuthPasswordCredentials{
          "client", FileSecret{config::Secret(kSecretText), "/f"}, "joe",
          FileSecret{config::Secret(kSecretText), "/g"}}};
  const std::string token = "t0ken-VALUE-t0ken";
  int failures = 0;
  for (const Credentials& credentials : all) {
    for (int status : {200, 202, 302, 400, 401, 403, 404, 409, 429, 500, 503}) {
      for (bool login_fails : {false, true}) {
        const auto instance = MakeInstance(credentials);
        transport_->HandleRest([&](const auto& request) -> http::Result {
          http::Response response;
          response.headers = JsonHeaders();
          if (PathOf(request.url) == "/oauth_token.do" && !login_fails) {
            response.status = 200;
            response.body = nlohmann::json{{"access_token", token}}.dump();
            return response;
          }
          std::string echo = request.body;
          for (const auto& [name, value] : request.headers) {
            absl::StrAppend(&echo, " ", name, ": ", value);
          }
          response.status = status;
          response.body = ErrorBody(echo, echo);
          return response;
        });
        const Sent sent = Send(*instance, Get());
        ASSERT_FALSE(sent.ok()) << status;
        ++failures;
        std::string told(sent.status().message());
        const ErrorDetails details = *GetErrorDetails(sent.status());
        for (const auto& [key, value] : details.metadata) {
          absl::StrAppend(&told, " ", value);
        }
        absl::StrAppend(&told, instance->Describe(true).ShortDebugString());
        EXPECT_THAT(told, Not(HasSubstr(kSecretText))) << status;
        EXPECT_THAT(told, Not(HasSubstr("am9lOnMzY3IzdC1WQUxVRQ"))) << status;
        EXPECT_THAT(told, Not(HasSubstr(token))) << status;
      }
    }
  }
  EXPECT_EQ(failures, 88);
  EXPECT_THAT(logs.Text(), Not(HasSubstr(kSecretText)));
  EXPECT_THAT(logs.Text(), Not(HasSubstr(token)));
}

TEST_F(RestClientTest, EndsWhenTheCallerGivesUp) {
  const auto instance = MakeInstance();
  http::Response late;
  late.status = 200;
  late.body = ResultOf(nlohmann::json::object());
  late.headers = JsonHeaders();
  transport_->AnswerAfter(absl::Seconds(20), late);
  std::stop_source stop;
  CallScope scope = Scope();
  scope.stop = stop.get_token();
  std::optional<Sent> sent;
  async::Start(instance->client().Send(Get(), scope),
               [&sent](Sent reply) { sent.emplace(std::move(reply)); });
  loop_.RunUntilIdle();
  stop.request_stop();
  loop_.RunUntilIdle();
  ASSERT_TRUE(sent.has_value());
  EXPECT_THAT(*sent, HasReason("CANCELLED"));
}

}  // namespace
}  // namespace opcon_snow::snow
