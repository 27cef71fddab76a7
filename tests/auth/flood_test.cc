// Callers that want nothing but to be in the way, against a real gateway and
// the HTTP door, in plaintext and over TLS: more connections than there are
// descriptors, and hundreds that say next to nothing.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/http/test_certificate.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::auth {
namespace {

using Stub = ::opcon::v1::OpConGateway::StubInterface;

// Connections without anybody behind them.
class Idlers {
 public:
  explicit Idlers(int port) : port_(port) {}
  ~Idlers() { CloseAll(); }

  // The bytes are all that is ever sent.
  void Open(int count, const std::string& bytes) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      ASSERT_GE(fd, 0);
      ASSERT_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
      sockets_.push_back(fd);
    }
    for (const int fd : sockets_) {
      pollfd one = {.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&one, 1, 1000);
      const ssize_t ignored =
          send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      static_cast<void>(ignored);
    }
  }

  // How many the server has closed by now.
  int Closed() const {
    int closed = 0;
    for (const int fd : sockets_) {
      // What the server sends to greet us is in the way of its end.
      char buffer[4096];
      ssize_t got = 0;
      while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
      }
      closed += got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) ? 1 : 0;
    }
    return closed;
  }

  void CloseAll() {
    for (const int fd : sockets_) close(fd);
    sockets_.clear();
  }

 private:
  const int port_;
  std::vector<int> sockets_;
};

struct Listener {
  bool door;
  bool tls;
};

class FloodTest : public ::testing::TestWithParam<Listener> {
 protected:
  bool tls() const { return GetParam().tls; }
  bool door() const { return GetParam().door; }

  std::string Tls() const {
    return tls() ? absl::StrCat("  tls: {certificate_file: ",
                                certificate_.certificate_file,
                                ", key_file: ", certificate_.key_file, "}\n")
                 : "";
  }

  // The configuration of the process that listens.
  std::string Config(int door_connections) const {
    if (!door()) {
      return absl::StrCat("listener:\n  address: 127.0.0.1:0\n", Tls(),
                          "instances:\n  - name: production\n"
                          "    base_url: https://127.0.0.1:1\n"
                          "    public_address: opcon.example:1\n"
                          "    token_file: upstream\n");
    }
    return absl::StrCat(
        "listener: {address: \"127.0.0.1:0\"}\n"
        "http:\n  address: 127.0.0.1:0\n  request_timeout: 2s\n"
        "  max_connections: ",
        door_connections, "\n", Tls(),
        "opcon_gateway: {address: \"127.0.0.1:1\"}\n"
        "servicenow_gateway: {address: \"127.0.0.1:1\"}\n"
        "store: {sqlite: {path: incidents.db}}\n"
        "deployment: flood\ndefault_opcon: production\n"
        "templates: [{name: basic.json}]\n");
  }

  // A process that may have so many files open.
  void Start(int descriptors, int door_connections) {
    auto programs = harness::FindPrograms("");
    ASSERT_OK(programs);
    std::string folder = ::testing::TempDir() + "/flood-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    ASSERT_OK(harness::WriteFile(folder + "/upstream", "secret", 0600));
    ASSERT_OK(
        harness::WriteFile(folder + "/server.yaml", Config(door_connections)));
    const std::string ports = folder + "/ports";
    const std::string log = folder + "/server.log";
    auto process = harness::Process::Start(
        {.arguments =
             {"/bin/sh", "-c",
              absl::StrCat("ulimit -n ", descriptors, "; exec \"$@\""), "sh",
              door() ? programs->incident_service : programs->opcon_gateway,
              "--config", folder + "/server.yaml", "--port-file", ports},
         .environment = {},
         .stdout_file = log,
         .stderr_file = log});
    ASSERT_OK(process);
    process_ = *std::move(process);
    auto bound = harness::WaitForPorts(ports, process_.get(), log);
    ASSERT_OK(bound);
    port_ = bound->at(door() ? "http" : "grpc");
  }

  // On a connection of its own.
  absl::Status Call(absl::Duration timeout = absl::Seconds(2)) {
    if (door()) return Get(timeout);
    rpc::ChannelOptions options;
    options.target = absl::StrCat("127.0.0.1:", port_);
    options.use_tls = tls();
    options.tls.ca_file = certificate_.certificate_file;
    auto channel = rpc::CreateChannel(options);
    if (!channel.ok()) return channel.status();
    const auto stub = ::opcon::v1::OpConGateway::NewStub(*channel);
    return rpc::Call(*stub, &Stub::ListInstances, {},
                     {.timeout = timeout, .wait_for_ready = true})
        .status();
  }

  absl::Status Get(absl::Duration timeout) {
    httplib::Client client(
        absl::StrCat(tls() ? "https" : "http", "://127.0.0.1:", port_));
    if (tls()) client.set_ca_cert_path(certificate_.certificate_file.c_str());
    const auto seconds = absl::ToInt64Seconds(timeout) + 1;
    client.set_connection_timeout(seconds);
    client.set_read_timeout(seconds);
    const httplib::Result result = client.Get("/v1/openapi.json");
    if (!result) {
      return absl::UnavailableError(httplib::to_string(result.error()));
    }
    if (result->status == 200) return absl::OkStatus();
    return absl::InternalError(absl::StrCat(result->status));
  }

  const http::TestCertificate certificate_ =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  std::unique_ptr<harness::Process> process_;
  int port_ = 0;
};

TEST_P(FloodTest, HearsAgainAfterItHadNoDescriptorLeft) {
  Start(256, /*door_connections=*/1000);
  ASSERT_OK(Call(harness::kPatience));
  Idlers idlers(port_);
  idlers.Open(400, "");
  // Nobody gets through now; what matters is what comes after.
  EXPECT_TRUE(process_->Running());
  const absl::Status meanwhile = Call(absl::Milliseconds(500));
  static_cast<void>(meanwhile);
  idlers.CloseAll();
  EXPECT_TRUE(harness::Eventually([&] { return Call().ok(); }));
  for (int i = 0; i < 10; ++i) EXPECT_OK(Call(harness::kPatience));
  const auto ended = process_->Terminate();
  EXPECT_THAT(ended, IsOkAndHolds(0));
}

TEST_P(FloodTest, FiveHundredThatSayNextToNothingAreShownOut) {
  Start(4096, /*door_connections=*/100);
  Idlers idlers(port_);
  idlers.Open(500, tls() ? "\x16\x03" : "PRI");
  EXPECT_OK(Call(harness::kPatience)) << "others are served meanwhile";
  EXPECT_TRUE(harness::Eventually([&] { return idlers.Closed() == 500; }));
  EXPECT_OK(Call(harness::kPatience));
  EXPECT_THAT(process_->Terminate(), IsOkAndHolds(0));
}

INSTANTIATE_TEST_SUITE_P(Listeners, FloodTest,
                         ::testing::Values(Listener{.door = false,
                                                    .tls = false},
                                           Listener{.door = false, .tls = true},
                                           Listener{.door = true, .tls = false},
                                           Listener{.door = true, .tls = true}),
                         [](const auto& info) {
                           return absl::StrCat(
                               info.param.door ? "Door" : "Grpc",
                               info.param.tls ? "Tls" : "Plaintext");
                         });

}  // namespace
}  // namespace opcon_snow::auth
