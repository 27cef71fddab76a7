#include "common/rpc/server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/log/capture.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server_fixture.h"
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

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kServiceName[] = "servicenow.v1.ServiceNowGateway";

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
    options.use_tls = true;
    EXPECT_THAT(Start(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("without authorization")));
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

// Connections that nobody uses, until it is destroyed.
class Idler {
 public:
  explicit Idler(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)),
              0);
  }
  ~Idler() { close(socket_); }
  Idler(const Idler&) = delete;
  Idler& operator=(const Idler&) = delete;

  // The server has nothing to say to it and leaves it open, or closes it.
  bool IsClosed() const {
    char byte = 0;
    ssize_t got = 0;
    while ((got = recv(socket_, &byte, 1, MSG_DONTWAIT)) > 0) {
    }
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  const int socket_;
};

TEST_F(ServerTest, BoundsTheConnections) {
  ServerOptions options;
  options.max_connections = 2;
  options.handshake_timeout = absl::Minutes(10);
  ASSERT_OK(Start(options));
  const log::CaptureLogs logs;
  auto first = std::make_unique<Idler>(server_->port());
  const Idler second(server_->port());
  const Idler third(server_->port());
  EXPECT_TRUE(Eventually([&] { return third.IsClosed(); }));
  EXPECT_FALSE(second.IsClosed());
  EXPECT_THAT(logs.Text(), HasSubstr("rpc.connection_refused"));
  first.reset();
  EXPECT_TRUE(Eventually([&] { return Get(Connect()).ok(); }))
      << "one that has gone makes room";
}

TEST_F(ServerTest, ListensOnEveryAddressOfAName) {
  ServerOptions options;
  options.host = "localhost";
  ASSERT_OK(Start(options));
  EXPECT_OK(
      Get(Connect({.target = absl::StrCat("127.0.0.1:", server_->port())})));
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
