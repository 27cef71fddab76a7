// The configuration is read again while calls are under way, and tokens are
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
#include "tests/opcon_gateway/gateway_and_opcon.h"

namespace opcon_snow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace v1 = ::opcon::v1;
using nlohmann::json;

class ReloadTest : public GatewayAndOpConTest {
 protected:
  void Start() {
    ASSERT_NO_FATAL_FAILURE(StartSandbox());
    ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml(
        "prod", absl::StrCat("    token_file: ", PathOf("token"), "\n"))));
    HaveFailedJob("JOB001");
  }

  std::string Config() const {
    return harness::ReadFile(PathOf("gateway.yaml"));
  }
  void Hangup(const std::string& config) {
    ASSERT_OK(harness::WriteFile(PathOf("gateway.yaml"), config));
    ASSERT_EQ(kill(gateway_->pid(), SIGHUP), 0);
  }
  void AwaitLog(const std::string& text) {
    EXPECT_TRUE(harness::Eventually([&] {
      return GatewayLog().find(text) != std::string::npos;
    })) << text
        << " is not in\n"
        << GatewayLog();
  }

  absl::Status Get(const std::string& instance = "") {
    v1::GetDailyJobRequest request;
    request.set_instance(instance);
    request.mutable_job()->set_id(JobId("JOB001"));
    return rpc::Call(*stub_, &Stub::GetDailyJob, request).status();
  }
};

TEST_F(ReloadTest, AFileWithFaultsChangesNothingAndEachIsTold) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Hangup(absl::StrCat(Config(),
                      "  - name: second\n    base_url: nonsense\n"
                      "    token_file: not_there\n    unknwon: 1\n"));
  AwaitLog("config.reload_refused");
  EXPECT_THAT(GatewayLog(),
              AllOf(HasSubstr("instances[1].base_url: "),
                    HasSubstr("instances[1].unknwon: is not known"),
                    HasSubstr("instances[1].token_file: secret file "),
                    Not(HasSubstr("config.reloaded"))));
  EXPECT_OK(Get());
}

TEST_F(ReloadTest, ATokenThatCannotBeReadChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(std::filesystem::remove(PathOf("token")));
  Hangup(Config());
  AwaitLog("config.reload_refused");
  EXPECT_THAT(GatewayLog(), HasSubstr("instances[0].token_file: secret file"));
  EXPECT_OK(Get());
}

TEST_F(ReloadTest, CallsUnderWayEndWithTheInstanceThatTheyBeganWith) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Fault({{"path", "/api/dailyjobs*"}}, {{"kind", "delay"}, {"ms", 2000}}, 1);
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
  ASSERT_NO_FATAL_FAILURE(Start());
  Hangup(absl::StrReplaceAll(Config(), {{"127.0.0.1:0", "127.0.0.1:1"},
                                        {"name: prod", "name: other"}}));
  AwaitLog("config.takes_effect_at_next_start");
  EXPECT_THAT(GatewayLog(), HasSubstr("\"fields\":\"listener.address\""));
  EXPECT_TRUE(harness::Eventually([this] { return Get("other").ok(); }));
}

// Whoever replaces a token writes the file first: nobody has to tell the
// gateway, and no call fails at any moment.
TEST_F(ReloadTest, AReplacedTokenIsTakenWithoutALostCall) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const json made =
      Post("/api/tokens",
           {{"user", {{"loginName", "ocadm"}, {"password", "opconxps"}}},
            {"tokenType", {{"type", "Application"}, {"id", "second"}}}});
  const std::string token = made.at("id");
  ASSERT_OK(harness::WriteFile(PathOf("token"), token, 0600));
  for (int i = 0; i < 3; ++i) EXPECT_OK(Get());
  const harness::HttpPeer old(sandbox_port_, absl::StrCat("Token ", kToken));
  const auto deleted = old.Send("DELETE", "/api/tokens", nullptr);
  ASSERT_OK(deleted);
  ASSERT_EQ(deleted->status, 200) << deleted->body;
  for (int i = 0; i < 3; ++i) EXPECT_OK(Get());
  AwaitLog("opcon.credentials_replaced");
  EXPECT_THAT(GatewayLog(), Not(HasSubstr(token)));
}

}  // namespace
}  // namespace opcon_snow
