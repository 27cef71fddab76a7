// The two configuration headers: server_config.h and channel_config.h.

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/config/fault.h"
#include "common/config/yaml_loader.h"
#include "common/rpc/channel_config.h"
#include "common/rpc/server_config.h"
#include "common/testing/status_matchers.h"
#include "config/v1/common.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

::config::v1::Listener ListenerOf(const std::string& yaml) {
  ::config::v1::Listener listener;
  config::Faults faults;
  EXPECT_OK(config::LoadYamlText(yaml, &listener, &faults));
  return listener;
}

std::string ListenerFaults(const std::string& yaml) {
  config::Faults faults("f");
  ValidateListener(ListenerOf(yaml), "listener", &faults);
  return faults.Format();
}

TEST(ServerConfigTest, GivesDefaults) {
  const auto listener = ListenerOf("address: 127.0.0.1:0");
  EXPECT_THAT(ListenerFaults("address: 127.0.0.1:0"), IsEmpty());
  const ServerOptions options = ServerOptionsFrom(listener);
  EXPECT_EQ(options.host, "127.0.0.1");
  EXPECT_EQ(options.port, 0);
  EXPECT_FALSE(options.use_tls);
  EXPECT_EQ(options.max_receive_bytes, std::size_t{1} << 20);
  EXPECT_EQ(options.shutdown_timeout, absl::Seconds(10));
  EXPECT_EQ(options.max_connections, 1000);
  EXPECT_EQ(options.max_connections_per_peer, 250);
  EXPECT_EQ(options.max_streams_per_connection, 100);
  EXPECT_EQ(options.max_metadata_bytes, std::size_t{16} << 10);
  EXPECT_EQ(MaxConcurrentCalls(listener), 200);
}

