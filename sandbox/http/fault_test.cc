#include "sandbox/http/fault.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

SandboxRequest Request(const std::string& method, const std::string& path,
                       const std::string& query = "",
                       const std::string& body = "") {
  SandboxRequest request;
  request.method = method;
  request.raw_path = path;
  request.segments = SplitPath(path);
  request.raw_query = query;
  request.query = ParseQuery(query);
  request.body = body;
  return request;
}

Fault Parsed(const std::string& text) {
  const absl::StatusOr<Fault> fault = ParseFault(Json::parse(text));
  EXPECT_TRUE(fault.ok()) << fault.status();
  return fault.ok() ? *fault : Fault();
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<Fault> fault = ParseFault(Json::parse(text));
  return fault.ok() ? "" : std::string(fault.status().message());
}

TEST(ParseFaultTest, ReadsTheDocumentedExample) {
  const Fault fault = Parsed(
      R"({"match":{"method":"POST","path":"/api/now/table/incident"},
          "skip":0,"times":1,
          "action":{"kind":"status","status":503,
                    "headers":{"Retry-After":"2"},"body":"down"}})");
  EXPECT_EQ(fault.kind, FaultKind::kStatus);
  EXPECT_EQ(fault.status, 503);
  EXPECT_EQ(fault.answer_body, "down");
  EXPECT_THAT(fault.headers,
              ::testing::ElementsAre(::testing::Pair("Retry-After", "2")));
}

TEST(ParseFaultTest, EveryKindHasItsParameters) {
  EXPECT_EQ(Parsed(R"({"action":{"kind":"delay","ms":5}})").milliseconds, 5);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"truncate","bytes":7}})").bytes, 7);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"slow","bytes_per_second":9}})")
                .bytes_per_second,
            9);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"drop_before"}})").kind,
            FaultKind::kDropBefore);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"drop_after"}})").kind,
            FaultKind::kDropAfter);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"status_after","status":500}})").kind,
            FaultKind::kStatusAfter);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"html"}})").status, 200);
  EXPECT_EQ(Parsed(R"({"action":{"kind":"empty_202"}})").status, 202);
  EXPECT_EQ(
      Parsed(R"({"action":{"kind":"body","body_base64":"/wA="}})").answer_body,
      std::string("\xff\0", 2));
}

TEST(ParseFaultTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("fault must be an object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("action is required"));
  EXPECT_THAT(ErrorOf(R"({"action":{}})"), HasSubstr("action.kind"));
  EXPECT_THAT(ErrorOf(R"({"action":{"kind":"explode"}})"),
              HasSubstr("drop_before"));
  EXPECT_THAT(ErrorOf(R"({"action":{"kind":"status"}})"),
              HasSubstr("action.status is required"));
  EXPECT_THAT(ErrorOf(R"({"action":{"kind":"status","status":"503"}})"),
              HasSubstr("action.status must be a whole number"));
  EXPECT_THAT(ErrorOf(R"({"action":{"kind":"status","status":99}})"),
              HasSubstr("from 200 to 599"));
  EXPECT_THAT(ErrorOf(R"({"action":{"kind":"delay","ms":1.5}})"),
              HasSubstr("action.ms"));
  EXPECT_THAT(ErrorOf(R"({"times":0,"action":{"kind":"drop_before"}})"),
              HasSubstr("times"));
  EXPECT_THAT(
      ErrorOf(R"({"match":{"url":"/"},"action":{"kind":"drop_before"}})"),
      HasSubstr("match.url is not known here"));
  EXPECT_THAT(ErrorOf(R"({"action":{"kind":"drop_before","status":1}})"),
              HasSubstr("action.status is not known here"));
}

TEST(FaultBoardTest, MatchesOnMethodPathQueryAndBody) {
  FaultBoard board;
  board.Add(Parsed(R"({"match":{"method":"POST","path":"/a/b","query":"x=1 2",
                                "body":"JOB"},
                       "times":-1,"action":{"kind":"drop_before"}})"));
  EXPECT_THAT(board.Take(Request("POST", "/a/b", "y=0&x=1+2", "a JOB b")),
              SizeIs(1));
  EXPECT_THAT(board.Take(Request("GET", "/a/b", "x=1+2", "JOB")), IsEmpty());
  EXPECT_THAT(board.Take(Request("POST", "/a/b/c", "x=1+2", "JOB")), IsEmpty());
  EXPECT_THAT(board.Take(Request("POST", "/a/b", "x=3", "JOB")), IsEmpty());
  EXPECT_THAT(board.Take(Request("POST", "/a/b", "x=1+2", "job")), IsEmpty());
}

TEST(FaultBoardTest, APathMayBeAPrefixDecodedOrCanonical) {
  FaultBoard board([](const std::string& path) {
    return path == "/v2/table" ? "/table" : path;
  });
  const auto taken = [&](const std::string& pattern, const std::string& path) {
    board.Clear();
    board.Add(Parsed(R"({"match":{"path":")" + pattern +
                     R"("},"action":{"kind":"drop_before"}})"));
    return board.Take(Request("GET", path)).size();
  };
  EXPECT_EQ(taken("/a*", "/abc"), 1U);
  EXPECT_EQ(taken("/a", "/abc"), 0U);
  EXPECT_EQ(taken("/a|b", "/a%7Cb"), 1U);
  EXPECT_EQ(taken("/a%7Cb", "/a%7Cb"), 1U);
  EXPECT_EQ(taken("/table", "/v2/table"), 1U);
  EXPECT_EQ(taken("/v2/table", "/v2/table"), 1U);
}

TEST(FaultBoardTest, SkipsThenHitsSoManyTimes) {
  FaultBoard board;
  board.Add(Parsed(R"({"skip":2,"times":2,"action":{"kind":"drop_before"}})"));
  std::string hits;
  for (int i = 0; i < 6; ++i) {
    hits += board.Take(Request("GET", "/")).empty() ? '-' : 'X';
  }
  EXPECT_EQ(hits, "--XX--");
}

TEST(FaultBoardTest, TheFirstArmedFaultWinsButADelayComesOnTop) {
  FaultBoard board;
  board.Add(Parsed(R"({"action":{"kind":"delay","ms":1}})"));
  board.Add(Parsed(R"({"action":{"kind":"drop_before"}})"));
  board.Add(Parsed(R"({"action":{"kind":"drop_after"}})"));
  const std::vector<Fault> first = board.Take(Request("GET", "/"));
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].kind, FaultKind::kDelay);
  EXPECT_EQ(first[1].kind, FaultKind::kDropBefore);
  const std::vector<Fault> second = board.Take(Request("GET", "/"));
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].kind, FaultKind::kDropAfter);
}

TEST(FaultBoardTest, RemovesByIdAndListsWhatHappened) {
  FaultBoard board;
  const std::int64_t id =
      board.Add(Parsed(R"({"action":{"kind":"status","status":500}})"));
  board.Take(Request("GET", "/"));
  const Json shown = FaultToJson(board.List().at(0));
  EXPECT_EQ(shown["id"], id);
  EXPECT_EQ(shown["hits"], 1);
  EXPECT_EQ(shown["action"]["kind"], "status");
  EXPECT_TRUE(board.Remove(id));
  EXPECT_FALSE(board.Remove(id));
}

}  // namespace
}  // namespace opcon_snow::sandbox
