#include "common/rpc/server.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/http/test_certificate.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/test_service.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Stub = ServiceNowGateway::StubInterface;

constexpr char kServiceName[] = "servicenow.v1.ServiceNowGateway";

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : service_({.executor = loop_.executor()}) {
    service_.on_get = [this](CallContext& call, const GetIncidentRequest& get)
        -> async::Task<absl::StatusOr<GetIncidentResponse>> {
      identities_ = call.PeerIdentities();
      GetIncidentResponse response;
      response.mutable_incident()->set_number(get.number());
      co_return response;
    };
  }
  ~ServerTest() override {
    if (server_ != nullptr) {
      EXPECT_OK(server_->Stop());
    }
  }

  absl::Status Start(const ServerOptions& options) {
    auto server = Server::Create(options, {service_.served()});
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return server_->Start();
  }

  std::shared_ptr<grpc::Channel> Connect(ChannelOptions options = {}) {
    if (options.target.empty()) options.target = server_->address();
    auto channel = CreateChannel(options);
    EXPECT_OK(channel);
    return channel.ok() ? *channel : nullptr;
  }

  absl::StatusOr<GetIncidentResponse> Get(
      const std::shared_ptr<grpc::Channel>& channel,
      const std::string& number = "INC1") {
    const auto stub = ServiceNowGateway::NewStub(channel);
    GetIncidentRequest request;
    request.set_number(number);
    return Call(*stub, &Stub::GetIncident, request);
  }

  absl::StatusOr<HealthCheckResponse::ServingStatus> HealthOf(
      const std::string& service) {
    const auto stub = Health::NewStub(Connect());
    HealthCheckRequest request;
    request.set_service(service);
    const auto response = Call<Health::Stub, Health::StubInterface>(
        *stub, &Health::StubInterface::Check, request);
    if (!response.ok()) return response.status();
    return response->status();
  }

  TestLoop loop_;
  std::vector<std::string> identities_;
  TestService service_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, TakesAFreePortAndAnswers) {
  ASSERT_OK(Start({}));
  EXPECT_GT(server_->port(), 0);
  EXPECT_EQ(server_->address(), absl::StrCat("127.0.0.1:", server_->port()));
  EXPECT_OK(Get(Connect()));
}

TEST_F(ServerTest, ServesHealthOfEveryService) {
  ASSERT_OK(Start({}));
  EXPECT_THAT(HealthOf(""), IsOkAndHolds(HealthCheckResponse::SERVING));
  EXPECT_THAT(HealthOf(kServiceName),
              IsOkAndHolds(HealthCheckResponse::SERVING));
  EXPECT_THAT(HealthOf("unknown.Service"),
              StatusIs(absl::StatusCode::kNotFound));
  server_->SetServing(kServiceName, false);
  EXPECT_THAT(HealthOf(kServiceName),
              IsOkAndHolds(HealthCheckResponse::NOT_SERVING));
  EXPECT_THAT(HealthOf(""), IsOkAndHolds(HealthCheckResponse::SERVING));
  server_->SetServing(kServiceName, true);
  EXPECT_THAT(HealthOf(kServiceName),
              IsOkAndHolds(HealthCheckResponse::SERVING));
}

TEST_F(ServerTest, HealthWatchersSeeTheDrainAndDoNotHoldItUp) {
  ServerOptions options;
  options.shutdown_timeout = absl::Minutes(10);
  ASSERT_OK(Start(options));
  const auto stub = Health::NewStub(Connect());
  std::vector<HealthCheckResponse::ServingStatus> seen;
  std::atomic<bool> watching = false;
  std::thread watcher([&] {
    HealthCheckRequest request;
    request.set_service(kServiceName);
    const absl::Status ended =
        ReadStream<Health::Stub, Health::StubInterface, HealthCheckRequest,
                   HealthCheckResponse>(*stub, &Health::StubInterface::Watch,
                                        request, {.timeout = absl::Minutes(10)},
                                        [&](HealthCheckResponse& response) {
                                          seen.push_back(response.status());
                                          watching = true;
                                          return absl::OkStatus();
                                        });
    EXPECT_FALSE(ended.ok());
  });
  ASSERT_TRUE(Eventually([&] { return watching.load(); }));
  EXPECT_OK(server_->Stop()) << "and not after ten minutes";
  watcher.join();
  EXPECT_THAT(seen, ElementsAre(HealthCheckResponse::SERVING,
                                HealthCheckResponse::NOT_SERVING));
}

