#include "sandbox/http/message.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"

namespace opcon_snow::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(SplitPathTest, AnEncodedSlashStaysInsideItsSegment) {
  EXPECT_THAT(SplitPath("/api/jobs/20260105%7C16%7C1%7CA%2FB%20C"),
              ElementsAre("api", "jobs", "20260105|16|1|A/B C"));
}

TEST(SplitPathTest, KeepsEmptySegmentsAndPlusSigns) {
  EXPECT_THAT(SplitPath("/a//b+c/"), ElementsAre("a", "", "b+c", ""));
  EXPECT_THAT(SplitPath("/"), IsEmpty());
  EXPECT_THAT(SplitPath(""), IsEmpty());
}

TEST(ParseQueryTest, KeepsOrderAndRepetition) {
  EXPECT_THAT(ParseQuery("b=1&a=x%3D%26&b=2&flag&c=a+b"),
              ElementsAre(Pair("b", "1"), Pair("a", "x=&"), Pair("b", "2"),
                          Pair("flag", ""), Pair("c", "a b")));
}

TEST(PercentDecodeTest, LeavesBrokenSequencesAlone) {
  EXPECT_EQ(PercentDecode("100%", false), "100%");
  EXPECT_EQ(PercentDecode("%zz%4", false), "%zz%4");
}

TEST(PercentEncodeTest, DecodingGivesBackAnyBytes) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    RC_ASSERT(PercentDecode(PercentEncode(text), true) == text);
  }));
}

TEST(SplitPathTest, EncodedSegmentsComeBackWhole) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& segments) {
    RC_PRE(!segments.empty());
    std::string path;
    for (const std::string& segment : segments) {
      path += '/';
      path += PercentEncode(segment);
    }
    // "/" alone has no segment rather than one empty one.
    RC_PRE(path != "/");
    RC_ASSERT(SplitPath(path) == segments);
  }));
}

TEST(ReplyTest, JsonWithBytesThatAreNotUtf8IsStillJson) {
  const Reply reply = Reply::Json(200, {{"a", "\xff"}});
  EXPECT_FALSE(
      nlohmann::json::parse(reply.body, nullptr, false).is_discarded());
}

}  // namespace
}  // namespace opcon_snow::sandbox
