#include "cli/text.h"

#include <string>

#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

TEST(TextTest, CountsCharactersAndNotBytes) {
  EXPECT_EQ(CharacterCount(""), 0);
  EXPECT_EQ(CharacterCount("a\u00e4\u20ac\U0001F600"), 4);
  EXPECT_EQ(FirstCharacters("a\u00e4\u20ac\U0001F600", 3), "a\u00e4\u20ac");
  EXPECT_EQ(FirstCharacters("a\u00e4", 5), "a\u00e4");
  EXPECT_EQ(FirstCharacters("a", 0), "");
}

TEST(TextTest, KnowsUtf8) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("a\u00e4\uFFFD\U0001F600"));
  EXPECT_FALSE(IsValidUtf8("\xe4"));
  EXPECT_FALSE(IsValidUtf8("a\xff"));
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));
}

TEST(TextTest, FindsControlCharacters) {
  for (const std::string text : {"\n", "a\tb", "\x1b[0m", "\x7f", "x\u0085"}) {
    EXPECT_TRUE(HasControlCharacters(text)) << text;
  }
  for (const std::string text : {"", "a b", "\u00a0", "\u00e4", "\uFFFD"}) {
    EXPECT_FALSE(HasControlCharacters(text)) << text;
  }
}

TEST(TextTest, ReplacesWhatIsNotPrintable) {
  EXPECT_EQ(WithoutControlCharacters("a\x1b[31mb\xff\u0085\u00e4"),
            "a\uFFFD[31mb\uFFFD\uFFFD\u00e4");
  EXPECT_EQ(WithoutControlCharacters(std::string("\0", 1)), "\uFFFD");
}

TEST(TextTest, CutsWhatIsTooLongForTheTerminal) {
  EXPECT_EQ(ForTerminal("\u00e4\u00e4\u00e4", 3), "\u00e4\u00e4\u00e4");
  EXPECT_EQ(ForTerminal("\u00e4\u00e4\u00e4\u00e4", 3), "\u00e4\u00e4\u2026");
}

}  // namespace
}  // namespace opcon_snow::cli
