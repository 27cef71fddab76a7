// The server over real sockets: well-behaved, slow, greedy and broken clients.

#include "common/web/http_server.h"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "common/web/problem.h"
#include "common/web/raw_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/soak.h"

namespace opcon_snow::web {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kLarge = std::size_t{16} << 20;

// Ends with the test, if it never becomes true.
void Await(const std::function<bool()>& done) {
  while (!done()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

// Answers with the body; /hang answers when the test says so, /large with
// much, and /refused is refused unread.
class Echo final : public Handler {
 public:
  std::optional<Answer> Refuse(const Request& head) override {
    if (head.target != "/refused") return std::nullopt;
    return Problem(Fault::kPath, "refused", "test");
  }

  void Handle(Request request, Done done) override {
    if (request.target == "/hang") {
      const std::lock_guard<std::mutex> lock(mutex_);
      hanging_.push_back(std::move(done));
    } else if (request.target == "/large") {
      done({.body = std::string(kLarge, 'x')});
    } else {
      done({.body = absl::StrCat(request.method, " ", request.target, " ",
                                 request.body)});
    }
  }

  // Waits until `count` requests hang, then answers them.
  void Release(std::size_t count) {
    AwaitHanging(count);
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Done& done : hanging_) done({.body = "released"});
    hanging_.clear();
  }

  void AwaitHanging(std::size_t count) {
    Await([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return hanging_.size() >= count;
    });
  }

 private:
  std::mutex mutex_;
  std::vector<Done> hanging_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  // Times that no noise of the machine reaches, unless a test sets others.
  HttpServerTest() {
    options_.request_timeout = absl::Minutes(5);
    options_.idle_timeout = absl::Minutes(5);
    options_.answer_timeout = absl::Minutes(5);
    options_.limits = {.max_header_bytes = 2048, .max_body_bytes = 10000};
  }

  void Start() {
    auto server = HttpServer::Create(options_, &echo_);
    ASSERT_OK(server.status());
    server_ = *std::move(server);
    ASSERT_OK(server_->Start());
  }

  std::unique_ptr<RawClient> Connect() const {
    return std::make_unique<RawClient>(server_->port());
  }

  static std::string Get(const std::string& target,
                         const std::string& headers = "") {
    return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: localhost\r\n",
                        headers, "\r\n");
  }
  static std::string Post(const std::string& headers, const std::string& body) {
    return absl::StrCat("POST /post HTTP/1.1\r\nHost: localhost\r\n", headers,
                        "\r\n", body);
  }

  // The status of the one answer, after which the connection is closed.
  int LastStatus(const std::string& bytes) const {
    const auto client = Connect();
    client->Send(bytes);
    const auto reply = client->Read();
    EXPECT_TRUE(client->IsClosed());
    return reply.has_value() ? reply->status : 0;
  }

  void ExpectServes() const {
    const auto client = Connect();
    ASSERT_TRUE(client->Send(Get("/alive")));
    const auto reply = client->Read();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->body, "GET /alive ");
  }

  ServerOptions options_;
  Echo echo_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersRequestsOfOneConnectionInOrder) {
  Start();
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/1") + Post("Content-Length: 3\r\n", "abc") +
                           Get("/2", "Connection: close\r\n")));
  EXPECT_EQ(client->Read()->body, "GET /1 ");
  EXPECT_EQ(client->Read()->body, "POST /post abc");
  const auto last = client->Read();
  EXPECT_EQ(last->body, "GET /2 ");
  EXPECT_THAT(last->head, HasSubstr("Connection: close"));
  EXPECT_TRUE(client->IsClosed());
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  Start();
  const auto client = Connect();
  for (const char c :
       Post("Transfer-Encoding: chunked\r\n",
            "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n")) {
    ASSERT_TRUE(client->Send(std::string(1, c)));
  }
  EXPECT_EQ(client->Read()->body, "POST /post abc");
}

TEST_F(HttpServerTest, AnswersAClientThatHasFinishedSending) {
  Start();
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/half")));
  client->FinishSending();
  EXPECT_EQ(client->Read()->body, "GET /half ");
  EXPECT_TRUE(client->IsClosed());
}

TEST_F(HttpServerTest, AnAnswerToHeadHasNoBody) {
  Start();
  const auto client = Connect();
  ASSERT_TRUE(client->Send("HEAD /refused HTTP/1.1\r\nHost: localhost\r\n\r\n" +
                           Get("/next")));
  EXPECT_EQ(client->Read(/*to_head=*/true)->status, 404);
  EXPECT_EQ(client->Read()->body, "GET /next ");
}

