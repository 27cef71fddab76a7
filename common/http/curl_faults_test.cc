// What happens when the network or the server misbehaves: the kind of error,
// and above all whether the request may have been carried out.

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/http/curl_transport.h"
#include "common/http/http_testing.h"
#include "common/http/raw_server.h"
#include "gtest/gtest.h"
#include "httplib.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;
using Connection = RawServer::Connection;

constexpr absl::string_view kOk =
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class CurlFaultsTest : public CurlFixture {};

// A port of the loopback on which nothing listens.
int ClosedPort() {
  RawServer server([](Connection&) {});
  return server.port();
}

TEST_F(CurlFaultsTest, RefusedConnectionWasNeverSent) {
  EXPECT_TRUE(
      IsError(Post(absl::StrCat("http://127.0.0.1:", ClosedPort(), "/"), "x"),
              Kind::kConnect, false));
}

TEST_F(CurlFaultsTest, UnknownHostWasNeverSent) {
  // ".invalid" never resolves (RFC 6761).
  EXPECT_TRUE(IsError(Post("http://no-such-host.invalid/", "x"), Kind::kResolve,
                      false));
}

TEST_F(CurlFaultsTest, ClosedWithoutAnswerMayHaveBeenProcessed) {
  RawServer server([](Connection& c) { c.ReadRequest(); });
  EXPECT_TRUE(IsError(Post(server.Url("/"), "x"), Kind::kReceive, true));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(CurlFaultsTest, ResetWithoutAnswerMayHaveBeenProcessed) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Reset();
  });
  EXPECT_TRUE(IsError(Post(server.Url("/"), "x"), Kind::kReceive, true));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(CurlFaultsTest, HalfABodyIsAnErrorWithTheStatus) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf");
  });
  Result result = Post(server.Url("/"), "x");
  ASSERT_TRUE(IsError(result, Kind::kReceive, true));
  EXPECT_EQ(result.error().status, 201);
}

TEST_F(CurlFaultsTest, HalfAChunkedBodyIsAnError) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n");
  });
  EXPECT_TRUE(IsError(Get(server.Url("/")), Kind::kReceive, true));
}

TEST_F(CurlFaultsTest, HalfAHeaderIsAnError) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\nContent-Ty");
  });
  Result result = Get(server.Url("/"));
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().maybe_processed) << Describe(result);
}

TEST_F(CurlFaultsTest, AnswerThatIsNotHttpIsAProtocolError) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("220 mail.example ESMTP\r\n");
  });
  EXPECT_TRUE(IsError(Get(server.Url("/")), Kind::kProtocol, true));
}

// The heart of "exactly once": libcurl's own resending is stopped. The second
// request goes out on the kept connection, is read completely, and gets no
// answer; it must not arrive a second time on a new connection.
TEST_F(CurlFaultsTest, NothingSentOnAKeptConnectionIsSentAgain) {
  for (Method method : {Method::kPost, Method::kDelete, Method::kGet}) {
    std::atomic<int> seconds{0};
    RawServer server([&](Connection& c) {
      if (!c.ReadRequest()) return;
      if (c.number() > 0) {
        ++seconds;
        c.Write(kOk);
        return;
      }
      c.Write(kOk);
      if (c.ReadRequest()) ++seconds;
    });
    ASSERT_TRUE(IsStatus(Get(server.Url("/")), 200));
    Request request;
    request.method = method;
    request.url = server.Url("/effect");
    if (method == Method::kPost) request.body = "create";
    EXPECT_TRUE(IsError(Send(std::move(request)), Kind::kReceive, true))
        << MethodName(method);
    EXPECT_EQ(seconds, 1) << MethodName(method);
  }
}

TEST_F(CurlFaultsTest, ResetOfAKeptConnectionIsNotSentAgainEither) {
  std::atomic<int> seconds{0};
  RawServer server([&](Connection& c) {
    if (!c.ReadRequest()) return;
    if (c.number() > 0) {
      ++seconds;
      c.Write(kOk);
      return;
    }
    c.Write(kOk);
    if (c.ReadRequest()) ++seconds;
    c.Reset();
  });
  ASSERT_TRUE(IsStatus(Get(server.Url("/")), 200));
  Result result = Post(server.Url("/effect"), "create");
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().maybe_processed) << Describe(result);
  EXPECT_EQ(seconds, 1);
}

