// The configuration is read again while calls are under way, and secrets are
// replaced: nothing is lost, and what cannot be taken over changes nothing.

#include <signal.h>

#include <filesystem>
#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/rpc/call.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ReloadTest : public GatewayAndSandboxTest {
 protected:
  static constexpr char kBasic[] =
      "    basic: {username: opcon.integration, password_file: password}\n";

  void StartWith(const std::string& credentials) {
    ASSERT_OK(harness::WriteFile(PathOf("password"), "sandbox\n", 0600));
    ASSERT_NO_FATAL_FAILURE(StartSandbox());
    ASSERT_NO_FATAL_FAILURE(StartGateway(credentials));
    ASSERT_OK(Create(NewIncident("one")));
  }

  std::string Config() const {
    return harness::ReadFile(PathOf("gateway.yaml"));
  }
  void Hangup(const std::string& config) {
    ASSERT_OK(harness::WriteFile(PathOf("gateway.yaml"), config));
    ASSERT_EQ(kill(gateway_->pid(), SIGHUP), 0);
  }
  void AwaitLog(const std::string& text, int times = 1) {
    EXPECT_TRUE(harness::Eventually([&] {
      const std::string log = GatewayLog();
      int found = 0;
      for (std::size_t at = log.find(text); at != std::string::npos;
           at = log.find(text, at + 1)) {
        ++found;
      }
      return found >= times;
    })) << text
        << " is not in\n"
        << GatewayLog();
  }

  absl::Status Get(const std::string& instance = "") {
    v1::GetIncidentRequest request;
    request.set_instance(instance);
    request.set_sys_id(SysId("one"));
    return rpc::Call(*stub_, &Stub::GetIncident, request).status();
  }

  // What an administrator does.
  void SetPassword(const std::string& password) {
    const std::vector<json> users = Rows(
        "/api/now/table/sys_user?sysparm_query=user_name%3D"
        "opcon.integration");
    ASSERT_EQ(users.size(), 1u);
    const auto changed = servicenow_->Send(
        "PATCH",
        absl::StrCat("/api/now/table/sys_user/",
                     users.front().at("sys_id").get<std::string>()),
        {{"user_password", password}});
    ASSERT_OK(changed);
    ASSERT_EQ(changed->status, 200) << changed->body;
  }
};

TEST_F(ReloadTest, AFileWithFaultsChangesNothingAndEachIsTold) {
  ASSERT_NO_FATAL_FAILURE(StartWith(kOAuth));
  Hangup(absl::StrCat(Config(),
                      "  - name: second\n    base_url: nonsense\n"
                      "    api_key_file: key\n    unknwon: 1\n"
                      "  - name: third\n    base_url: https://x.example\n"
                      "    api_key_file: not_there\n"));
  AwaitLog("config.reload_refused");
  const std::string log = GatewayLog();
  EXPECT_THAT(log, AllOf(HasSubstr("instances[1].base_url: "),
                         HasSubstr("instances[1].unknwon: is not known"),
                         HasSubstr("instances[2].api_key_file: secret file "),
                         Not(HasSubstr("config.reloaded"))));
  EXPECT_OK(Get());
  EXPECT_THAT(Get("second"), HasReason("UNKNOWN_INSTANCE"));
}

TEST_F(ReloadTest, ASecretThatCannotBeReadChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(StartWith(kBasic));
  ASSERT_TRUE(std::filesystem::remove(PathOf("password")));
  Hangup(Config());
  AwaitLog("config.reload_refused");
  EXPECT_THAT(GatewayLog(),
              AllOf(HasSubstr("instances[0].basic.password_file: secret file"),
                    HasSubstr(PathOf("password"))));
  EXPECT_OK(Get());
  // Readable by everybody: as bad.
  ASSERT_OK(harness::WriteFile(PathOf("password"), "sandbox\n", 0644));
  Hangup(Config());
  AwaitLog("which lets everybody on this machine at it");
  EXPECT_OK(Get());
}

TEST_F(ReloadTest, CallsUnderWayEndWithTheInstanceThatTheyBeganWith) {
  ASSERT_NO_FATAL_FAILURE(StartWith(kOAuth));
  Fault({{"match", {{"method", "GET"}, {"path", "/api/now/table/incident*"}}},
         {"action", {{"kind", "delay"}, {"ms", 2000}}}});
  const std::size_t seen = SeenRequests().size();
  std::future<absl::Status> under_way =
      std::async(std::launch::async, [this] { return Get("prod"); });
  ASSERT_TRUE(
      harness::Eventually([&] { return SeenRequests().size() > seen; }));
  Hangup(absl::StrReplaceAll(Config(), {{"name: prod", "name: other"}}));
  EXPECT_TRUE(harness::Eventually(
      [this] { return !Get("prod").ok() && Get("other").ok(); }));
  EXPECT_THAT(Get("prod"), HasReason("UNKNOWN_INSTANCE"));
  EXPECT_OK(under_way.get());
}

TEST_F(ReloadTest, AnotherListenerWaitsForTheNextStartAndTheRestIsTaken) {
  ASSERT_NO_FATAL_FAILURE(StartWith(kOAuth));
  const std::string changed = absl::StrReplaceAll(
      Config(), {{"127.0.0.1:0\"", "127.0.0.1:1\", max_concurrent_calls: 7"},
                 {"name: prod", "name: other"}});
  for (int times : {1, 2}) {
    Hangup(changed);
    AwaitLog("config.takes_effect_at_next_start", times);
  }
  EXPECT_THAT(GatewayLog(), HasSubstr("\"fields\":\"listener.address, "
                                      "listener.max_concurrent_calls\""));
  EXPECT_TRUE(harness::Eventually([this] { return Get("other").ok(); }));
}

// Whoever replaces a password writes the file first: nobody has to tell the
// gateway, and no call fails at any moment.
TEST_F(ReloadTest, AReplacedPasswordIsTakenWithoutALostCall) {
  ASSERT_NO_FATAL_FAILURE(StartWith(kBasic));
  for (const char* password : {"second", "third"}) {
    ASSERT_OK(harness::WriteFile(PathOf("password"), password, 0600));
    for (int i = 0; i < 3; ++i) EXPECT_OK(Get());
    ASSERT_NO_FATAL_FAILURE(SetPassword(password));
    for (int i = 0; i < 3; ++i) EXPECT_OK(Get());
    EXPECT_OK(Create(NewIncident(password)));
  }
  AwaitLog("servicenow.secret_replaced", 2);
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("third")));
  // The other way round there is a time at which nothing is right.
  ASSERT_NO_FATAL_FAILURE(SetPassword("fourth"));
  EXPECT_THAT(Get(), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  ASSERT_TRUE(std::filesystem::remove(PathOf("password")));
  EXPECT_THAT(Get(), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  AwaitLog("servicenow.secret_unreadable");
  ASSERT_OK(harness::WriteFile(PathOf("password"), "fourth", 0600));
  EXPECT_OK(Get());
}

TEST_F(ReloadTest, APasswordThatIsReadAgainOnHangupIsTakenToo) {
  ASSERT_NO_FATAL_FAILURE(StartWith(kBasic));
  ASSERT_NO_FATAL_FAILURE(SetPassword("second"));
  ASSERT_OK(harness::WriteFile(PathOf("password"), "second", 0600));
  Hangup(Config());
  AwaitLog("config.reloaded");
  const std::size_t seen = SeenRequests().size();
  EXPECT_OK(Get());
  // Not by being refused first.
  EXPECT_EQ(SeenRequests().size(), seen + 1);
}

}  // namespace
}  // namespace opcon_snow
