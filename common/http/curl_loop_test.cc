#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/async/event_loop.h"
#include "common/async/sync_wait.h"
#include "common/http/body_pipe.h"
#include "common/http/curl_transport.h"
#include "common/http/http_testing.h"
#include "common/http/raw_server.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;
using Connection = RawServer::Connection;

class CurlLoopTest : public CurlFixture {};

async::Task<absl::Status> HopOn(async::EventLoop* loop) {
  absl::Status status = co_await async::Hop(*loop);
  co_return status;
}

async::Task<absl::Status> SleepOn(async::EventLoop* loop,
                                  absl::Duration duration,
                                  std::stop_token stop) {
  absl::Status status = co_await async::Sleep(*loop, duration, std::move(stop));
  co_return status;
}

TEST_F(CurlLoopTest, HopAndSleepWork) {
  EXPECT_FALSE(loop_->InLoopThread());
  EXPECT_TRUE(async::SyncWait(HopOn(loop_.get())).ok());
  const absl::Duration before = loop_->MonotonicNow();
  EXPECT_TRUE(
      async::SyncWait(SleepOn(loop_.get(), absl::Milliseconds(20), {})).ok());
  EXPECT_GE(loop_->MonotonicNow() - before, absl::Milliseconds(20));
}

TEST_F(CurlLoopTest, SleepEndsWhenItsStopIsRequested) {
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(
      async::SyncWait(SleepOn(loop_.get(), absl::Hours(1), stop.get_token()))
          .code(),
      absl::StatusCode::kCancelled);
  stopper.join();
}