// The server takes the request and goes away for good: the second connection
// that libcurl tries is refused, which alone would look like "never sent".
TEST_F(CurlFaultsTest, RefusedSecondConnectionDoesNotHideThatItWasSent) {
  auto server = std::make_unique<RawServer>([](Connection& c) {
    if (!c.ReadRequest()) return;
    c.Write(kOk);
    c.ReadRequest();
    c.WaitForRelease();
  });
  const std::string url = server->Url("/");
  ASSERT_TRUE(IsStatus(Get(url), 200));
  Results results;
  Request request;
  request.method = Method::kPost;
  request.url = url;
  request.body = "create";
  async::Start(transport_->Send(std::move(request)),
               [&](Result result) { results.Add(std::move(result)); });
  server->WaitForRequests(2);
  server.reset();
  Result result = results.Wait(1)[0];
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().maybe_processed) << Describe(result);
}

// The server closes while the connection is idle: nothing was sent on it, so
// the request goes out on a new one.
TEST_F(CurlFaultsTest, ConnectionClosedWhileIdleIsReplaced) {
  RawServer server([](Connection& c) {
    if (c.ReadRequest()) c.Write(kOk);
  });
  for (int i = 0; i < 5; ++i) {
    Result result = Post(server.Url("/"), "x");
    // Whether the close has already arrived is a race; either it is replaced
    // or it is honestly unknown. Never is a request seen twice.
    EXPECT_TRUE(result.ok() || result.error().maybe_processed);
  }
  EXPECT_LE(server.requests(), 5);
  EXPECT_GE(server.accepted(), 2);
}

// Firewalls forget idle connections without telling.
TEST_F(CurlFaultsTest, AConnectionThatWasIdleForTooLongIsNotUsedAgain) {
  RawServer server([](Connection& c) {
    while (c.ReadRequest()) c.Write(kOk);
  });
  CurlTransportOptions options;
  options.allow_http = true;
  options.max_idle_connection_age = absl::Seconds(1);
  transport_ = MakeTransport(std::move(options));
  EXPECT_TRUE(Post(server.Url("/"), "x").ok());
  EXPECT_TRUE(Post(server.Url("/"), "x").ok());
  EXPECT_EQ(server.accepted(), 1);
  // The age is counted in whole seconds.
  absl::SleepFor(absl::Milliseconds(2100));
  EXPECT_TRUE(Post(server.Url("/"), "x").ok());
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(CurlFaultsTest, BodyOverTheLimitIsTooLarge) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(65536, 'x');
    while (c.Write(block)) {
    }
  });
  Request request;
  request.url = server.Url("/");
  request.max_response_bytes = 100000;
  Result result = Send(std::move(request));
  ASSERT_TRUE(IsError(result, Kind::kTooLarge, true));
  EXPECT_EQ(result.error().status, 200);
}

TEST_F(CurlFaultsTest, BodyOfExactlyTheLimitIsTaken) {
  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(std::string(1000, 'x'), "application/octet-stream");
  });
  RunningServer running(&server);
  Request request;
  request.url = running.Url("/");
  request.max_response_bytes = 1000;
  EXPECT_TRUE(IsStatus(Send(request), 200));
  request.max_response_bytes = 999;
  EXPECT_TRUE(IsError(Send(request), Kind::kTooLarge, true));
}

TEST_F(CurlFaultsTest, CompressedBombIsStoppedAtTheLimit) {
  std::atomic<std::size_t> compressed{0};
  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(std::string(50 << 20, '\0'), "text/plain");
  });
  server.set_logger(
      [&](const httplib::Request&, const httplib::Response& response) {
        compressed = response.body.size();
      });
  RunningServer running(&server);
  Request request;
  request.url = running.Url("/");
  request.max_response_bytes = 1 << 20;
  EXPECT_TRUE(IsError(Send(std::move(request)), Kind::kTooLarge, true));
}

TEST_F(CurlFaultsTest, CompressedBodyIsInflated) {
  const std::string text(100000, 'y');
  httplib::Server server;
  server.Get("/", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(text, "application/json");
  });
  RunningServer running(&server);
  Result result = Get(running.Url("/"));
  ASSERT_TRUE(IsStatus(result, 200));
  EXPECT_EQ(result.response().headers.Get("Content-Encoding"), "gzip");
  EXPECT_EQ(result.response().body, text);
}