TEST_F(HttpServerTest, WhatIsTooLargeIsRefusedUnread) {
  Start();
  EXPECT_EQ(
      LastStatus(Get("/", absl::StrCat("X: ", std::string(3000, 'x'), "\r\n"))),
      431);
  EXPECT_EQ(LastStatus(Get(absl::StrCat("/", std::string(3000, 'x')))), 431);
  EXPECT_EQ(LastStatus(Post("Content-Length: 10001\r\n", "")), 413);
  EXPECT_EQ(LastStatus(Post("Content-Length: 99999999999999999999\r\n", "")),
            400);
  EXPECT_EQ(LastStatus(Post("Transfer-Encoding: chunked\r\n",
                            absl::StrCat("2711\r\n", std::string(100, 'x')))),
            413);
  ExpectServes();
}

TEST_F(HttpServerTest, AClientStillSendingGetsItsRefusal) {
  Start();
  const auto client = Connect();
  client->Send(Post("Content-Length: 1000000\r\n", std::string(1000000, 'x')));
  const auto reply = client->Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 413);
}

TEST_F(HttpServerTest, Continues) {
  Start();
  const auto client = Connect();
  client->Send(Post("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));
  EXPECT_EQ(client->Read()->status, 100);
  client->Send("ab");
  EXPECT_EQ(client->Read()->body, "POST /post ab");
  // Refused before the body is sent, for what the head says.
  client->Send(
      "POST /refused HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client->Read()->status, 404);
  EXPECT_TRUE(client->IsClosed());
  EXPECT_EQ(LastStatus(Post("Content-Length: 10001\r\n"
                            "Expect: 100-continue\r\n",
                            "")),
            413);
  EXPECT_EQ(LastStatus(Get("/", "Expect: tea\r\n")), 417);
}

TEST_F(HttpServerTest, SlowRequestsEnd) {
  options_.request_timeout = absl::Milliseconds(200);
  Start();
  EXPECT_EQ(LastStatus("G"), 408);
  EXPECT_EQ(LastStatus("GET / HTTP/1.1\r\nHost: localhost\r\n"), 408);
  EXPECT_EQ(LastStatus(Post("Content-Length: 2\r\n", "a")), 408);
  // A byte now and then does not help: the time is that of the whole request.
  const auto client = Connect();
  client->Send("GET / HTTP/1.1\r\n");
  while (client->Send("X: y\r\n")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ExpectServes();
}

TEST_F(HttpServerTest, IdleConnectionsEnd) {
  options_.idle_timeout = absl::Milliseconds(100);
  Start();
  const auto client = Connect();
  EXPECT_TRUE(client->IsClosed());
}

TEST_F(HttpServerTest, SlowClientsMakeRoomForOthers) {
  options_.max_connections = 4;
  Start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(Connect());
    slow.back()->Send(i % 2 == 0 ? "" : "POST /post HTTP/1.1\r\nHos");
  }
  ExpectServes();
}

TEST_F(HttpServerTest, MoreClientsThanPlacesAreAllServed) {
  options_.max_connections = 4;
  Start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(Connect());
    ASSERT_TRUE(clients.back()->Send(
        Get(absl::StrCat("/", i), "Connection: close\r\n")));
  }
  for (int i = 0; i < 60; ++i) {
    const auto reply = clients[i]->Read();
    ASSERT_TRUE(reply.has_value()) << i;
    EXPECT_EQ(reply->body, absl::StrCat("GET /", i, " "));
  }
}

TEST_F(HttpServerTest, WhatIsAtWorkDoesNotMakeRoom) {
  options_.max_connections = 2;
  Start();
  const auto first = Connect();
  const auto second = Connect();
  first->Send(Get("/hang"));
  second->Send(Get("/hang"));
  const auto third = Connect();
  third->Send(Get("/third"));
  echo_.Release(2);
  EXPECT_EQ(first->Read()->body, "released");
  EXPECT_EQ(second->Read()->body, "released");
  EXPECT_EQ(third->Read()->body, "GET /third ");
}

TEST_F(HttpServerTest, AnAnswerThatDoesNotComeIsTold) {
  options_.answer_timeout = absl::Milliseconds(100);
  options_.max_connections = 1;
  Start();
  const std::string hang = Get("/hang");
  EXPECT_EQ(LastStatus(hang), 504);
  // The handler is still at it, and may not be given more than it can bear.
  const auto client = Connect();
  client->Send(hang);
  const auto refused = client->Read();
  EXPECT_EQ(refused->status, 429);
  EXPECT_THAT(refused->head, HasSubstr("Retry-After: 1"));
  echo_.Release(1);
  ExpectServes();
}

TEST_F(HttpServerTest, LargeAnswersThatNobodyTakesAreBounded) {
  options_.max_answers_bytes = kLarge + 1;
  Start();
  const auto lazy = Connect();
  lazy->Send(Get("/large"));
  // Once it has some bytes the answer is under way.
  Await([&] {
    const auto other = Connect();
    other->Send(Get("/large"));
    return other->Read()->status == 429;
  });
  ExpectServes();
  EXPECT_EQ(lazy->Read()->body.size(), kLarge);
}

TEST_F(HttpServerTest, StopLetsRequestsUnderWayEnd) {
  Start();
  const auto idle = Connect();
  idle->Send(Get("/idle"));
  idle->Read();
  const auto busy = Connect();
  busy->Send(Get("/hang"));
  echo_.AwaitHanging(1);
  std::thread stopping([this] { EXPECT_OK(server_->Stop()); });
  EXPECT_TRUE(idle->IsClosed());
  echo_.Release(1);
  const auto reply = busy->Read();
  EXPECT_EQ(reply->body, "released");
  EXPECT_THAT(reply->head, HasSubstr("Connection: close"));
  stopping.join();
  EXPECT_FALSE(Connect()->Send(Get("/")) && Connect()->Read().has_value());
}

TEST_F(HttpServerTest, StopTellsOfAHandlerThatDoesNotEnd) {
  options_.drain_timeout = absl::Milliseconds(10);
  options_.cancel_timeout = absl::Milliseconds(10);
  Start();
  const auto client = Connect();
  client->Send(Get("/hang"));
  echo_.AwaitHanging(1);
  EXPECT_THAT(server_->Stop(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  // An answer that comes after the end of the server is of no consequence.
  server_ = nullptr;
  echo_.Release(1);
}

TEST_F(HttpServerTest, ListensOnLoopbackOnlyAndOnce) {
  options_.host = "0.0.0.0";
  EXPECT_THAT(HttpServer::Create(options_, &echo_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  options_.host = "localhost";
  Start();
  options_.port = server_->port();
  auto second = HttpServer::Create(options_, &echo_);
  ASSERT_OK(second.status());
  EXPECT_THAT((*second)->Start(), StatusIs(absl::StatusCode::kUnavailable,
                                           HasSubstr("cannot listen")));
}

// What a client may send, cut, doubled and with bytes exchanged.
std::string Damaged(std::mt19937_64* random) {
  static const std::vector<std::string> pieces = {
      "GET ",
      "POST ",
      "/post",
      " HTTP/1.1",
      "\r\n",
      "\r\n\r\n",
      "\n",
      ":",
      "Host: localhost\r\n",
      "Content-Length: 5\r\n",
      "Content-Length: ",
      "Transfer-Encoding: chunked\r\n",
      "Expect: 100-continue\r\n",
      "0\r\n\r\n",
      "5\r\nabcde\r\n",
      "Connection: close\r\n",
      "ffffffffffffffff\r\n",
      "abcde",
      "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "HTTP/1.0\r\n",
      std::string(1, '\0'),
      std::string(700, 'a'),
      ";",
      " ",
      "\t"};
  std::string bytes;
  const std::size_t count = (*random)() % 20;
  for (std::size_t i = 0; i < count; ++i) {
    if ((*random)() % 8 == 0) {
      bytes.push_back(static_cast<char>((*random)()));
    } else {
      bytes += pieces[(*random)() % pieces.size()];
    }
  }
  return bytes;
}

TEST_F(HttpServerTest, RandomBytesStopNothing) {
  options_.max_connections = 20;
  options_.limits = {.max_header_bytes = 1024, .max_body_bytes = 1000};
  Start();
  const int cases = harness::CaseCount(100, 50000);
  for (int i = 0; i < cases; ++i) {
    const std::uint64_t seed = harness::FirstSeed() + i;
    SCOPED_TRACE(absl::StrCat("OPCON_SNOW_SEED=", seed));
    std::mt19937_64 random(seed);
    const auto client = Connect();
    const std::string bytes = Damaged(&random);
    const std::size_t half = random() % (bytes.size() + 1);
    client->Send(bytes.substr(0, half));
    client->Send(bytes.substr(half));
    client->FinishSending();
    while (const auto reply = client->Read()) {
      ASSERT_TRUE(absl::StartsWith(reply->head, "HTTP/1.1 ")) << reply->head;
    }
    if (i % 20 == 0) ExpectServes();
  }
  ExpectServes();
  EXPECT_OK(server_->Stop());
}

}  // namespace
}  // namespace opcon_snow::web
