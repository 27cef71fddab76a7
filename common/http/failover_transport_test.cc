#include "common/http/failover_transport.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/async/manual_event_loop.h"
#include "common/http/fake_transport.h"
#include "common/log/capture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = TransportError::Kind;

class FailoverTransportTest : public ::testing::Test {
 protected:
  FailoverTransportTest()
      : inner_(std::make_shared<FakeTransport>(&loop_)),
        transport_("prod",
                   {*BaseUrl::Parse("https://a.example/opcon", false),
                    *BaseUrl::Parse("https://b.example:9010", false),
                    *BaseUrl::Parse("https://c.example", false)},
                   &loop_, inner_) {}

  Result Post(absl::Duration timeout = absl::Seconds(30)) {
    Request request;
    request.method = Method::kPost;
    request.url = "https://a.example/opcon/api/jobactions?x=1";
    request.body = "{}";
    request.timeout = timeout;
    std::optional<Result> result;
    async::Start(transport_.Send(std::move(request)),
                 [&result](Result got) { result.emplace(std::move(got)); });
    loop_.RunUntilIdle();
    while (!result) loop_.Advance(absl::Milliseconds(100));
    return *std::move(result);
  }

  std::vector<std::string> Urls() const {
    std::vector<std::string> urls;
    for (const auto& request : inner_->requests()) urls.push_back(request.url);
    return urls;
  }

  log::CaptureLogs logs_;
  async::ManualEventLoop loop_;
  std::shared_ptr<FakeTransport> inner_;
  FailoverTransport transport_;
};

constexpr char kA[] = "https://a.example/opcon/api/jobactions?x=1";
constexpr char kB[] = "https://b.example:9010/api/jobactions?x=1";
constexpr char kC[] = "https://c.example/api/jobactions?x=1";

TEST_F(FailoverTransportTest, GoesToTheFirstAddressWhileThatIsReached) {
  inner_->Answer(200, "{}");
  inner_->Answer(503, "");
  EXPECT_EQ(Post().response().status, 200);
  // An answer is an answer.
  EXPECT_EQ(Post().response().status, 503);
  EXPECT_THAT(Urls(), ElementsAre(kA, kA));
}

TEST_F(FailoverTransportTest, WhatNeverLeftGoesToTheNextOnesInOrder) {
  for (const Kind kind : {Kind::kConnect, Kind::kTls}) {
    inner_->Fail(kind, false);
  }
  inner_->Answer(201, "{}");
  inner_->Answer(200, "{}");
  EXPECT_EQ(Post().response().status, 201);
  // The one that was reached is kept.
  EXPECT_EQ(Post().response().status, 200);
  EXPECT_THAT(Urls(), ElementsAre(kA, kB, kC, kC));
  EXPECT_EQ(transport_.current().host(), "c.example");
  EXPECT_THAT(logs_.Text(), HasSubstr("https://c.example"));
}

TEST_F(FailoverTransportTest, WhatMayHaveBeenSeenIsNeverSentAgain) {
  for (const Kind kind : {Kind::kTimeout, Kind::kSend, Kind::kReceive,
                          Kind::kProtocol, Kind::kTooLarge, Kind::kOther}) {
    inner_->Fail(kind, true);
    const Result result = Post();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().kind, kind);
    EXPECT_TRUE(result.error().maybe_processed);
  }
  EXPECT_EQ(inner_->requests().size(), 6u);
}

TEST_F(FailoverTransportTest, TriesTheFirstAddressAgainAfterAMinute) {
  inner_->Fail(Kind::kConnect, false);
  inner_->Answer(200, "{}");
  EXPECT_TRUE(Post().ok());
  loop_.Advance(absl::Seconds(59));
  inner_->Answer(200, "{}");
  EXPECT_TRUE(Post().ok());
  loop_.Advance(absl::Seconds(1));
  inner_->Fail(Kind::kConnect, false);
  inner_->Answer(200, "{}");
  EXPECT_TRUE(Post().ok());
  loop_.Advance(absl::Seconds(60));
  inner_->Answer(200, "{}");
  EXPECT_TRUE(Post().ok());
  EXPECT_THAT(Urls(), ElementsAre(kA, kB, kB, kA, kB, kA));
  EXPECT_EQ(transport_.current().host(), "a.example");
}

TEST_F(FailoverTransportTest, SaysOfEveryAddressWhyItFailed) {
  inner_->Fail(Kind::kResolve, false, "no address");
  inner_->Fail(Kind::kConnect, false, "refused");
  inner_->Fail(Kind::kTls, false, "expired");
  const Result result = Post();
  ASSERT_FALSE(result.ok());
  EXPECT_FALSE(result.error().maybe_processed);
  EXPECT_EQ(result.error().message, "no address; refused; expired");
}

TEST_F(FailoverTransportTest, AllAttemptsShareTheTimeOfTheRequest) {
  TransportError slow;
  slow.kind = Kind::kTimeout;
  slow.message = "connecting took too long";
  inner_->AnswerAfter(absl::Seconds(7), slow);
  inner_->AnswerAfter(absl::Seconds(7), slow);
  const Result result = Post(absl::Seconds(10));
  ASSERT_FALSE(result.ok());
  EXPECT_LE(loop_.MonotonicNow(), absl::Milliseconds(10'100));
  ASSERT_EQ(inner_->requests().size(), 2u);
  EXPECT_LE(inner_->requests()[1].timeout, absl::Seconds(3));
}

TEST_F(FailoverTransportTest, ACallerWhoGaveUpTellsNothingOfTheAddress) {
  inner_->Fail(Kind::kCancelled, false);
  EXPECT_EQ(Post().error().kind, Kind::kCancelled);
  EXPECT_THAT(Urls(), ElementsAre(kA));
}

}  // namespace
}  // namespace opcon_snow::http