TEST(ServerConfigTest, TakesEverySetting) {
  const std::string yaml =
      "address: 0.0.0.0:443\n"
      "tls: {certificate_file: c, key_file: k, client_ca_file: a}\n"
      "authorization: {principals: [\n"
      "  {name: n, certificate_san: s, roles: [reader]}]}\n"
      "max_request_bytes: 1000\n"
      "max_concurrent_calls: 7\n"
      "drain_timeout: 0s\n"
      "max_connections: 100000\n"
      "max_connections_per_peer: 3\n"
      "max_streams_per_connection: 4\n"
      "max_metadata_bytes: 1024\n";
  EXPECT_THAT(ListenerFaults(yaml), IsEmpty());
  const ServerOptions options = ServerOptionsFrom(ListenerOf(yaml));
  EXPECT_EQ(options.host, "0.0.0.0");
  EXPECT_EQ(options.port, 443);
  EXPECT_TRUE(options.use_tls);
  EXPECT_EQ(options.tls.certificate_file, "c");
  EXPECT_EQ(options.tls.private_key_file, "k");
  EXPECT_EQ(options.tls.client_ca_file, "a");
  EXPECT_FALSE(options.tls.client_certificate_optional);
  EXPECT_EQ(options.max_receive_bytes, 1000U);
  EXPECT_EQ(options.shutdown_timeout, absl::ZeroDuration());
  EXPECT_EQ(options.max_connections, 100'000);
  EXPECT_EQ(options.max_connections_per_peer, 3);
  EXPECT_EQ(options.max_streams_per_connection, 4);
  EXPECT_EQ(options.max_metadata_bytes, 1024U);
  EXPECT_EQ(MaxConcurrentCalls(ListenerOf(yaml)), 7);
}

TEST(ServerConfigTest, WhoHasATokenNeedsNoCertificate) {
  EXPECT_TRUE(ServerOptionsFrom(ListenerOf("address: 127.0.0.1:1\n"
                                           "tls: {client_ca_file: a}\n"
                                           "authorization: {principals: [\n"
                                           "  {name: n, certificate_san: s},\n"
                                           "  {name: m, token_file: t}]}\n"))
                  .tls.client_certificate_optional);
}

class ReloadTest : public ::testing::Test {
 protected:
  void Start(const std::string& yaml) {
    running_ = ListenerOf(yaml);
    auto authorizer = AuthorizerOf(running_);
    ASSERT_OK(authorizer);
    authorizer_ = *std::move(authorizer);
    auto server = CreateServer(running_, {}, authorizer_);
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  absl::StatusOr<ListenerReload> Prepare(const std::string& yaml) {
    return PrepareReload(ListenerOf(yaml), running_, authorizer_, *server_);
  }

  ::config::v1::Listener running_;
  std::shared_ptr<auth::Authorizer> authorizer_;
  std::unique_ptr<Server> server_;
};

constexpr char kGuarded[] =
    "address: 127.0.0.1:0\n"
    "authorization: {principals: [\n"
    "  {name: n, certificate_san: s, roles: [reader]}]}\n";

// Or taking the listener off the network would open it until then.
TEST_F(ReloadTest, WhoMayCallWaitsForTheNextStartTogetherWithTheAddress) {
  Start(kGuarded);
  for (const char* yaml :
       {"address: 127.0.0.1:1",
        "address: 127.0.0.1:0\ntls: {certificate_file: c, key_file: k}"}) {
    const auto reload = Prepare(yaml);
    ASSERT_OK(reload);
    EXPECT_FALSE(reload->takes_authorization);
    EXPECT_THAT(reload->TakenWith({"a"}), ElementsAre("a", "logging"));
    reload->take();
    EXPECT_FALSE(authorizer_->is_open());
  }
}

TEST_F(ReloadTest, WhoMayCallDoesNotWaitForTheBounds) {
  Start(kGuarded);
  const auto reload = Prepare("address: 127.0.0.1:0\nmax_connections: 7");
  ASSERT_OK(reload);
  EXPECT_THAT(reload->TakenWith({"a"}),
              ElementsAre("a", "logging", "listener.authorization"));
  EXPECT_FALSE(authorizer_->is_open()) << "nothing changes before it is taken";
  reload->take();
  EXPECT_TRUE(authorizer_->is_open());
}

TEST_F(ReloadTest, AFileThatIsMissingLeavesEverythingAsItWas) {
  Start(kGuarded);
  EXPECT_THAT(Prepare("address: 127.0.0.1:0\n"
                      "authorization: {principals: [\n"
                      "  {name: n, token_file: /not/there, roles: [reader]}]}"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/not/there")));
  EXPECT_FALSE(authorizer_->is_open());
}

TEST(ServerConfigTest, FindsEveryFault) {
  EXPECT_THAT(ListenerFaults("{}"), HasSubstr("listener.address: is required"));
  EXPECT_THAT(ListenerFaults("address: nonsense"),
              HasSubstr("listener.address: \"nonsense\" has no port"));
  EXPECT_THAT(ListenerFaults("address: 0.0.0.0:1"), HasSubstr("needs tls"));
  const std::string tls = "tls: {certificate_file: c, key_file: k}\n";
  EXPECT_THAT(ListenerFaults("address: 0.0.0.0:1\n" + tls),
              HasSubstr("needs tls and authorization"));
  EXPECT_THAT(
      ListenerFaults("address: 0.0.0.0:1\n" + tls + "authorization: {}\n"),
      HasSubstr("listener.authorization.principals: is required"));
  EXPECT_THAT(ListenerFaults("address: 127.0.0.1:1\n" + tls +
                             "authorization: {principals: [{name: n, "
                             "certificate_san: s, roles: [reader]}]}\n"),
              HasSubstr("needs tls.client_ca_file"));
  EXPECT_THAT(
      ListenerFaults("address: localhost:1\n"
                     "tls: {}\n"
                     "max_request_bytes: 16777217\n"
                     "max_concurrent_calls: -1\n"
                     "drain_timeout: 301s\n"
                     "max_connections: 100001\n"
                     "max_connections_per_peer: -1\n"
                     "max_streams_per_connection: 10001\n"
                     "max_metadata_bytes: 1023\n"),
      AllOf(HasSubstr("listener.tls.certificate_file: is required"),
            HasSubstr("listener.tls.key_file: is required"),
            HasSubstr("listener.max_request_bytes: 16777217 is not between 1 "
                      "and 16777216"),
            HasSubstr("listener.max_concurrent_calls: -1 is not between"),
            HasSubstr("listener.drain_timeout: 5m1s is not between 0s and "
                      "5m"),
            HasSubstr("listener.max_connections: 100001 is not between 1 and "
                      "100000"),
            HasSubstr("listener.max_connections_per_peer: -1 is not between"),
            HasSubstr("listener.max_streams_per_connection: 10001 is not "
                      "between 1 and 10000"),
            HasSubstr("listener.max_metadata_bytes: 1023 is not between 1024 "
                      "and 1048576")));
}

std::string ChannelFaults(const std::string& yaml,
                          ::config::v1::Channel* channel) {
  config::Faults faults("f");
  EXPECT_OK(config::LoadYamlText(yaml, channel, &faults));
  ValidateChannel(*channel, "server", &faults);
  return faults.Format();
}

TEST(ChannelConfigTest, TakesEverySetting) {
  ::config::v1::Channel channel;
  EXPECT_THAT(
      ChannelFaults("address: gateway.example:443\n"
                    "tls: {ca_file: a, certificate_file: c, key_file: k}\n",
                    &channel),
      IsEmpty());
  const ChannelOptions options = ChannelOptionsFrom(channel);
  EXPECT_EQ(options.target, "gateway.example:443");
  EXPECT_TRUE(options.use_tls);
  EXPECT_EQ(options.tls.ca_file, "a");
  EXPECT_EQ(options.tls.certificate_file, "c");
  EXPECT_EQ(options.tls.private_key_file, "k");
  EXPECT_FALSE(options.allow_plaintext);
}

TEST(ChannelConfigTest, FindsEveryFault) {
  ::config::v1::Channel channel;
  EXPECT_THAT(ChannelFaults("{}", &channel),
              HasSubstr("server.address: is required"));
  EXPECT_THAT(ChannelFaults("address: x", &channel), HasSubstr("no port"));
  EXPECT_THAT(ChannelFaults("address: localhost:0", &channel),
              HasSubstr("port 0"));
  EXPECT_THAT(ChannelFaults("address: example.com:5", &channel),
              HasSubstr("needs tls"));
  EXPECT_THAT(ChannelFaults("address: example.com:5\ntls: {}", &channel),
              IsEmpty());
  EXPECT_THAT(
      ChannelFaults("address: localhost:5\ntls: {key_file: k}", &channel),
      HasSubstr("server.tls: certificate_file and key_file"));
}

}  // namespace
}  // namespace opcon_snow::rpc
