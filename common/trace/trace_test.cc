// The trace context as it travels, and spans as they are told.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/trace/caller_span.h"
#include "common/trace/recorded_spans.h"
#include "common/trace/scope.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::trace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kGood[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TraceParent Parent(bool sampled = true) {
  TraceParent parent = *ParseTraceParent(kGood);
  parent.sampled = sampled;
  return parent;
}

TEST(TraceParentTest, IsReadAndWrittenAsTheStandardHasIt) {
  const auto parsed = ParseTraceParent(kGood);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(Hex(parsed->trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(Hex(parsed->span_id), "00f067aa0ba902b7");
  EXPECT_TRUE(parsed->sampled);
  EXPECT_EQ(FormatTraceParent(*parsed), kGood);
  EXPECT_EQ(FormatTraceParent(TraceParent()), "");
}

TEST(TraceParentTest, OfFlagsOnlySampledCounts) {
  const std::string front = std::string(kGood).substr(0, 53);
  EXPECT_FALSE(ParseTraceParent(front + "00")->sampled);
  EXPECT_FALSE(ParseTraceParent(front + "02")->sampled);
  EXPECT_TRUE(ParseTraceParent(front + "03")->sampled);
  EXPECT_TRUE(ParseTraceParent(front + "ff")->sampled);
}

TEST(TraceParentTest, OfLaterVersionsTheKnownPartIsRead) {
  const std::string later = absl::StrCat("cc", std::string(kGood).substr(2));
  EXPECT_EQ(ParseTraceParent(later), ParseTraceParent(kGood));
  EXPECT_EQ(ParseTraceParent(later + "-what-the-future-brings"),
            ParseTraceParent(kGood));
  EXPECT_EQ(ParseTraceParent(later + ".what"), std::nullopt);
}

TEST(TraceParentTest, NothingElseIsTaken) {
  for (const std::string& bad :
       {std::string(), std::string("00"), std::string(kGood) + "-00",
        std::string(kGood) + " ", " " + std::string(kGood),
        std::string(kGood).substr(0, 54),
        absl::StrCat("ff", std::string(kGood).substr(2)),
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        std::string("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"),
        std::string("0 -4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        std::string(200, 'a')}) {
    EXPECT_EQ(ParseTraceParent(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(TraceParentTest, WhatIsWrittenIsReadBack, ()) {
  TraceParent parent;
  for (auto& byte : parent.trace_id) byte = *rc::gen::arbitrary<std::uint8_t>();
  for (auto& byte : parent.span_id) byte = *rc::gen::arbitrary<std::uint8_t>();
  parent.sampled = *rc::gen::arbitrary<bool>();
  RC_PRE(parent.valid());
  RC_ASSERT(ParseTraceParent(FormatTraceParent(parent)) == parent);
}

RC_GTEST_PROP(TraceParentTest, AnyByteMayBeWrong,
              (std::uint8_t place, std::uint8_t byte)) {
  std::string text = kGood;
  text[place % text.size()] = static_cast<char>(byte);
  const auto parsed = ParseTraceParent(text);
  // What is taken is well formed, whatever it came from.
  if (parsed) RC_ASSERT(ParseTraceParent(FormatTraceParent(*parsed)) == parsed);
  const bool digit = byte < 0x80 && (absl::ascii_isdigit(byte) ||
                                     (byte >= 'a' && byte <= 'f'));
  if (!digit && byte != '-') RC_ASSERT(!parsed.has_value());
}

RC_GTEST_PROP(TraceParentTest, AnyTextMayCome, (const std::string& text)) {
  const auto parsed = ParseTraceParent(text);
  RC_ASSERT(!parsed.has_value() || parsed->valid());
}

const absl::Time kNow = absl::FromUnixSeconds(1'767'600'000);

TEST(CallerSpanTest, IsReadAndWritten) {
  const CallerSpan root{kNow - absl::Microseconds(1234567), std::nullopt};
  EXPECT_EQ(FormatCallerSpan(root), "begin=1767599998765433");
  EXPECT_EQ(ParseCallerSpan(FormatCallerSpan(root), kNow), root);
  const CallerSpan child{kNow, Parent().span_id};
  EXPECT_EQ(FormatCallerSpan(child),
            "begin=1767600000000000;parent=00f067aa0ba902b7");
  EXPECT_EQ(ParseCallerSpan(FormatCallerSpan(child), kNow), child);
}

TEST(CallerSpanTest, NonsenseIsNotTaken) {
  for (const std::string& bad :
       {std::string(), std::string("begin="), std::string("begin=x"),
        std::string("begin=-5"), std::string("begin=1767600000000000;"),
        std::string("begin=1767600000000000;parent="),
        std::string("begin=1767600000000000;parent=0000000000000000"),
        std::string("begin=1767600000000000;parent=00f067aa0ba902b7;"),
        std::string("begin=1767600000000000 "), std::string("begin=0"),
        std::string("begin=99999999999999999999999"),
        absl::StrCat("begin=", std::string(4000, '1'))}) {
    EXPECT_EQ(ParseCallerSpan(bad, kNow), std::nullopt) << bad;
  }
  const auto at = [](absl::Time time) {
    return ParseCallerSpan(FormatCallerSpan({time, std::nullopt}), kNow);
  };
  EXPECT_TRUE(at(kNow - absl::Hours(24 * 89)).has_value());
  EXPECT_FALSE(at(kNow - absl::Hours(24 * 91)).has_value());
  EXPECT_FALSE(at(kNow + absl::Hours(2)).has_value());
  // A clock that is a little fast.
  EXPECT_EQ(at(kNow + absl::Minutes(10))->begin, kNow);
}

RC_GTEST_PROP(CallerSpanTest, WhatIsWrittenIsReadBack,
              (std::uint32_t microseconds, std::uint64_t parent)) {
  CallerSpan span{kNow - absl::Microseconds(microseconds), std::nullopt};
  if (parent != 0) {
    SpanId id{};
    for (auto& byte : id) {
      byte = static_cast<std::uint8_t>(parent & 0xff);
      parent >>= 8;
    }
    span.parent = id;
  }
  RC_ASSERT(ParseCallerSpan(FormatCallerSpan(span), kNow) == span);
}

TEST(SpanTest, WithoutASinkACallersTraceIsHandedOnAsItCame) {
  EXPECT_FALSE(StartSpan("a", Kind::kServer).context().valid());
  const Span span = StartSpan("a", Kind::kServer, Parent());
  EXPECT_EQ(span.context(), Parent());
  EXPECT_FALSE(span.told());
  EXPECT_EQ(BeginTrace("found"), "");
}

TEST(SpanTest, AChildBelongsToItsParentsTrace) {
  const RecordedSpans spans;
  {
    Span parent = StartSpan("parent", Kind::kServer);
    Span child = StartChild("child", Kind::kClient, parent.context());
    child.Set("text", "value");
    child.Set("number", 7);
  }
  const SpanRecord parent = spans.Find("parent");
  const SpanRecord child = spans.Find("child");
  EXPECT_EQ(child.self.trace_id, parent.self.trace_id);
  EXPECT_EQ(child.parent, parent.self.span_id);
  EXPECT_EQ(parent.parent, SpanId());
  EXPECT_NE(child.self.span_id, parent.self.span_id);
  EXPECT_EQ(RecordedSpans::Attribute(child, "text"), "value");
  EXPECT_EQ(RecordedSpans::Attribute(child, "number"), "7");
  EXPECT_FALSE(child.failed);
  EXPECT_LE(absl::AbsDuration(absl::Now() - child.start), absl::Minutes(1));
  EXPECT_GE(child.duration, absl::ZeroDuration());
}

TEST(SpanTest, WhatTheCallerDecidedIsKeptTo) {
  const RecordedSpans spans;
  {
    Span span = StartSpan("unwanted", Kind::kServer, Parent(false));
    // Nobody tells it, so it is nobody's parent.
    EXPECT_EQ(span.context(), Parent(false));
    StartChild("neither", Kind::kClient, span.context()).End();
    StartChild("of no trace", Kind::kClient, TraceParent()).End();
  }
  EXPECT_THAT(spans.all(), IsEmpty());
  StartSpan("wanted", Kind::kServer, Parent()).End();
  EXPECT_THAT(spans.all(), SizeIs(1));
}

TEST(SpanTest, OfTracesThatBeginHereAPartIsTold) {
  const RecordedSpans spans(/*percent=*/10);
  constexpr int kCount = 5000;
  int chosen = 0;
  for (int i = 0; i < kCount; ++i) {
    const Span span = StartSpan("root", Kind::kServer);
    EXPECT_TRUE(span.context().valid());
    chosen += span.context().sampled ? 1 : 0;
  }
  // Seven standard deviations on either side.
  EXPECT_GT(chosen, 350);
  EXPECT_LT(chosen, 650);
  EXPECT_THAT(spans.all(), SizeIs(chosen));
  // Others decided about theirs.
  EXPECT_TRUE(StartSpan("a", Kind::kServer, Parent()).told());
}

TEST(SpanTest, ErrorsAreToldByTheirReasonsWithoutWords) {
  const RecordedSpans spans;
  StartSpan("plain", Kind::kServer)
      .SetStatus(absl::UnavailableError("a password, perhaps"));
  StartSpan("with a reason", Kind::kServer)
      .SetStatus(MakeError(absl::StatusCode::kNotFound, "secret words",
                           {.reason = "NO_SUCH_JOB"}));
  StartSpan("well", Kind::kServer).SetStatus(absl::OkStatus());
  const SpanRecord plain = spans.Find("plain");
  EXPECT_TRUE(plain.failed);
  ASSERT_THAT(plain.attributes, SizeIs(1));
  EXPECT_EQ(RecordedSpans::Attribute(plain, "error.type"), "UNAVAILABLE");
  EXPECT_EQ(RecordedSpans::Attribute(spans.Find("with a reason"), "error.type"),
            "NO_SUCH_JOB");
  EXPECT_FALSE(spans.Find("well").failed);
}

TEST(SpanTest, TextsAndTheirNumberAreBounded) {
  const RecordedSpans spans;
  {
    Span span = StartSpan(std::string(5000, 'n'), Kind::kServer);
    for (int i = 0; i < 1000; ++i) {
      span.Set(absl::StrCat("key", i), std::string(100000, 'v'));
    }
    span.Set("not UTF-8", "\xff\xfe");
  }
  ASSERT_THAT(spans.all(), SizeIs(1));
  const SpanRecord span = spans.all()[0];
  EXPECT_LE(span.name.size(), Span::kMaxText);
  EXPECT_THAT(span.attributes, SizeIs(Span::kMaxAttributes));
  EXPECT_LE(RecordedSpans::Attribute(span, "key0").size(), Span::kMaxText);
}

TEST(SpanTest, ItIsToldOnceWhereverItIsMovedTo) {
  const RecordedSpans spans;
  Span first = StartSpan("first", Kind::kServer);
  Span second = std::move(first);
  second.End();
  second.End();
  second = StartSpan("second", Kind::kServer);
  // The one that is replaced ends.
  second = StartSpan("third", Kind::kServer);
  EXPECT_THAT(spans.all(), SizeIs(2));
}

Caller CallerWith(const std::optional<SpanId>& parent, bool sampled = true) {
  return ReadCaller(FormatTraceParent(Parent(sampled)),
                    FormatCallerSpan({absl::Now() - absl::Seconds(3), parent}));
}

TEST(ServerSpanTest, TheCallersOwnSpanIsToldForIt) {
  const RecordedSpans spans;
  const Caller caller = CallerWith(std::nullopt);
  Span server = StartServerSpan("call", caller);
  TellCallerSpan("incidentctl", "incidentctl report", caller, server);
  server.End();
  const SpanRecord root = spans.Find("incidentctl report");
  EXPECT_EQ(root.self, Parent());
  EXPECT_EQ(root.parent, SpanId());
  EXPECT_EQ(root.kind, Kind::kClient);
  EXPECT_EQ(root.program, "incidentctl");
  EXPECT_GE(root.duration, absl::Seconds(2.9));
  EXPECT_EQ(spans.Find("call").parent, Parent().span_id);
}

TEST(ServerSpanTest, ATraceThatTheCallerContinuesHasItsParent) {
  const RecordedSpans spans;
  const Caller caller = CallerWith(SpanId{1, 2, 3});
  const Span server = StartServerSpan("call", caller);
  TellCallerSpan("incidentctl", "incidentctl report", caller, server);
  EXPECT_EQ(spans.Find("incidentctl report").parent, (SpanId{1, 2, 3}));
}

TEST(ServerSpanTest, TracesThatBeginWithACallersSpanCountAsOurs) {
  const RecordedSpans spans(/*percent=*/1);
  int told = 0;
  for (int i = 0; i < 300; ++i) {
    Caller caller = CallerWith(std::nullopt);
    caller.parent->trace_id[15] = static_cast<std::uint8_t>(i);
    caller.parent->trace_id[14] = static_cast<std::uint8_t>(i >> 8);
    told += StartServerSpan("call", caller).told() ? 1 : 0;
  }
  EXPECT_LT(told, 30);
  EXPECT_TRUE(StartServerSpan("call", CallerWith(SpanId{1})).told());
  EXPECT_FALSE(StartServerSpan("call", CallerWith(std::nullopt, false)).told());
}

TEST(ServerSpanTest, WhatIsNotWellFormedIsIgnored) {
  const RecordedSpans spans;
  const Caller caller = ReadCaller("nonsense", "begin=1767600000000000");
  EXPECT_EQ(caller.parent, std::nullopt);
  EXPECT_EQ(caller.span, std::nullopt);
  Span server = StartServerSpan("call", caller);
  EXPECT_TRUE(server.told());
  TellCallerSpan("incidentctl", "incidentctl report", caller, server);
  EXPECT_EQ(ReadCaller(std::nullopt, std::nullopt).parent, std::nullopt);
  server.End();
  EXPECT_THAT(spans.all(), SizeIs(1));
}

TEST(ScopeTest, TheInnermostCounts) {
  EXPECT_FALSE(Current().valid());
  {
    const Scope outer(Parent());
    {
      const Scope inner{TraceParent()};
      EXPECT_FALSE(Current().valid());
    }
    EXPECT_EQ(Current(), Parent());
  }
  EXPECT_FALSE(Current().valid());
}

}  // namespace
}  // namespace opcon_snow::trace
