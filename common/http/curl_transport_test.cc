#include "common/http/curl_transport.h"

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "common/http/http_testing.h"
#include "common/http/raw_server.h"
#include "gtest/gtest.h"
#include "httplib.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;

class CurlTransportTest : public CurlFixture {};

TEST_F(CurlTransportTest, GetsStatusHeadersAndBody) {
  httplib::Server server;
  server.Get("/x", [](const httplib::Request&, httplib::Response& response) {
    response.set_header("X-Total-Count", "7");
    response.set_content("hello", "text/plain");
  });
  RunningServer running(&server);
  Result result = Get(running.Url("/x"));
  ASSERT_TRUE(IsStatus(result, 200));
  EXPECT_EQ(result.response().body, "hello");
  EXPECT_EQ(result.response().headers.Get("x-total-count"), "7");
  EXPECT_GT(result.response().elapsed, absl::ZeroDuration());
}

TEST_F(CurlTransportTest, EveryStatusIsASuccess) {
  httplib::Server server;
  server.Get(R"(/(\d+))",
             [](const httplib::Request& request, httplib::Response& response) {
               response.status = std::stoi(request.matches[1]);
               response.set_header("Location", "/999");
             });
  RunningServer running(&server);
  for (int status : {200, 202, 204, 301, 302, 304, 307, 400, 401, 403,
                     404, 407, 408, 409, 413, 429, 500, 502, 503, 504}) {
    Result result = Get(running.Url("/" + std::to_string(status)));
    EXPECT_TRUE(IsStatus(result, status));
  }
}

TEST_F(CurlTransportTest, SendsMethodHeadersAndBody) {
  std::string seen_method;
  std::string seen_body;
  httplib::Headers seen_headers;
  httplib::Server server;
  auto note = [&](const httplib::Request& request, httplib::Response&) {
    seen_method = request.method;
    seen_body = request.body;
    seen_headers = request.headers;
  };
  server.Post("/", note);
  server.Put("/", note);
  server.Patch("/", note);
  server.Delete("/", note);
  RunningServer running(&server);
  for (Method method :
       {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    Request request;
    request.method = method;
    request.url = running.Url("/");
    request.headers = {{"Content-Type", "application/json"},
                       {"Authorization", "Basic Zm9vOmJhcg=="}};
    request.body = R"({"a":1})";
    ASSERT_TRUE(IsStatus(Send(std::move(request)), 200));
    EXPECT_EQ(seen_method, MethodName(method));
    EXPECT_EQ(seen_body, R"({"a":1})");
    EXPECT_EQ(seen_headers.count("Content-Type"), 1u);
    EXPECT_EQ(seen_headers.find("Content-Length")->second, "7");
    EXPECT_EQ(seen_headers.find("Authorization")->second, "Basic Zm9vOmJhcg==");
    EXPECT_EQ(seen_headers.find("User-Agent")->second, "opcon-snow");
    EXPECT_EQ(seen_headers.count("Expect"), 0u);
    EXPECT_EQ(seen_headers.count("Transfer-Encoding"), 0u);
  }
}

TEST_F(CurlTransportTest, WritesWithoutABodySayLengthZero) {
  RawServer server([](RawServer::Connection& c) {
    while (auto request = c.ReadRequest()) {
      const bool zero = absl::StrContains(*request, "Content-Length: 0\r\n");
      c.Write(zero ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                   : "HTTP/1.1 411 No\r\nContent-Length: 0\r\n\r\n");
    }
  });
  for (Method method : {Method::kPost, Method::kPut, Method::kPatch}) {
    Request request;
    request.method = method;
    request.url = server.Url("/");
    EXPECT_TRUE(IsStatus(Send(std::move(request)), 200)) << MethodName(method);
  }
}

TEST_F(CurlTransportTest, HeadHasNoBodyAndDeleteNeedsNone) {
  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("12345", "text/plain");
  });
  server.Delete("/", [](const httplib::Request&, httplib::Response& response) {
    response.status = 204;
  });
  RunningServer running(&server);
  Request head;
  head.method = Method::kHead;
  head.url = running.Url("/");
  Result result = Send(std::move(head));
  ASSERT_TRUE(IsStatus(result, 200));
  EXPECT_EQ(result.response().body, "");
  EXPECT_TRUE(result.response().headers.Has("Content-Length"));
  Request remove;
  remove.method = Method::kDelete;
  remove.url = running.Url("/");
  EXPECT_TRUE(IsStatus(Send(std::move(remove)), 204));
}

