#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/curl_transport.h"
#include "common/http/http_testing.h"
#include "common/http/raw_server.h"
#include "common/http/test_certificate.h"
#include "gtest/gtest.h"
#include "httplib.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;

class CurlTlsTest : public CurlFixture {
 protected:
  CurlTlsTest()
      : good_(MakeTestCertificate("good", "localhost", "127.0.0.1")),
        client_(MakeTestCertificate("client", "client", "")) {}

  void Serve(httplib::Server* server) {
    server->Post("/",
                 [this](const httplib::Request&, httplib::Response& response) {
                   ++served_;
                   response.set_content("ok", "text/plain");
                 });
  }

  Result PostTo(int port) {
    return Post(absl::StrCat("https://127.0.0.1:", port, "/"), "x");
  }

  const TestCertificate good_;
  const TestCertificate client_;
  std::atomic<int> served_{0};
};

TEST_F(CurlTlsTest, TrustsTheConfiguredAuthority) {
  httplib::SSLServer server(good_.certificate_file.c_str(),
                            good_.key_file.c_str());
  Serve(&server);
  RunningServer running(&server, /*keep_alive=*/true);
  CurlTransportOptions options;
  options.ca_file = good_.certificate_file;
  transport_ = MakeTransport(options);
  EXPECT_TRUE(IsStatus(PostTo(running.port()), 200));
  EXPECT_TRUE(IsStatus(PostTo(running.port()), 200));
  EXPECT_EQ(loop_->stats().connections_opened, 1u);
}

TEST_F(CurlTlsTest, SelfSignedCertificateIsRefusedBeforeAnythingIsSent) {
  httplib::SSLServer server(good_.certificate_file.c_str(),
                            good_.key_file.c_str());
  Serve(&server);
  RunningServer running(&server);
  Result result = PostTo(running.port());
  ASSERT_TRUE(IsError(result, Kind::kTls, false));
  EXPECT_TRUE(absl::StrContains(result.error().message, "certificate"))
      << result.error().message;
  EXPECT_EQ(served_, 0);
}

TEST_F(CurlTlsTest, CertificateForAnotherHostIsRefused) {
  const TestCertificate other =
      MakeTestCertificate("other", "other.example", "");
  httplib::SSLServer server(other.certificate_file.c_str(),
                            other.key_file.c_str());
  Serve(&server);
  RunningServer running(&server);
  CurlTransportOptions options;
  options.ca_file = other.certificate_file;
  transport_ = MakeTransport(options);
  EXPECT_TRUE(IsError(PostTo(running.port()), Kind::kTls, false));
  EXPECT_EQ(served_, 0);
}

