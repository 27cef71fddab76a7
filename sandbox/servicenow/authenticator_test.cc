#include "sandbox/servicenow/authenticator.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

class AuthenticatorTest : public InstanceFixture {
 protected:
  Reply Token(
      const std::string& form,
      const std::string& client = "client_id=sandbox&client_secret=sandbox&") {
    return Call("POST", "/oauth_token.do", client + form,
                {{"content-type", "application/x-www-form-urlencoded"},
                 {"authorization", ""}});
  }

  // The status of a call with this Authorization header.
  int With(const std::string& authorization) {
    return Call("GET", "/api/now/table/incident", "",
                {{"authorization", authorization}})
        .status;
  }
};

TEST_F(AuthenticatorTest, WithoutCredentialsEverythingIsA401) {
  const Reply reply =
      Call("GET", "/api/now/table/bogus", "", {{"authorization", ""}});
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(Body(reply),
            (Json{{"error",
                   {{"message", "User Not Authenticated"},
                    {"detail", "Required to provide Auth information"}}},
                  {"status", "failure"}}));
  EXPECT_EQ(HeaderOf(reply, "X-Is-Logged-In"), "false");
  EXPECT_NE(HeaderOf(reply, "WWW-Authenticate"), "");
}

TEST_F(AuthenticatorTest, Basic) {
  EXPECT_EQ(With(Basic("admin", "admin")), 200);
  EXPECT_EQ(With(Basic("opcon.integration", "sandbox")), 200);
  EXPECT_EQ(With(Basic("admin", "wrong")), 401);
  EXPECT_EQ(With(Basic("nobody", "")), 401);
  // Has no password.
  EXPECT_EQ(With(Basic("fred.luddy", "")), 401);
  EXPECT_EQ(With("Basic %%%"), 401);
  EXPECT_EQ(With("Digest x"), 401);
  Settings settings;
  settings.allow_basic = false;
  Start(std::move(settings));
  EXPECT_EQ(With(Basic("admin", "admin")), 401);
}

TEST_F(AuthenticatorTest, LockedAndInactiveUsersStayOutside) {
  const Json user = List("sys_user?user_name=opcon.integration")[0];
  const std::string path =
      "/api/now/table/sys_user/" + user["sys_id"].get<std::string>();
  EXPECT_EQ(Call("PATCH", path, R"({"locked_out":"true"})").status, 200);
  EXPECT_EQ(With(Basic("opcon.integration", "sandbox")), 401);
  EXPECT_EQ(Token("grant_type=client_credentials").status, 401);
}

TEST_F(AuthenticatorTest, ApiKeyByHeaderOrQuery) {
  EXPECT_EQ(Call("GET", "/api/now/table/incident", "",
                 {{"authorization", ""}, {"x-sn-apikey", "sandbox-key"}})
                .status,
            200);
  EXPECT_EQ(Call("GET", "/api/now/table/incident?x-sn-apikey=sandbox-key", "",
                 {{"authorization", ""}})
                .status,
            200);
  EXPECT_EQ(Call("GET", "/api/now/table/incident", "",
                 {{"authorization", ""}, {"x-sn-apikey", "wrong"}})
                .status,
            401);
}

TEST_F(AuthenticatorTest, PasswordGrantGivesBothTokens) {
  const Reply reply =
      Token("grant_type=password&username=admin&password=admin");
  ASSERT_EQ(reply.status, 200);
  const Json token = Body(reply);
  EXPECT_EQ(token["token_type"], "Bearer");
  EXPECT_EQ(token["scope"], "useraccount");
  EXPECT_EQ(token["expires_in"], 1800);
  const std::string bearer =
      "Bearer " + token["access_token"].get<std::string>();
  EXPECT_EQ(With(bearer), 200);
  now_ += absl::Seconds(1800);
  EXPECT_EQ(With(bearer), 401);
  const Reply renewed = Token("grant_type=refresh_token&refresh_token=" +
                              token["refresh_token"].get<std::string>());
  ASSERT_EQ(renewed.status, 200);
  EXPECT_EQ(With("Bearer " + Body(renewed)["access_token"].get<std::string>()),
            200);
}

TEST_F(AuthenticatorTest, ClientCredentialsActAsTheIntegrationUser) {
  const Json token = Body(Token("grant_type=client_credentials"));
  EXPECT_FALSE(token.contains("refresh_token"));
  const Reply reply =
      Call("POST", "/api/now/table/incident", "{}",
           {{"authorization",
             "Bearer " + token["access_token"].get<std::string>()}});
  EXPECT_EQ(Body(reply)["result"]["sys_created_by"], "opcon.integration");
}

TEST_F(AuthenticatorTest, AskingAgainReturnsTheSameTokenWithLessLife) {
  const Json first = Body(Token("grant_type=client_credentials"));
  now_ += absl::Seconds(1790);
  const Json second = Body(Token("grant_type=client_credentials"));
  EXPECT_EQ(second["access_token"], first["access_token"]);
  EXPECT_EQ(second["expires_in"], 10);
}

TEST_F(AuthenticatorTest, LifetimeAndRevocation) {
  Settings settings;
  settings.access_token_lifetime = absl::Seconds(2);
  Start(std::move(settings));
  const Json token = Body(Token("grant_type=client_credentials"));
  EXPECT_EQ(token["expires_in"], 2);
  const std::string bearer =
      "Bearer " + token["access_token"].get<std::string>();
  EXPECT_EQ(With(bearer), 200);
  const auto reply = instance_->Control(Request("DELETE", "/_sandbox/tokens"));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 204);
  EXPECT_EQ(With(bearer), 401);
}

TEST_F(AuthenticatorTest, EveryRefusalLooksTheSame) {
  const Json denied = {{"error_description", "access_denied"},
                       {"error", "server_error"}};
  for (const Reply& reply :
       {Token("grant_type=password&username=admin&password=wrong"),
        Token("grant_type=refresh_token&refresh_token=none"),
        Token("grant_type=bogus"), Token(""),
        Token("grant_type=client_credentials",
              "client_id=sandbox&client_secret=wrong&"),
        // No key is configured.
        Token("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&"
              "assertion=a.b.c"),
        Call("GET", "/oauth_token.do")}) {
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(Body(reply), denied);
  }
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