TEST_F(ServerTest, RefusesCompressedMessages) {
  ASSERT_OK(Start({}));
  const auto stub = ServiceNowGateway::NewStub(Connect());
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  GetIncidentRequest request;
  request.set_number(std::string(100'000, 'x'));
  GetIncidentResponse response;
  EXPECT_EQ(stub->GetIncident(&context, request, &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_OK(Get(Connect()));
}

TEST_F(ServerTest, RefusesMessagesThatAreTooLarge) {
  ServerOptions options;
  options.max_receive_bytes = 1000;
  ASSERT_OK(Start(options));
  EXPECT_OK(Get(Connect(), std::string(900, 'x')));
  EXPECT_THAT(Get(Connect(), std::string(1100, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(ServerTest, ErrorsFitIntoTrailersAtTheirLongest) {
  service_.on_get = [](CallContext&, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    ErrorDetails details;
    details.reason = "LONG";
    std::string message;
    // Percent-encoding triples such characters in the trailer.
    for (int i = 0; i < 10'000; ++i) message += "\u65e5";
    for (int i = 0; i < 100; ++i) {
      details.metadata[absl::StrCat("k", i)] = message;
    }
    co_return MakeError(absl::StatusCode::kFailedPrecondition, message,
                        details);
  };
  ASSERT_OK(Start({}));
  const auto result = Get(Connect());
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("\u65e5\u65e5")));
  EXPECT_THAT(result, HasReason("LONG"));

  // Also for a client that keeps to gRPC's own default limit.
  const auto plain = grpc::CreateChannel(server_->address(),
                                         grpc::InsecureChannelCredentials());
  EXPECT_THAT(Get(plain), HasReason("LONG"));
}

TEST_F(ServerTest, NeedsTlsWhereOthersCanReachIt) {
  for (const char* host : {"0.0.0.0", "::", "10.1.2.3", "example.com"}) {
    ServerOptions options;
    options.host = host;
    EXPECT_THAT(Start(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("without TLS")));
  }
}

TEST_F(ServerTest, RefusesOptionsOutOfRange) {
  const auto invalid = [this](auto change) {
    ServerOptions options;
    change(options);
    EXPECT_THAT(Start(options), StatusIs(absl::StatusCode::kInvalidArgument));
  };
  invalid([](ServerOptions& o) { o.host = ""; });
  invalid([](ServerOptions& o) { o.port = -1; });
  invalid([](ServerOptions& o) { o.port = 65536; });
  invalid([](ServerOptions& o) { o.max_threads = 1; });
  invalid([](ServerOptions& o) { o.max_receive_bytes = 0; });
  invalid([](ServerOptions& o) { o.max_send_bytes = std::size_t{1} << 40; });
  invalid([](ServerOptions& o) { o.use_tls = true; });
  EXPECT_THAT(Server::Create({}, {ServedService()}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ServerTest, SaysThatThePortIsTaken) {
  ASSERT_OK(Start({}));
  TestService other({.executor = loop_.executor()});
  auto second = Server::Create({.port = server_->port()}, {other.served()});
  ASSERT_OK(second);
  EXPECT_THAT((*second)->Start(), StatusIs(absl::StatusCode::kUnavailable,
                                           HasSubstr(server_->address())));
  EXPECT_EQ((*second)->port(), 0);
  EXPECT_OK((*second)->Stop());
}

TEST_F(ServerTest, StartsOnceAndStopsAnyNumberOfTimes) {
  ASSERT_OK(Start({}));
  EXPECT_THAT(server_->Start(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  std::vector<std::thread> stoppers;
  stoppers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    stoppers.emplace_back([this] { EXPECT_OK(server_->Stop()); });
  }
  for (std::thread& stopper : stoppers) stopper.join();
  EXPECT_OK(server_->Stop());
  EXPECT_THAT(server_->Start(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  server_->SetServing("", true);
}

TEST_F(ServerTest, StopsWithoutHavingStarted) {
  auto server = Server::Create({}, {service_.served()});
  ASSERT_OK(server);
  EXPECT_OK((*server)->Stop());
  EXPECT_THAT((*server)->Start(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

// --- TLS --------------------------------------------------------------------

class TlsServerTest : public ServerTest {
 protected:
  ServerOptions TlsOptions() const {
    ServerOptions options;
    options.use_tls = true;
    options.tls.certificate_file = server_certificate_.certificate_file;
    options.tls.private_key_file = server_certificate_.key_file;
    return options;
  }
  ChannelOptions TlsChannel() const {
    ChannelOptions options;
    options.use_tls = true;
    options.tls.ca_file = server_certificate_.certificate_file;
    return options;
  }

  const http::TestCertificate server_certificate_ =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  const http::TestCertificate client_certificate_ =
      http::MakeTestCertificate("client", "client.example", "");
  const http::TestCertificate other_certificate_ =
      http::MakeTestCertificate("other", "localhost", "127.0.0.1");
};

TEST_F(TlsServerTest, VerifiesTheServer) {
  ASSERT_OK(Start(TlsOptions()));
  EXPECT_OK(Get(Connect(TlsChannel())));
  EXPECT_THAT(Get(Connect()), StatusIs(absl::StatusCode::kUnavailable))
      << "plaintext does not get through";
  ChannelOptions stranger = TlsChannel();
  stranger.tls.ca_file = other_certificate_.certificate_file;
  EXPECT_THAT(Get(Connect(stranger)), StatusIs(absl::StatusCode::kUnavailable));
  ChannelOptions misnamed = TlsChannel();
  misnamed.tls.server_name = "elsewhere.example";
  EXPECT_THAT(Get(Connect(misnamed)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TlsServerTest, AsksForClientCertificatesIfThereIsAnAuthority) {
  ServerOptions options = TlsOptions();
  options.tls.client_ca_file = client_certificate_.certificate_file;
  ASSERT_OK(Start(options));
  EXPECT_THAT(Get(Connect(TlsChannel())),
              StatusIs(absl::StatusCode::kUnavailable));
  ChannelOptions channel = TlsChannel();
  channel.tls.certificate_file = other_certificate_.certificate_file;
  channel.tls.private_key_file = other_certificate_.key_file;
  EXPECT_THAT(Get(Connect(channel)), StatusIs(absl::StatusCode::kUnavailable));
  channel.tls.certificate_file = client_certificate_.certificate_file;
  channel.tls.private_key_file = client_certificate_.key_file;
  EXPECT_OK(Get(Connect(channel)));
  EXPECT_THAT(identities_, ElementsAre("client.example"));
}

TEST_F(TlsServerTest, SaysWhichFileIsWrong) {
  ServerOptions options = TlsOptions();
  options.tls.certificate_file = "/does/not/exist";
  EXPECT_THAT(Start(options), StatusIs(absl::StatusCode::kNotFound,
                                       HasSubstr("/does/not/exist")));
  options = TlsOptions();
  options.tls.client_ca_file = "/neither";
  EXPECT_THAT(Start(options),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/neither")));
  options = TlsOptions();
  options.tls.private_key_file = other_certificate_.key_file;
  EXPECT_FALSE(Start(options).ok()) << "the key is of another certificate";
}

TEST_F(TlsServerTest, ChannelsSayWhichFileIsWrong) {
  ChannelOptions options = TlsChannel();
  options.target = "localhost:5";
  options.tls.ca_file = "/does/not/exist";
  EXPECT_THAT(CreateChannel(options), StatusIs(absl::StatusCode::kNotFound,
                                               HasSubstr("/does/not/exist")));
  options = TlsChannel();
  options.target = "localhost:5";
  options.tls.certificate_file = client_certificate_.certificate_file;
  EXPECT_THAT(CreateChannel(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("both")));
}

TEST(ChannelTest, PlaintextStaysOnThisMachine) {
  EXPECT_THAT(CreateChannel({}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      CreateChannel({.target = "example.com:5"}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without TLS")));
  EXPECT_OK(CreateChannel({.target = "example.com:5", .use_tls = true}));
  EXPECT_OK(
      CreateChannel({.target = "example.com:5", .allow_plaintext = true}));
  EXPECT_OK(CreateChannel({.target = "localhost:5"}));
}

}  // namespace
}  // namespace opcon_snow::rpc
