#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/http/body_pipe.h"
#include "common/http/curl_transport.h"
#include "common/http/http_testing.h"
#include "common/http/raw_server.h"
#include "gtest/gtest.h"
#include "httplib.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;
using Connection = RawServer::Connection;

// Blocks a thread until something happened; reusable.
class Bell {
 public:
  void Ring() {
    std::lock_guard<std::mutex> lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

// A pattern in which a byte lost, doubled or moved shows.
std::string Pattern(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (std::size_t i = 0; text.size() < size; ++i)
    absl::StrAppend(&text, i, ",");
  text.resize(size);
  return text;
}

class CurlStreamTest : public CurlFixture {
 protected:
  // Starts a request on its own thread; Join gives the result.
  void StartSend(Request request) {
    sender_ = std::thread([this, request = std::move(request)]() mutable {
      result_.emplace(Send(std::move(request)));
    });
  }
  const Result& Join() {
    sender_.join();
    return *result_;
  }

  std::thread sender_;
  std::optional<Result> result_;
};

Request Upload(std::string url, std::shared_ptr<BodySource> source) {
  Request request;
  request.method = Method::kPost;
  request.url = std::move(url);
  request.body_source = std::move(source);
  return request;
}

TEST_F(CurlStreamTest, SourceOfKnownLengthIsSentWithContentLength) {
  std::string seen;
  RawServer server([&](Connection& c) {
    seen = c.ReadRequest().value_or("");
    c.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  auto source = std::make_shared<PipeSource>(10);
  source->Write("01234");
  source->Write("56789");
  source->Finish();
  ASSERT_TRUE(IsStatus(Send(Upload(server.Url("/"), source)), 204));
  EXPECT_TRUE(absl::StrContains(seen, "Content-Length: 10\r\n")) << seen;
  EXPECT_TRUE(absl::EndsWith(seen, "\r\n\r\n0123456789")) << seen;
}

TEST_F(CurlStreamTest, SourceOfUnknownLengthIsSentChunkedWithPauses) {
  const std::string text = Pattern(300000);
  std::string seen;
  httplib::Server server;
  server.Post("/", [&](const httplib::Request& request, httplib::Response&,
                       const httplib::ContentReader& reader) {
    EXPECT_EQ(request.get_header_value("Transfer-Encoding"), "chunked");
    reader([&](const char* data, std::size_t size) {
      seen.append(data, size);
      return true;
    });
  });
  RunningServer running(&server);
  auto source = std::make_shared<PipeSource>(std::nullopt, 10000);
  StartSend(Upload(running.Url("/"), source));
  // Each piece only after the one before has left the pipe, so that the
  // transfer runs dry, and pauses, again and again.
  Bell bell;
  for (std::size_t at = 0; at < text.size(); at += 10000) {
    EXPECT_EQ(source->Write(text.substr(at, 10000)),
              PipeSource::WriteState::kFull);
    source->WhenWritable([&] { bell.Ring(); });
    bell.Wait();
  }
  source->Finish();
  EXPECT_TRUE(IsStatus(Join(), 200));
  EXPECT_EQ(seen, text);
}

TEST_F(CurlStreamTest, SourceThatFailsGivesTheRequestUp) {
  RawServer server([](Connection& c) { c.ReadRequest(); });
  auto source = std::make_shared<PipeSource>(std::nullopt);
  source->Write("begin");
  StartSend(Upload(server.Url("/"), source));
  server.WaitForRequests(1);
  source->Fail();
  EXPECT_TRUE(IsError(Join(), Kind::kSource, true));
  EXPECT_EQ(source->Write("more"), PipeSource::WriteState::kClosed);
}

TEST_F(CurlStreamTest, SourceThatEndsTooEarlyGivesTheRequestUp) {
  RawServer server([](Connection& c) { c.ReadRequest(); });
  auto source = std::make_shared<PipeSource>(10);
  source->Write("short");
  source->Finish();
  Result result = Send(Upload(server.Url("/"), source));
  ASSERT_TRUE(IsError(result, Kind::kSource, true));
  EXPECT_TRUE(absl::StrContains(result.error().message, "5 of 10"))
      << result.error().message;
}

// A server that refuses an upload answers before it has read it all. The
// answer must come through although the source has nothing to send just now.
TEST_F(CurlStreamTest, EarlyAnswerEndsAPausedUpload) {
  RawServer server([](Connection& c) {
    c.ReadHeader();
    c.Write("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nno!!");
    c.WaitForClose();
  });
  auto source = std::make_shared<PipeSource>(1000000);
  source->Write("only the beginning");
  Result result = Send(Upload(server.Url("/"), source));
  ASSERT_TRUE(IsStatus(result, 413));
  EXPECT_EQ(result.response().body, "no!!");
  EXPECT_EQ(source->Write("more"), PipeSource::WriteState::kClosed);
}

TEST_F(CurlStreamTest, ClosedTransferWakesTheProducer) {
  RawServer server([](Connection& c) { c.ReadHeader(); });
  auto source = std::make_shared<PipeSource>(std::nullopt, 1000);
  Bell bell;
  StartSend(Upload(server.Url("/"), source));
  for (;;) {
    const PipeSource::WriteState state = source->Write(std::string(1000, 'x'));
    if (state == PipeSource::WriteState::kClosed) break;
    source->WhenWritable([&] { bell.Ring(); });
    bell.Wait();
  }
  const Result& result = Join();
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().maybe_processed) << Describe(result);
}

TEST_F(CurlStreamTest, SlowProducerIsNotAStalledTransfer) {
  CurlTransportOptions options;
  options.allow_http = true;
  options.low_speed_time = absl::Seconds(1);
  options.low_speed_bytes = 1000;
  transport_ = MakeTransport(options);
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  auto source = std::make_shared<PipeSource>(std::nullopt);
  source->Write("begin");
  StartSend(Upload(server.Url("/"), source));
  server.WaitForRequests(1);
  // Longer than libcurl needs to call a transfer stalled, by the loop's timer.
  Bell bell;
  loop_->After(absl::Seconds(3), [&] { bell.Ring(); });
  bell.Wait();
  source->Write("end");
  source->Finish();
  EXPECT_TRUE(IsStatus(Join(), 204));
}

std::string Drain(PipeSink* sink, std::size_t piece) {
  std::string all;
  Bell bell;
  for (;;) {
    PipeSink::TakeResult taken = sink->Take(piece);
    if (taken.state == PipeSink::TakeState::kData) {
      all += taken.data;
    } else if (taken.state == PipeSink::TakeState::kWait) {
      sink->WhenReadable([&] { bell.Ring(); });
      bell.Wait();
    } else {
      all += taken.state == PipeSink::TakeState::kEnd ? "" : "<failed>";
      return all;
    }
  }
}

TEST_F(CurlStreamTest, SinkGetsTheBodyAndHoldsTheServerBack) {
  const std::string text = Pattern(5 << 20);
  std::atomic<bool> all_written{false};
  RawServer server([&](Connection& c) {
    c.ReadRequest();
    c.Write(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", text.size(),
                         "\r\n\r\n"));
    c.Write(text);
    all_written = true;
    c.WaitForClose();
  });
  auto sink = std::make_shared<PipeSink>(10000);
  Request request;
  request.url = server.Url("/");
  request.body_sink = sink;
  StartSend(std::move(request));
  Bell bell;
  sink->WhenReadable([&] { bell.Ring(); });
  bell.Wait();
  // Nobody takes anything: what does not fit into the pipe and the sockets'
  // buffers stays at the server.
  EXPECT_FALSE(all_written);
  EXPECT_EQ(Drain(sink.get(), 7777), text);
  const Result& result = Join();
  EXPECT_TRUE(IsStatus(result, 200));
  EXPECT_EQ(result.response().body, "");
}

TEST_F(CurlStreamTest, SinkGetsInflatedDataDespitePauses) {
  const std::string text = Pattern(2 << 20);
  httplib::Server server;
  server.Get("/", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(text, "text/plain");
  });
  RunningServer running(&server);
  auto sink = std::make_shared<PipeSink>(5000);
  Request request;
  request.url = running.Url("/");
  request.body_sink = sink;
  StartSend(std::move(request));
  EXPECT_EQ(Drain(sink.get(), 3000), text);
  const Result& result = Join();
  ASSERT_TRUE(IsStatus(result, 200));
  EXPECT_EQ(result.response().headers.Get("Content-Encoding"), "gzip");
}

TEST_F(CurlStreamTest, ErrorBodyIsCollectedInsteadOfStreamed) {
  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_content("no such record", "text/plain");
  });
  RunningServer running(&server);
  auto sink = std::make_shared<PipeSink>();
  Request request;
  request.url = running.Url("/");
  request.body_sink = sink;
  Result result = Send(std::move(request));
  ASSERT_TRUE(IsStatus(result, 404));
  EXPECT_EQ(result.response().body, "no such record");
  sink->FinishUnopened();
  EXPECT_EQ(sink->Take(10).state, PipeSink::TakeState::kFailed);
}