TEST_F(CurlTlsTest, ServerThatDoesNotSpeakTlsIsATlsError) {
  RawServer server([](RawServer::Connection& c) {
    c.ReadSome(100);
    c.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_TRUE(IsError(PostTo(server.port()), Kind::kTls, false));
}

TEST_F(CurlTlsTest, ServerThatHangsUpInTheHandshakeIsATlsError) {
  RawServer server([](RawServer::Connection& c) { c.ReadSome(100); });
  EXPECT_TRUE(IsError(PostTo(server.port()), Kind::kTls, false));
}

TEST_F(CurlTlsTest, SilentHandshakeEndsWithTheConnectTimeout) {
  RawServer server([](RawServer::Connection& c) { c.WaitForClose(); });
  CurlTransportOptions options;
  options.connect_timeout = absl::Milliseconds(100);
  transport_ = MakeTransport(options);
  EXPECT_TRUE(IsError(PostTo(server.port()), Kind::kTimeout, false));
}

// The test runs with an OpenSSL configuration that allows TLS 1.0, so it is our
// own limit that refuses. The second client shows that the server would serve.
TEST_F(CurlTlsTest, OldTlsVersionsAreRefused) {
  httplib::SSLServer server([this](SSL_CTX& context) {
    SSL_CTX_set_min_proto_version(&context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(&context, TLS1_1_VERSION);
    return SSL_CTX_use_certificate_file(&context,
                                        good_.certificate_file.c_str(),
                                        SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_use_PrivateKey_file(&context, good_.key_file.c_str(),
                                       SSL_FILETYPE_PEM) == 1;
  });
  Serve(&server);
  RunningServer running(&server);
  CurlTransportOptions options;
  options.ca_file = good_.certificate_file;
  transport_ = MakeTransport(options);
  EXPECT_TRUE(IsError(PostTo(running.port()), Kind::kTls, false));
  EXPECT_EQ(served_, 0);

  httplib::SSLClient old("127.0.0.1", running.port());
  old.enable_server_certificate_verification(false);
  httplib::Result answer = old.Post("/", "x", "text/plain");
  ASSERT_TRUE(answer) << httplib::to_string(answer.error());
  EXPECT_EQ(answer->status, 200);
}

TEST_F(CurlTlsTest, PresentsItsClientCertificate) {
  httplib::SSLServer server(good_.certificate_file.c_str(),
                            good_.key_file.c_str(),
                            client_.certificate_file.c_str());
  Serve(&server);
  RunningServer running(&server);
  CurlTransportOptions options;
  options.ca_file = good_.certificate_file;
  transport_ = MakeTransport(options);
  // With TLS 1.3 the refusal arrives when the client already considers the
  // handshake done; what counts is that nothing was served.
  EXPECT_FALSE(PostTo(running.port()).ok());
  EXPECT_EQ(served_, 0);

  options.client_certificate_file = client_.certificate_file;
  options.client_key_file = client_.key_file;
  transport_ = MakeTransport(options);
  EXPECT_TRUE(IsStatus(PostTo(running.port()), 200));
  EXPECT_EQ(served_, 1);
}

TEST_F(CurlTlsTest, KeyThatDoesNotFitIsATlsError) {
  httplib::SSLServer server(good_.certificate_file.c_str(),
                            good_.key_file.c_str());
  Serve(&server);
  RunningServer running(&server);
  CurlTransportOptions options;
  options.ca_file = good_.certificate_file;
  options.client_certificate_file = client_.certificate_file;
  options.client_key_file = good_.key_file;
  transport_ = MakeTransport(options);
  EXPECT_TRUE(IsError(PostTo(running.port()), Kind::kTls, false));
}

// --- Proxies ---------------------------------------------------------------

TEST_F(CurlTlsTest, ProxyGetsItsCredentialsAndNeverOurs) {
  std::string connect;
  RawServer proxy([&](RawServer::Connection& c) {
    connect = c.ReadHeader().value_or("");
    c.Write(
        "HTTP/1.1 407 Proxy Authentication Required\r\n"
        "Content-Length: 0\r\n\r\n");
  });
  CurlTransportOptions options;
  options.proxy_url = absl::StrCat("http://127.0.0.1:", proxy.port());
  options.proxy_username = "user";
  options.proxy_password = "s3cret";
  transport_ = MakeTransport(options);
  // Would take every host from the proxy if the environment were asked.
  setenv("no_proxy", "*", 1);
  Request request;
  request.method = Method::kPost;
  request.url = "https://upstream.invalid/path";
  request.headers = {{"Authorization", "Bearer t0ken"}};
  request.body = "x";
  Result result = Send(std::move(request));
  unsetenv("no_proxy");
  ASSERT_TRUE(IsError(result, Kind::kConnect, false));
  EXPECT_FALSE(absl::StrContains(result.error().message, "s3cret"));
  EXPECT_TRUE(
      absl::StartsWith(connect, "CONNECT upstream.invalid:443 HTTP/1.1\r\n"))
      << connect;
  // base64("user:s3cret")
  EXPECT_TRUE(absl::StrContains(
      connect, "Proxy-Authorization: Basic dXNlcjpzM2NyZXQ=\r\n"))
      << connect;
  EXPECT_FALSE(absl::StrContains(connect, "t0ken")) << connect;
}

TEST_F(CurlTlsTest, ProxyGetsAnotherPasswordOnceThereIsOne) {
  std::vector<std::string> connects;
  RawServer proxy([&](RawServer::Connection& c) {
    connects.push_back(c.ReadHeader().value_or(""));
    c.Write(
        "HTTP/1.1 407 Proxy Authentication Required\r\n"
        "Content-Length: 0\r\n\r\n");
  });
  std::optional<std::string> fresh;
  CurlTransportOptions options;
  options.proxy_url = absl::StrCat("http://127.0.0.1:", proxy.port());
  options.proxy_username = "user";
  options.proxy_password = "old";
  options.fresh_proxy_password = [&fresh] {
    return std::exchange(fresh, std::nullopt);
  };
  transport_ = MakeTransport(options);
  for (int i = 0; i < 3; ++i) {
    if (i == 1) fresh = "new";
    EXPECT_TRUE(
        IsError(Post("https://upstream.invalid/", "x"), Kind::kConnect, false));
  }
  ASSERT_EQ(connects.size(), 3u);
  // base64("user:old"), base64("user:new")
  EXPECT_TRUE(absl::StrContains(connects[0], "Basic dXNlcjpvbGQ=\r\n"));
  EXPECT_TRUE(absl::StrContains(connects[1], "Basic dXNlcjpuZXc=\r\n"));
  EXPECT_TRUE(absl::StrContains(connects[2], "Basic dXNlcjpuZXc=\r\n"));
}

TEST_F(CurlTlsTest, ProxyThatHangsUpWasNeverSentAnything) {
  RawServer proxy([](RawServer::Connection& c) { c.ReadHeader(); });
  CurlTransportOptions options;
  options.proxy_url = absl::StrCat("http://127.0.0.1:", proxy.port());
  transport_ = MakeTransport(options);
  EXPECT_TRUE(
      IsError(Post("https://upstream.invalid/", "x"), Kind::kConnect, false));
}

TEST_F(CurlTlsTest, ProxiesOfTheEnvironmentAreIgnored) {
  RawServer proxy([](RawServer::Connection& c) { c.ReadHeader(); });
  const std::string url = absl::StrCat("http://127.0.0.1:", proxy.port());
  for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY"}) {
    setenv(name, url.c_str(), 1);
  }
  httplib::Server server;
  Serve(&server);
  RunningServer running(&server);
  Result result = Post(running.Url("/"), "x");
  for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY"}) {
    unsetenv(name);
  }
  EXPECT_TRUE(IsStatus(result, 200));
  EXPECT_EQ(proxy.accepted(), 0);
}

}  // namespace
}  // namespace opcon_snow::http