TEST_F(CurlLoopTest, PostsFromManyThreadsAllRun) {
  std::atomic<int> ran{0};
  std::vector<std::thread> posters;
  posters.reserve(4);
  for (int i = 0; i < 4; ++i) {
    posters.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        EXPECT_TRUE(loop_->Post([&] { ++ran; }));
        const auto timer =
            loop_->After(absl::Milliseconds(n % 3), [&] { ++ran; });
        if (loop_->Cancel(timer)) ++ran;
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  loop_->Stop();
  EXPECT_EQ(ran, 4000);
  EXPECT_FALSE(loop_->Post([] {}));
  EXPECT_EQ(loop_->After(absl::ZeroDuration(), [] {}),
            async::EventLoop::kNoTimer);
}

TEST_F(CurlLoopTest, ManyRequestsAtOnceUseFewConnections) {
  CurlLoopOptions loop_options;
  loop_options.max_connections_per_host = 4;
  auto loop = CurlLoop::Create(loop_options);
  ASSERT_TRUE(loop.ok());
  CurlTransportOptions options;
  options.allow_http = true;
  auto transport = CurlTransport::Create(loop->get(), options);
  ASSERT_TRUE(transport.ok());
  RawServer server([](Connection& c) {
    while (c.ReadRequest()) {
      c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  Results results;
  constexpr int kRequests = 100;
  for (int i = 0; i < kRequests; ++i) {
    Request request;
    request.method = Method::kPost;
    request.url = server.Url(absl::StrCat("/", i));
    request.body = "x";
    async::Start((*transport)->Send(std::move(request)),
                 [&](Result result) { results.Add(std::move(result)); });
  }
  for (const Result& result : results.Wait(kRequests)) {
    EXPECT_TRUE(IsStatus(result, 200));
  }
  EXPECT_EQ(server.requests(), kRequests);
  EXPECT_LE(server.accepted(), 4);
}

TEST_F(CurlLoopTest, StopRequestGivesARequestUp) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.WaitForClose();
  });
  std::stop_source stop;
  Results results;
  Request request;
  request.method = Method::kPost;
  request.url = server.Url("/");
  request.stop = stop.get_token();
  async::Start(transport_->Send(request),
               [&](Result result) { results.Add(std::move(result)); });
  server.WaitForRequests(1);
  stop.request_stop();
  EXPECT_TRUE(IsError(results.Wait(1)[0], Kind::kCancelled, true));

  // Requested before: nothing is sent.
  EXPECT_TRUE(IsError(Send(request), Kind::kCancelled, false));
  EXPECT_EQ(server.requests(), 1);
}

// Stopping the loop completes what is in flight (sent, uploading, not yet
// begun), sleeping or posted, frees every frame, and does not wait for the
// network.
TEST_F(CurlLoopTest, StopCompletesEverythingWithCancelled) {
  RawServer server([](Connection& c) {
    c.ReadHeader();
    c.WaitForClose();
  });
  Results results;
  auto add = [&](Result result) { results.Add(std::move(result)); };
  for (int i = 0; i < 3; ++i) {
    Request request;
    request.url = server.Url("/");
    request.timeout = absl::InfiniteDuration();
    async::Start(transport_->Send(std::move(request)), add);
  }
  auto source = std::make_shared<PipeSource>(std::nullopt);
  Request upload;
  upload.method = Method::kPost;
  upload.url = server.Url("/");
  upload.body_source = source;
  async::Start(transport_->Send(std::move(upload)), add);
  server.WaitForRequests(4);
  std::optional<absl::Status> slept;
  async::Start(SleepOn(loop_.get(), absl::Hours(1), {}),
               [&](absl::Status status) { slept = status; });

  loop_->Stop();
  const std::vector<Result> all = results.Wait(4);
  EXPECT_EQ(all.size(), 4u);
  for (const Result& result : all) {
    EXPECT_TRUE(IsError(result, Kind::kCancelled, true));
  }
  ASSERT_TRUE(slept.has_value());
  EXPECT_EQ(slept->code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(source->Write("x"), PipeSource::WriteState::kClosed);

  EXPECT_TRUE(IsError(Get(server.Url("/")), Kind::kCancelled, false));
  EXPECT_EQ(async::SyncWait(HopOn(loop_.get())).code(),
            absl::StatusCode::kCancelled);
  loop_->Stop();
  EXPECT_EQ(loop_->stats().transfers_in_flight, 0u);
}

async::Task<> SendUntilCancelled(CurlTransport* transport, std::string url,
                                 std::atomic<int>* running) {
  for (;;) {
    Request request;
    request.method = Method::kPost;
    request.url = url;
    request.body = "x";
    Result result = co_await transport->Send(std::move(request));
    if (!result.ok() && result.error().kind == Kind::kCancelled) break;
  }
  --*running;
}

TEST_F(CurlLoopTest, StopRacesWithBusyClients) {
  RawServer server([](Connection& c) {
    while (c.ReadRequest()) {
      c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  for (int round = 0; round < 5; ++round) {
    SetUp();
    std::atomic<int> running{8};
    for (int i = 0; i < 8; ++i) {
      async::Detach(
          SendUntilCancelled(transport_.get(), server.Url("/"), &running));
    }
    server.WaitForRequests(20 * (round + 1));
    loop_->Stop();
    EXPECT_EQ(running, 0);
  }
}

TEST_F(CurlLoopTest, TransportMayBeDestroyedWhileItsRequestRuns) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.WaitForRelease();
    c.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  Results results;
  Request request;
  request.url = server.Url("/");
  async::Start(transport_->Send(std::move(request)),
               [&](Result result) { results.Add(std::move(result)); });
  server.WaitForRequests(1);
  transport_.reset();
  server.Release();
  EXPECT_TRUE(IsStatus(results.Wait(1)[0], 204));
}

// A sink that sends another request from within libcurl's callback.
class ReentrantSink final : public BodySink {
 public:
  explicit ReentrantSink(std::function<void()> on_open)
      : on_open_(std::move(on_open)) {}
  bool Open(int, const Headers&, std::function<void()>) override {
    on_open_();
    return true;
  }
  WriteResult Write(absl::string_view) override { return WriteResult::kTaken; }
  void Close(bool) override {}

 private:
  std::function<void()> on_open_;
};

TEST_F(CurlLoopTest, RequestStartedInsideACallbackIsSent) {
  RawServer server([](Connection& c) {
    while (c.ReadRequest()) {
      c.Write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    }
  });
  Results results;
  Request inner;
  inner.url = server.Url("/inner");
  Request outer;
  outer.url = server.Url("/outer");
  outer.body_sink = std::make_shared<ReentrantSink>([&] {
    async::Start(transport_->Send(inner),
                 [&](Result result) { results.Add(std::move(result)); });
  });
  EXPECT_TRUE(IsStatus(Send(std::move(outer)), 200));
  EXPECT_TRUE(IsStatus(results.Wait(1)[0], 200));
}

}  // namespace
}  // namespace opcon_snow::http
