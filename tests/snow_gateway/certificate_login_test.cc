// Mutual TLS: the gateway's certificate is all that it proves itself with.

#include <openssl/ssl.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/http/test_certificate.h"
#include "common/rpc/call.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;

// An instance that asks for a certificate and takes the one in a file.
class CertificateLoginTest : public GatewayAndSandboxTest {
 protected:
  void SetUp() override {
    GatewayAndSandboxTest::SetUp();
    client_ = http::MakeTestCertificate("client", "opcon.integration", "");
    server_certificate_ =
        http::MakeTestCertificate("server", "localhost", "127.0.0.1");
    server_ = std::make_unique<httplib::SSLServer>(
        server_certificate_.certificate_file.c_str(),
        server_certificate_.key_file.c_str(), client_.certificate_file.c_str());
    ASSERT_TRUE(server_->is_valid());
    server_->Get(
        "/api/now/v2/table/incident",
        [this](const httplib::Request& request, httplib::Response& response) {
          ++calls_;
          for (const char* name : {"Authorization", "x-sn-apikey"}) {
            if (request.has_header(name)) ++proofs_;
          }
          response.set_content(R"({"result":[]})", "application/json");
        });
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }
  void TearDown() override {
    GatewayAndSandboxTest::TearDown();
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }

  v1::HealthState ProbeWith(const http::TestCertificate& certificate) {
    StartGatewayWith(
        absl::StrCat("  - name: prod\n    base_url: https://127.0.0.1:", port_,
                     "\n    certificate: {}\n    tls: {ca_file: ",
                     server_certificate_.certificate_file,
                     ", certificate_file: ", certificate.certificate_file,
                     ", key_file: ", certificate.key_file, "}\n"));
    v1::ListInstancesRequest request;
    request.set_probe(true);
    const auto reply = rpc::Call(*stub_, &Stub::ListInstances, request);
    EXPECT_OK(reply);
    if (!reply.ok()) return v1::HEALTH_STATE_UNSPECIFIED;
    return reply->instances(0).health().state();
  }

  http::TestCertificate client_;
  http::TestCertificate server_certificate_;
  std::unique_ptr<httplib::SSLServer> server_;
  std::thread thread_;
  int port_ = 0;
  std::atomic<int> calls_ = 0;
  std::atomic<int> proofs_ = 0;
};

TEST_F(CertificateLoginTest, IsAllThatIsSent) {
  EXPECT_EQ(ProbeWith(client_), v1::HEALTH_STATE_HEALTHY);
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(proofs_, 0);
}

TEST_F(CertificateLoginTest, OfAnotherAuthorityIsRefused) {
  const http::TestCertificate other =
      http::MakeTestCertificate("other", "opcon.integration", "");
  EXPECT_NE(ProbeWith(other), v1::HEALTH_STATE_HEALTHY);
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace opcon_snow
