#include "common/http/traced_transport.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/async/manual_event_loop.h"
#include "common/async/task.h"
#include "common/http/fake_transport.h"
#include "common/http/transport.h"
#include "common/trace/recorded_spans.h"
#include "common/trace/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using trace::RecordedSpans;
using trace::SpanRecord;

TEST(PathTemplateTest, OnlyKnownWordsAreShown) {
  const std::vector<absl::string_view> words = {"api", "dailyjobs",
                                                "documentation"};
  const auto path = [&](absl::string_view url) {
    return PathTemplate(url, words);
  };
  EXPECT_EQ(path("https://host:9010/api/dailyjobs"), "/api/dailyjobs");
  EXPECT_EQ(path("https://host/api/dailyjobs/2026%7C1%7C1%7CJ/documentation"
                 "?secret=x#api"),
            "/api/dailyjobs/{}/documentation");
  EXPECT_EQ(path("https://api/prefix/api?dailyjobs/api"), "/{}/api");
  EXPECT_EQ(path("https://host"), "/");
  EXPECT_EQ(path("https://host?api=1"), "/");
  EXPECT_EQ(path(""), "/");
}

class TracedTransportTest : public ::testing::Test {
 protected:
  void Send(const trace::TraceParent& parent) {
    Request request;
    request.url = "https://host:9010/api/jobs/17?user=anna&key=canary";
    request.headers.Set("Authorization", "canary");
    request.trace = parent;
    async::Start(transport_.Send(std::move(request)),
                 [](Result result) { static_cast<void>(result.ok()); });
    loop_.RunUntilIdle();
  }

  async::ManualEventLoop loop_;
  std::shared_ptr<FakeTransport> inner_ =
      std::make_shared<FakeTransport>(&loop_);
  TracedTransport transport_{inner_, {"api", "jobs"}};
};

TEST_F(TracedTransportTest, ARequestIsASpanOfWhatItIsMadeFor) {
  const RecordedSpans spans;
  trace::Span call = trace::StartSpan("call", trace::Kind::kServer);
  inner_->Answer(200, "{}");
  Send(call.context());
  ASSERT_THAT(spans.all(), SizeIs(1));
  const SpanRecord span = spans.Find("GET /api/jobs/{}");
  EXPECT_EQ(span.parent, call.context().span_id);
  EXPECT_EQ(span.kind, trace::Kind::kClient);
  EXPECT_FALSE(span.failed);
  const auto attribute = [&](const std::string& key) {
    return RecordedSpans::Attribute(span, key);
  };
  EXPECT_EQ(attribute("http.request.method"), "GET");
  EXPECT_EQ(attribute("url.template"), "/api/jobs/{}");
  EXPECT_EQ(attribute("server.address"), "host");
  EXPECT_EQ(attribute("server.port"), "9010");
  EXPECT_EQ(attribute("http.response.status_code"), "200");
  EXPECT_THAT(span.attributes, SizeIs(5));
  // The upstream is told nothing.
  ASSERT_THAT(inner_->requests(), SizeIs(1));
  EXPECT_FALSE(inner_->requests()[0].headers.Get("traceparent").has_value());
}

TEST_F(TracedTransportTest, FailuresAreTold) {
  const RecordedSpans spans;
  const trace::Span call = trace::StartSpan("call", trace::Kind::kServer);
  inner_->Answer(503, "canary");
  Send(call.context());
  inner_->Fail(TransportError::Kind::kTls, false, "canary");
  Send(call.context());
  ASSERT_THAT(spans.all(), SizeIs(2));
  EXPECT_TRUE(spans.all()[0].failed);
  EXPECT_EQ(RecordedSpans::Attribute(spans.all()[0], "error.type"), "503");
  EXPECT_TRUE(spans.all()[1].failed);
  EXPECT_EQ(RecordedSpans::Attribute(spans.all()[1], "error.type"), "TLS");
}

TEST_F(TracedTransportTest, NothingIsToldOfWhatNobodyWants) {
  const RecordedSpans spans;
  trace::TraceParent unwanted;
  {
    const trace::Span call = trace::StartSpan("call", trace::Kind::kServer);
    unwanted = call.context();
  }
  unwanted.sampled = false;
  inner_->Answer(200, "{}");
  Send(unwanted);
  EXPECT_THAT(inner_->requests(), SizeIs(1));
  EXPECT_THAT(spans.all(), SizeIs(1));
}

TEST_F(TracedTransportTest, WhatIsMadeForNobodyIsATraceOfItsOwn) {
  {
    const RecordedSpans spans;
    inner_->Answer(200, "{}");
    Send({});
    ASSERT_THAT(spans.all(), SizeIs(1));
    EXPECT_EQ(spans.all()[0].parent, trace::SpanId());
  }
  inner_->Answer(200, "{}");
  Send({});
  EXPECT_THAT(inner_->requests(), SizeIs(2));
}

}  // namespace
}  // namespace opcon_snow::http
