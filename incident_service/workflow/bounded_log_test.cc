#include "incident_service/workflow/bounded_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

std::string Through(std::size_t limit, const std::vector<std::string>& chunks) {
  BoundedLog log(limit);
  for (const std::string& chunk : chunks) log.Append(chunk);
  return log.Take();
}

TEST(BoundedLogTest, KeepsWhatFitsToTheByte) {
  EXPECT_EQ(Through(10, {"01234", "56789"}), "0123456789");
  EXPECT_EQ(Through(10, {}), "");
}

TEST(BoundedLogTest, KeepsHeadAndTailAndSaysWhatIsMissing) {
  EXPECT_EQ(Through(4, {"ab", "cdefgh", "ij"}),
            "ab\n[... 6 bytes left out ...]\nij");
}

TEST(BoundedLogTest, DoesNotCutCharactersInHalf) {
  // Two bytes each: both cuts go through one.
  EXPECT_EQ(Through(6, {"aüüüüüüb"}), "aü\n[... 8 bytes left out ...]\nüb");
  EXPECT_EQ(Through(4, {"aüüüüüüb"}), "a\n[... 10 bytes left out ...]\nb");
}

RC_GTEST_PROP(BoundedLogProperties, ChunksMakeNoDifference,
              (std::vector<std::string> chunks)) {
  const auto limit = *rc::gen::inRange<std::size_t>(2, 40);
  std::string all;
  for (const std::string& chunk : chunks) all += chunk;
  RC_ASSERT(Through(limit, chunks) == Through(limit, {all}));
  if (all.size() <= limit) RC_ASSERT(Through(limit, chunks) == all);
}

}  // namespace
}  // namespace opcon_snow::incident
