#include "common/http/fake_transport.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "common/async/manual_event_loop.h"
#include "common/http/body_pipe.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;

class FakeTransportTest : public ::testing::Test {
 protected:
  void Start(Request request) {
    result_.reset();
    async::Start(transport_.Send(std::move(request)),
                 [this](Result result) { result_.emplace(std::move(result)); });
  }

  async::ManualEventLoop loop_;
  FakeTransport transport_{&loop_};
  std::optional<Result> result_;
};

TEST_F(FakeTransportTest, GivesAnswersInOrderAndRecords) {
  transport_.Answer(200, "one", {{"X", "1"}});
  transport_.Fail(Kind::kConnect, false);
  Request request;
  request.method = Method::kPost;
  request.url = "https://host/a";
  request.body = "body";
  Start(request);
  EXPECT_FALSE(result_.has_value());
  EXPECT_EQ(transport_.in_flight(), 1u);
  loop_.RunUntilIdle();
  ASSERT_TRUE(result_.has_value() && result_->ok());
  EXPECT_EQ(result_->response().body, "one");
  EXPECT_EQ(result_->response().headers.Get("x"), "1");
  Start(request);
  loop_.RunUntilIdle();
  ASSERT_TRUE(result_.has_value() && !result_->ok());
  EXPECT_EQ(result_->error().kind, Kind::kConnect);
  ASSERT_EQ(transport_.requests().size(), 2u);
  EXPECT_EQ(transport_.requests()[0].method, Method::kPost);
  EXPECT_EQ(transport_.requests()[0].url, "https://host/a");
  EXPECT_EQ(transport_.requests()[0].body, "body");
  EXPECT_EQ(transport_.unused(), 0u);
  EXPECT_EQ(transport_.in_flight(), 0u);
}

TEST_F(FakeTransportTest, DelaysByVirtualTimeAndHonoursTheTimeout) {
  Response late;
  late.status = 200;
  transport_.AnswerAfter(absl::Seconds(5), late);
  transport_.AnswerAfter(absl::Seconds(5), late);
  Request request;
  request.timeout = absl::Seconds(10);
  Start(request);
  loop_.Advance(absl::Seconds(4));
  EXPECT_FALSE(result_.has_value());
  loop_.Advance(absl::Seconds(1));
  ASSERT_TRUE(result_.has_value());
  EXPECT_TRUE(result_->ok());
  request.timeout = absl::Seconds(3);
  Start(request);
  loop_.Advance(absl::Seconds(3));
  ASSERT_TRUE(result_.has_value() && !result_->ok());
  EXPECT_EQ(result_->error().kind, Kind::kTimeout);
  EXPECT_TRUE(result_->error().maybe_processed);
  EXPECT_EQ(loop_.pending_timers(), 1u);  // the answer that nobody awaits
}

TEST_F(FakeTransportTest, HonoursStopRequestAndStoppingLoop) {
  Response late;
  transport_.AnswerAfter(absl::Hours(1), late);
  transport_.AnswerAfter(absl::Hours(1), late);
  std::stop_source stop;
  Request request;
  request.timeout = absl::InfiniteDuration();
  request.stop = stop.get_token();
  Start(request);
  stop.request_stop();
  loop_.RunUntilIdle();
  ASSERT_TRUE(result_.has_value() && !result_->ok());
  EXPECT_EQ(result_->error().kind, Kind::kCancelled);
  request.stop = {};
  Start(request);
  EXPECT_FALSE(result_.has_value());
  loop_.Stop();
  ASSERT_TRUE(result_.has_value() && !result_->ok());
  EXPECT_EQ(result_->error().kind, Kind::kCancelled);
}

TEST_F(FakeTransportTest, UnscriptedRequestFailsTheTest) {
  Request request;
  request.url = "https://host/x?s3cret";
  EXPECT_NONFATAL_FAILURE(
      {
        Start(request);
        loop_.RunUntilIdle();
      },
      "no answer is scripted for GET https://host/x");
  ASSERT_TRUE(result_.has_value());
  EXPECT_FALSE(result_->ok());
}

TEST_F(FakeTransportTest, HandlersSeeTheRequest) {
  transport_.HandleRest([](const FakeTransport::RecordedRequest& request) {
    Response response;
    response.status = request.url == "https://host/ok" ? 200 : 404;
    return response;
  });
  Request request;
  request.url = "https://host/ok";
  Start(request);
  loop_.RunUntilIdle();
  EXPECT_EQ(result_->response().status, 200);
  request.url = "https://host/other";
  Start(request);
  loop_.RunUntilIdle();
  EXPECT_EQ(result_->response().status, 404);
}

TEST_F(FakeTransportTest, ReadsSourcesAndFeedsSinks) {
  transport_.Answer(200, std::string(5000, 'r'));
  auto source = std::make_shared<PipeSource>(std::nullopt);
  auto sink = std::make_shared<PipeSink>(1500);
  Request request;
  request.method = Method::kPost;
  request.body_source = source;
  request.body_sink = sink;
  Start(std::move(request));
  source->Write("first ");
  loop_.RunUntilIdle();
  EXPECT_TRUE(transport_.requests().empty());
  source->Write("second");
  source->Finish();
  loop_.RunUntilIdle();
  ASSERT_EQ(transport_.requests().size(), 1u);
  EXPECT_EQ(transport_.requests()[0].body, "first second");
  EXPECT_TRUE(transport_.requests()[0].streamed);
  EXPECT_FALSE(result_.has_value());
  std::string got;
  for (int i = 0; i < 10 && !result_.has_value(); ++i) {
    got += sink->Take(1000).data;
    loop_.RunUntilIdle();
  }
  while (true) {
    PipeSink::TakeResult taken = sink->Take(1000);
    if (taken.state != PipeSink::TakeState::kData) break;
    got += taken.data;
  }
  EXPECT_EQ(got, std::string(5000, 'r'));
  ASSERT_TRUE(result_.has_value() && result_->ok());
  EXPECT_EQ(result_->response().body, "");
}

TEST_F(FakeTransportTest, FailingSourceIsASourceError) {
  transport_.Answer(200, "");
  auto source = std::make_shared<PipeSource>(10);
  source->Write("short");
  source->Finish();
  Request request;
  request.method = Method::kPost;
  request.body_source = source;
  Start(std::move(request));
  loop_.RunUntilIdle();
  ASSERT_TRUE(result_.has_value() && !result_->ok());
  EXPECT_EQ(result_->error().kind, Kind::kSource);
}

}  // namespace
}  // namespace opcon_snow::http
