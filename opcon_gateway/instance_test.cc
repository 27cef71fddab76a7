#include "opcon_gateway/instance.h"

#include <memory>
#include <string>
#include <utility>

#include "common/async/manual_event_loop.h"
#include "common/clock/fake_clock.h"
#include "common/http/fake_transport.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;

class InstanceTest : public ::testing::Test {
 protected:
  InstanceTest() {
    parts.loop = &loop;
    parts.clock = &clock;
    parts.make_transport = [this](const ::config::v1::OpConInstance&)
        -> absl::StatusOr<std::shared_ptr<http::Transport>> {
      return std::make_shared<http::FakeTransport>(&loop);
    };
  }

  ::config::v1::OpConInstance* Add(const std::string& name) {
    ::config::v1::OpConInstance* instance = config.add_instances();
    instance->set_name(name);
    instance->set_base_url("https://opcon.example:9010/");
    instance->set_token_file(WriteSecretFile("token", "t-" + name));
    return instance;
  }

  async::ManualEventLoop loop;
  FakeClock clock;
  InstanceParts parts;
  ::config::v1::OpConGatewayConfig config;
};

TEST_F(InstanceTest, TheFirstIsTheDefault) {
  Add("production");
  Add("test");
  ASSERT_OK_AND_ASSIGN(const auto set, InstanceSet::Create(config, parts));
  EXPECT_EQ((*set->Find(""))->name(), "production");
  EXPECT_EQ((*set->Find("test"))->name(), "test");
  EXPECT_EQ(set->default_name(), "production");
}

TEST_F(InstanceTest, TheDefaultCanBeNamed) {
  Add("production");
  Add("test");
  config.set_default_instance_name("test");
  ASSERT_OK_AND_ASSIGN(const auto set, InstanceSet::Create(config, parts));
  EXPECT_EQ((*set->Find(""))->name(), "test");
}

TEST_F(InstanceTest, AnUnknownNameTellsTheKnownOnes) {
  Add("production");
  Add("test");
  ASSERT_OK_AND_ASSIGN(const auto set, InstanceSet::Create(config, parts));
  const auto found = set->Find("staging");
  EXPECT_THAT(found, StatusIs(StatusCode::kNotFound,
                              AllOf(HasSubstr("staging"),
                                    HasSubstr("production, test"))));
  EXPECT_THAT(found, HasReason("UNKNOWN_INSTANCE"));
  EXPECT_EQ(GetErrorDetails(found.status())->metadata.at("known"),
            "production, test");
}

TEST_F(InstanceTest, DescribesItselfWithoutCredentials) {
  Add("production");
  Add("named")->set_public_address("opcon.public:443");
  ASSERT_OK_AND_ASSIGN(const auto set, InstanceSet::Create(config, parts));
  const ::opcon::v1::Instance production = set->all()[0]->Describe();
  EXPECT_EQ(production.base_url(), "https://opcon.example:9010");
  EXPECT_EQ(production.public_address(), "opcon.example:9010");
  EXPECT_EQ(production.health().state(), ::opcon::v1::HEALTH_STATE_UNSPECIFIED);
  EXPECT_EQ(set->all()[1]->Describe().public_address(), "opcon.public:443");
}

TEST_F(InstanceTest, ThePortOfThePublicAddressIsAlwaysSaid) {
  Add("production")->set_base_url("https://opcon.example");
  ASSERT_OK_AND_ASSIGN(const auto set, InstanceSet::Create(config, parts));
  EXPECT_EQ(set->all()[0]->Describe().public_address(), "opcon.example:443");
}

TEST_F(InstanceTest, ACallWithoutDeadlineHasTwiceTheLimitOfARequest) {
  Add("production");
  Add("slow")->mutable_limits()->mutable_call_timeout()->set_seconds(300);
  ASSERT_OK_AND_ASSIGN(const auto set, InstanceSet::Create(config, parts));
  EXPECT_EQ(set->all()[0]->default_deadline(), absl::Seconds(60));
  EXPECT_EQ(set->all()[1]->default_deadline(), absl::Minutes(10));
}

TEST_F(InstanceTest, MissingCredentialFilesAreToldAtOnce) {
  Add("production")->set_token_file("/nonexistent/token");
  const auto set = InstanceSet::Create(config, parts);
  EXPECT_FALSE(set.ok());
  EXPECT_THAT(std::string(set.status().message()),
              AllOf(HasSubstr("production"), HasSubstr("/nonexistent/token")));

  config.clear_instances();
  ::config::v1::OpConInstance* login = Add("login");
  login->clear_token_file();
  login->mutable_login()->set_username("ocadm");
  login->mutable_login()->set_password_file("/nonexistent/password");
  EXPECT_THAT(
      std::string(InstanceSet::Create(config, parts).status().message()),
      HasSubstr("/nonexistent/password"));
}

}  // namespace
}  // namespace opcon_snow::opcon