TEST_F(CurlTransportTest, SendsHeadersWithoutValueAndRepeatedOnes) {
  std::string seen;
  RawServer server([&](RawServer::Connection& c) {
    seen = c.ReadHeader().value_or("");
    c.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  Request request;
  request.url = server.Url("/");
  request.headers = {{"X-Empty", ""}, {"X-Two", "1"}, {"X-Two", "2"}};
  ASSERT_TRUE(IsStatus(Send(std::move(request)), 204));
  EXPECT_TRUE(absl::StrContains(seen, "X-Empty:\r\nX-Two: 1\r\nX-Two: 2\r\n"))
      << seen;
}

TEST_F(CurlTransportTest, SendsTheUrlAsItStands) {
  std::string seen;
  RawServer server([&](RawServer::Connection& c) {
    seen = c.ReadHeader().value_or("");
    c.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  ASSERT_TRUE(IsStatus(
      Get(server.Url("/api/./x/../A%252FB/20240131%7C12?q=a%2Bb%20c")), 204));
  EXPECT_TRUE(absl::StartsWith(
      seen, "GET /api/./x/../A%252FB/20240131%7C12?q=a%2Bb%20c HTTP/1.1\r\n"))
      << seen;
}

TEST_F(CurlTransportTest, DoesNotFollowRedirects) {
  std::atomic<int> calls{0};
  httplib::Server server;
  server.Get("/a", [&](const httplib::Request&, httplib::Response& response) {
    ++calls;
    response.set_redirect("/b");
  });
  server.Get("/b",
             [&](const httplib::Request&, httplib::Response&) { ++calls; });
  RunningServer running(&server);
  EXPECT_TRUE(IsStatus(Get(running.Url("/a")), 302));
  EXPECT_EQ(calls, 1);
}

TEST_F(CurlTransportTest, KeepsNoCookies) {
  std::atomic<int> with_cookie{0};
  httplib::Server server;
  server.Get("/",
             [&](const httplib::Request& request, httplib::Response& response) {
               if (request.has_header("Cookie")) ++with_cookie;
               response.set_header("Set-Cookie", "JSESSIONID=1; Path=/");
             });
  RunningServer running(&server);
  EXPECT_TRUE(IsStatus(Get(running.Url("/")), 200));
  EXPECT_TRUE(IsStatus(Get(running.Url("/")), 200));
  EXPECT_EQ(with_cookie, 0);
}

TEST_F(CurlTransportTest, ReusesOneConnection) {
  RawServer server([](RawServer::Connection& c) {
    while (c.ReadRequest()) {
      c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(IsStatus(Post(server.Url("/"), "body"), 200));
  }
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(server.requests(), 20);
  EXPECT_EQ(loop_->stats().connections_opened, 1u);
  EXPECT_EQ(loop_->stats().transfers_started, 20u);
  EXPECT_EQ(loop_->stats().transfers_in_flight, 0u);
}

TEST_F(CurlTransportTest, TransportsOfOneLoopDoNotMixTheirOptions) {
  std::vector<std::string> agents;
  RawServer server([&](RawServer::Connection& c) {
    while (auto request = c.ReadRequest()) {
      agents.push_back(*request);
      c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  CurlTransportOptions options;
  options.allow_http = true;
  options.user_agent = "another";
  auto other = MakeTransport(options);
  Request request;
  request.url = server.Url("/");
  ASSERT_TRUE(IsStatus(async::SyncWait(other->Send(request)), 200));
  ASSERT_TRUE(IsStatus(async::SyncWait(transport_->Send(request)), 200));
  ASSERT_EQ(agents.size(), 2u);
  EXPECT_TRUE(absl::StrContains(agents[0], "User-Agent: another\r\n"));
  EXPECT_TRUE(absl::StrContains(agents[1], "User-Agent: opcon-snow\r\n"));
}

TEST_F(CurlTransportTest, ResumesOnTheLoopThread) {
  RawServer server([](RawServer::Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  auto body = [](CurlTransport* transport, CurlLoop* loop,
                 std::string url) -> async::Task<bool> {
    Request request;
    request.url = std::move(url);
    Result result = co_await transport->Send(std::move(request));
    co_return result.ok() && loop->InLoopThread();
  };
  EXPECT_TRUE(
      async::SyncWait(body(transport_.get(), loop_.get(), server.Url("/"))));
}

TEST_F(CurlTransportTest, RefusesWhatCannotBeSentSafely) {
  RawServer server([](RawServer::Connection& c) { c.ReadRequest(); });
  auto with_header = [&](std::string name, std::string value) {
    Request request;
    request.url = server.Url("/");
    request.headers.Add(name, value);
    return Send(std::move(request));
  };
  EXPECT_TRUE(
      IsError(with_header("X-A", "1\r\nX-B: 2"), Kind::kBadRequest, false));
  EXPECT_TRUE(
      IsError(with_header("X-A", "1\nX-B: 2"), Kind::kBadRequest, false));
  EXPECT_TRUE(IsError(with_header("X-A", std::string("1\0002", 3)),
                      Kind::kBadRequest, false));
  EXPECT_TRUE(
      IsError(with_header("X-A: 1\r\nX-B", "2"), Kind::kBadRequest, false));
  EXPECT_TRUE(IsError(with_header("", "2"), Kind::kBadRequest, false));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding",
                           "Expect", "Connection"}) {
    EXPECT_TRUE(IsError(with_header(name, "1"), Kind::kBadRequest, false));
  }
  for (const std::string& url :
       {server.Url("/a b"), server.Url("/\r\nX: 1"), server.Url("/#f"),
        server.Url("/%4"), std::string("ftp://127.0.0.1/"),
        std::string("file:///etc/passwd"), std::string("127.0.0.1/"),
        std::string(""),
        absl::StrCat("http://u:p@127.0.0.1:", server.port())}) {
    EXPECT_TRUE(IsError(Get(url), Kind::kBadRequest, false)) << url;
  }
  Request get_with_body;
  get_with_body.url = server.Url("/");
  get_with_body.body = "x";
  EXPECT_TRUE(
      IsError(Send(std::move(get_with_body)), Kind::kBadRequest, false));
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(CurlTransportTest, PlainHttpNeedsPermission) {
  RawServer server([](RawServer::Connection& c) { c.ReadRequest(); });
  transport_ = MakeTransport({});
  EXPECT_TRUE(IsError(Get(server.Url("/")), Kind::kBadRequest, false));
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(CurlTransportTest, ErrorsHoldNoSecret) {
  RawServer server([](RawServer::Connection& c) { c.ReadRequest(); });
  Request request;
  request.method = Method::kPost;
  request.url = server.Url("/path?token=s3cret");
  request.headers = {{"Authorization", "Bearer s3cret"}};
  request.body = "s3cret";
  Result result = Send(std::move(request));
  ASSERT_TRUE(IsError(result, Kind::kReceive, true));
  EXPECT_FALSE(absl::StrContains(result.error().message, "s3cret"));
  EXPECT_TRUE(absl::StrContains(result.error().message, "/path"))
      << result.error().message;
  Result refused = Get("https://user:s3cret@host/?q=s3cret");
  ASSERT_TRUE(IsError(refused, Kind::kBadRequest, false));
  EXPECT_FALSE(absl::StrContains(refused.error().message, "s3cret"))
      << refused.error().message;
}

TEST(CurlTransportOptionsTest, RefusesBadOptionsByName) {
  auto loop = CurlLoop::Create({});
  ASSERT_TRUE(loop.ok());
  auto error = [&](auto change) {
    CurlTransportOptions options;
    change(&options);
    return std::string(
        CurlTransport::Create(loop->get(), options).status().message());
  };
  using O = CurlTransportOptions;
  EXPECT_EQ(error([](O*) {}), "");
  EXPECT_TRUE(absl::StrContains(error([](O* o) { o->ca_file = "/no/such"; }),
                                "ca_file"));
  EXPECT_TRUE(absl::StrContains(
      error([](O* o) { o->client_certificate_file = "/dev/null"; }),
      "client_key_file"));
  EXPECT_TRUE(absl::StrContains(
      error([](O* o) { o->connect_timeout = absl::ZeroDuration(); }),
      "connect_timeout"));
  EXPECT_TRUE(absl::StrContains(
      error([](O* o) { o->low_speed_time = absl::Milliseconds(1500); }),
      "low_speed_time"));
  EXPECT_TRUE(absl::StrContains(error([](O* o) { o->user_agent = "a\r\nb"; }),
                                "user_agent"));
  const std::string proxy =
      error([](O* o) { o->proxy_url = "http://u:s3cret@proxy:3128"; });
  EXPECT_TRUE(absl::StrContains(proxy, "proxy_url"));
  EXPECT_FALSE(absl::StrContains(proxy, "s3cret"));
  EXPECT_TRUE(absl::StrContains(error([](O* o) { o->proxy_username = "u"; }),
                                "proxy_url"));
  EXPECT_TRUE(absl::StrContains(error([](O* o) { o->max_header_bytes = 5; }),
                                "max_header_bytes"));
  CurlLoopOptions loop_options;
  loop_options.max_connections_per_host = 0;
  EXPECT_FALSE(CurlLoop::Create(loop_options).ok());
}

}  // namespace
}  // namespace opcon_snow::http