TEST_F(CurlFaultsTest, DamagedCompressionIsAProtocolError) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
        "Content-Length: 20\r\n\r\nthis is not gzipped.");
  });
  EXPECT_TRUE(IsError(Get(server.Url("/")), Kind::kProtocol, true));
}

TEST_F(CurlFaultsTest, HeaderOverTheLimitIsTooLarge) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\n");
    const std::string line = "X-Pad: " + std::string(1000, 'x') + "\r\n";
    while (c.Write(line)) {
    }
  });
  EXPECT_TRUE(IsError(Get(server.Url("/")), Kind::kTooLarge, true));
}

TEST_F(CurlFaultsTest, InterimAnswersAndTrailersAreNotHeaders) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write(
        "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
        "HTTP/1.1 200 OK\r\nX-Tight:value\r\nx-loose: \t value \t\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        "2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n");
  });
  Result result = Get(server.Url("/"));
  ASSERT_TRUE(IsStatus(result, 200));
  const Headers& headers = result.response().headers;
  EXPECT_FALSE(headers.Has("X-Early"));
  EXPECT_FALSE(headers.Has("X-Trailer"));
  EXPECT_EQ(headers.Get("x-tight"), "value");
  EXPECT_EQ(headers.Get("X-Loose"), "value");
  EXPECT_EQ(result.response().body, "ok");
}

TEST_F(CurlFaultsTest, SilentServerRunsIntoTheTimeout) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.WaitForClose();
  });
  Request request;
  request.method = Method::kPost;
  request.url = server.Url("/");
  request.timeout = absl::Milliseconds(100);
  EXPECT_TRUE(IsError(Send(std::move(request)), Kind::kTimeout, true));
}

TEST_F(CurlFaultsTest, DrippingServerRunsIntoTheTimeout) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (c.Write("x")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  Request request;
  request.url = server.Url("/");
  request.timeout = absl::Milliseconds(100);
  Result result = Send(std::move(request));
  ASSERT_TRUE(IsError(result, Kind::kTimeout, true));
  EXPECT_EQ(result.error().status, 200);
}

TEST_F(CurlFaultsTest, StalledTransferEndsBeforeTheTimeout) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx");
    c.WaitForClose();
  });
  CurlTransportOptions options;
  options.allow_http = true;
  options.low_speed_time = absl::Seconds(1);
  transport_ = MakeTransport(options);
  Request request;
  request.url = server.Url("/");
  request.timeout = absl::InfiniteDuration();
  EXPECT_TRUE(IsError(Send(std::move(request)), Kind::kTimeout, true));
}

TEST_F(CurlFaultsTest, NoTimeLeftMeansNoAttempt) {
  RawServer server([](Connection& c) { c.ReadRequest(); });
  Request request;
  request.url = server.Url("/");
  request.timeout = absl::ZeroDuration();
  EXPECT_TRUE(IsError(Send(request), Kind::kTimeout, false));
  request.timeout = -absl::InfiniteDuration();
  EXPECT_TRUE(IsError(Send(request), Kind::kTimeout, false));
  EXPECT_EQ(server.accepted(), 0);
}

// Waiting for one of the few connections counts, and ends as "never sent".
TEST_F(CurlFaultsTest, TimeoutWhileWaitingForAConnectionWasNeverSent) {
  CurlLoopOptions loop_options;
  loop_options.max_connections_per_host = 1;
  auto loop = CurlLoop::Create(loop_options);
  ASSERT_TRUE(loop.ok());
  CurlTransportOptions options;
  options.allow_http = true;
  auto transport = CurlTransport::Create(loop->get(), options);
  ASSERT_TRUE(transport.ok());
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.WaitForClose();
  });
  std::stop_source stop;
  Request first;
  first.url = server.Url("/");
  first.stop = stop.get_token();
  Results results;
  async::Start((*transport)->Send(first),
               [&](Result result) { results.Add(std::move(result)); });
  server.WaitForRequests(1);
  Request second;
  second.url = server.Url("/");
  second.timeout = absl::Milliseconds(50);
  EXPECT_TRUE(IsError(async::SyncWait((*transport)->Send(second)),
                      Kind::kTimeout, false));
  stop.request_stop();
  EXPECT_TRUE(IsError(results.Wait(1)[0], Kind::kCancelled, true));
  EXPECT_EQ(server.requests(), 1);
}

}  // namespace
}  // namespace opcon_snow::http