TEST_F(CurlStreamTest, LimitCountsForStreamedBodiesToo) {
  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(std::string(3 << 20, 'x'), "text/plain");
  });
  RunningServer running(&server);
  auto sink = std::make_shared<PipeSink>(1 << 16);
  Request request;
  request.url = running.Url("/");
  request.body_sink = sink;
  request.max_response_bytes = 1 << 20;
  StartSend(std::move(request));
  const std::string got = Drain(sink.get(), 1 << 16);
  EXPECT_TRUE(IsError(Join(), Kind::kTooLarge, true));
  EXPECT_TRUE(absl::EndsWith(got, "<failed>"));
  EXPECT_LE(got.size(), (std::size_t{1} << 20) + 8);
}

TEST_F(CurlStreamTest, BrokenOffBodyReachesTheSinkAsFailed) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  auto sink = std::make_shared<PipeSink>();
  Request request;
  request.url = server.Url("/");
  request.body_sink = sink;
  EXPECT_TRUE(IsError(Send(std::move(request)), Kind::kReceive, true));
  EXPECT_EQ(Drain(sink.get(), 100), "half<failed>");
}

TEST_F(CurlStreamTest, SinkThatWantsNoMoreGivesTheRequestUp) {
  RawServer server([](Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(65536, 'x');
    while (c.Write(block)) {
    }
  });
  auto sink = std::make_shared<PipeSink>(1000);
  Request request;
  request.url = server.Url("/");
  request.body_sink = sink;
  StartSend(std::move(request));
  Bell bell;
  sink->WhenReadable([&] { bell.Ring(); });
  bell.Wait();
  sink->Cancel();
  EXPECT_TRUE(IsError(Join(), Kind::kSink, true));
}

}  // namespace
}  // namespace opcon_snow::http
