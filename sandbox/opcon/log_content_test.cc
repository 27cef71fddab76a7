#include "sandbox/opcon/log_content.h"

#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

std::string AsJson(const LogContent& log) {
  std::string text;
  log.AppendAsJson(&text);
  return text;
}

TEST(LogContentTest, NumberedLinesToTheByte) {
  EXPECT_EQ(LogContent::Repeated("", 40).ToString(),
            "line 000000001 of the job log\r\nline 0000");
  EXPECT_EQ(LogContent::Repeated("", 31).ToString(),
            "line 000000001 of the job log\r\n");
  EXPECT_THAT(LogContent::Repeated("", 31 * 1000).ToString(),
              ::testing::EndsWith("line 000001000 of the job log\r\n"));
  EXPECT_EQ(LogContent::Repeated("", 0).ToString(), "");
}

TEST(LogContentTest, APatternIsNotCutInsideACharacter) {
  EXPECT_EQ(LogContent::Repeated("aé", 4).ToString(), "aéa");
  EXPECT_EQ(LogContent::Repeated("aé", 5).ToString(), "aéa.");
  EXPECT_EQ(LogContent::Repeated("€", 5).ToString(), "€..");
}

TEST(LogContentTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(AsJson(LogContent("a\xff")), "\"a\xEF\xBF\xBD\"");
}

RC_GTEST_PROP(LogContentProperty, JsonIsTheSameTextWithoutACopy,
              (bool repeated, std::size_t size)) {
  size %= 5000;
  const auto pattern = *rc::gen::container<std::string>(
      rc::gen::element('a', '"', '\\', '\n', '\t', '\x01', 'z'));
  const LogContent log =
      repeated ? LogContent::Repeated(pattern, size) : LogContent(pattern);
  RC_ASSERT(log.ToString().size() == log.size());
  RC_ASSERT(nlohmann::json::parse(AsJson(log)) == log.ToString());
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
