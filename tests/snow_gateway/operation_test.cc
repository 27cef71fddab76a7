// Credentials, limits, outages and the configuration, as an operator meets
// them.

#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/signing_key.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(GatewayAndSandboxTest, EveryKindOfCredentialsWorksAndShowsInNoLog) {
  const harness::SigningKey key = harness::MakeSigningKey();
  ASSERT_OK(harness::WriteFile(PathOf("jwt.pem"), key.private_pem, 0600));
  ASSERT_OK(harness::WriteFile(PathOf("jwt.pub"), key.public_pem, 0600));
  ASSERT_NO_FATAL_FAILURE(StartSandbox({"--jwt-key", PathOf("jwt.pub")}));
  const std::vector<std::string> all = {
      kOAuth,
      "    oauth_jwt: {client: {client_id: sandbox, client_secret_file: "
      "secret}, key_file: jwt.pem, key_id: k1, subject: opcon.integration}\n",
      "    oauth_password: {client: {client_id: sandbox, client_secret_file: "
      "secret}, username: opcon.integration, password_file: secret}\n",
      "    api_key_file: key\n",
      "    basic: {username: opcon.integration, password_file: secret}\n"};
  for (const std::string& credentials : all) {
    SCOPED_TRACE(credentials);
    ASSERT_NO_FATAL_FAILURE(StartGateway(credentials));
    v1::ListInstancesRequest request;
    request.set_probe(true);
    const auto reply = rpc::Call(*stub_, &Stub::ListInstances, request);
    ASSERT_OK(reply);
    EXPECT_EQ(reply->instances(0).health().state(), v1::HEALTH_STATE_HEALTHY)
        << reply->instances(0).health().message();
    EXPECT_THAT(gateway_->Terminate(), IsOkAndHolds(0));
    gateway_ = nullptr;
  }
  EXPECT_THAT(GatewayLog(), HasSubstr("servicenow.call"));
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("sandbox-key")));
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("sysparm")));
  for (const json& request : SeenRequests()) {
    EXPECT_FALSE(request.at("headers").contains("Cookie"));
  }
}

TEST_F(GatewayAndSandboxTest, AWrongSecretNamesTheFileAndTheMend) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(
      "    oauth_client_credentials: {client_id: wrong, client_secret_file: "
      "key}\n"));
  const auto reply = Create(NewIncident("wrong"));
  EXPECT_THAT(reply, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(std::string(reply.status().message()),
              AllOf(HasSubstr("prod"), HasSubstr(PathOf("key")),
                    HasSubstr("OAuth"), Not(HasSubstr("sandbox-key"))));
}

TEST_F(GatewayAndSandboxTest, RateLimitsHibernationAndOutages) {
  ASSERT_NO_FATAL_FAILURE(Start());
  v1::GetIncidentRequest get;
  get.set_sys_id(SysId("none"));
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetIncident, get),
              HasReason("RECORD_NOT_FOUND"));
  Fault({{"match", {{"method", "GET"}}},
         {"times", 1},
         {"action",
          {{"kind", "body"},
           {"status", 200},
           {"headers", {{"Content-Type", "text/html"}}},
           {"body", "<html><title>Hibernating Instance</title></html>"}}}});
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetIncident, get),
              HasReason("INSTANCE_HIBERNATING"));
  Fault({{"match", {{"method", "GET"}}},
         {"times", 1},
         {"action",
          {{"kind", "status"},
           {"status", 429},
           {"headers", {{"Retry-After", "1800"}}}}}});
  const auto limited = rpc::Call(*stub_, &Stub::GetIncident, get);
  EXPECT_THAT(limited, HasReason("UPSTREAM_RATE_LIMITED"));
  EXPECT_EQ(RetryDelay(limited.status()), absl::Minutes(30));
  const auto state =
      rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
  ASSERT_OK(state);
  EXPECT_TRUE(state->instances(0).rate_limit().has_blocked_until_time());
}

TEST_F(GatewayAndSandboxTest, AnUnreachableInstanceIsTold) {
  ASSERT_NO_FATAL_FAILURE(Start());
  sandbox_->Kill();
  const auto reply = Create(NewIncident("nobody"));
  EXPECT_THAT(reply, HasReason("UPSTREAM_UNREACHABLE"));
  const auto state =
      rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
  ASSERT_OK(state);
  EXPECT_EQ(state->instances(0).health().state(), v1::HEALTH_STATE_UNREACHABLE);
}

TEST_F(GatewayAndSandboxTest, ReadsItsConfigurationAgainOnHangup) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string config = harness::ReadFile(PathOf("gateway.yaml"));
  ASSERT_OK(harness::WriteFile(
      PathOf("gateway.yaml"),
      absl::StrCat(config,
                   "  - name: second\n    base_url: http://127.0.0.1:1"
                   "\n    allow_plain_http: true\n"
                   "    api_key_file: key\n")));
  ASSERT_EQ(kill(gateway_->pid(), SIGHUP), 0);
  EXPECT_TRUE(harness::Eventually([&] {
    const auto state =
        rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
    return state.ok() && state->instances_size() == 2;
  })) << GatewayLog();
}

TEST_F(GatewayAndSandboxTest, CheckConfigSaysEveryFault) {
  ASSERT_OK(harness::WriteFile(
      PathOf("bad.yaml"),
      "listener: {address: \"0.0.0.0:0\"}\ninstances:\n  - name: X\n"
      "    base_url: nonsense\n    unknown: 1\n"));
  const auto run = harness::RunToEnd({programs_.snow_gateway, "--config",
                                      PathOf("bad.yaml"), "--check-config"},
                                     {}, directory_);
  ASSERT_OK(run);
  EXPECT_EQ(run->exit_code, 78);
  EXPECT_THAT(run->err, AllOf(HasSubstr("unknown"), HasSubstr("bad.yaml:")));
}

}  // namespace
}  // namespace opcon_snow
