#include "sandbox/opcon/text_match.h"

#include <cstddef>
#include <string>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

TEST(OverMatchesTest, FindsMoreThanWasAskedFor) {
  EXPECT_TRUE(OverMatches("JOB1", "JOB1"));
  EXPECT_TRUE(OverMatches("JOB1", "JOB10"));
  EXPECT_TRUE(OverMatches("job1", "MYJOB1"));
  EXPECT_TRUE(OverMatches("", "anything"));
  EXPECT_FALSE(OverMatches("JOB1", "JOB2"));
  EXPECT_FALSE(OverMatches("JOB10", "JOB1"));
}

TEST(OverMatchesTest, Wildcards) {
  EXPECT_TRUE(OverMatches("Payroll?Sub?", "Payroll[Sub]"));
  EXPECT_TRUE(OverMatches("P*l_C*[", "Payroll_Cont[Sub]"));
  EXPECT_TRUE(OverMatches("a?c", "xxabcxx"));
  EXPECT_FALSE(OverMatches("a?c", "ac"));
  EXPECT_FALSE(OverMatches("a*b", "ba"));
  EXPECT_TRUE(OverMatches("***", ""));
  EXPECT_FALSE(OverMatches("?", ""));
}

TEST(OverMatchesTest, AQuestionMarkIsOneCharacterNotOneByte) {
  EXPECT_TRUE(OverMatches("L?hne", "Löhne"));
  EXPECT_FALSE(OverMatches("L??hne", "Löhne"));
}

TEST(OverMatchesTest, ManyStarsTakeNoExponentialTime) {
  const std::string text(5000, 'a');
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(OverMatches(pattern + "b", text));
}

// The plain recursive meaning of a pattern, for short ASCII texts.
bool Reference(const std::string& pattern, std::size_t p,
               const std::string& text, std::size_t t) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == '*') {
    return Reference(pattern, p + 1, text, t) ||
           (t < text.size() && Reference(pattern, p, text, t + 1));
  }
  return t < text.size() && (pattern[p] == '?' || pattern[p] == text[t]) &&
         Reference(pattern, p + 1, text, t + 1);
}

RC_GTEST_PROP(OverMatchesTest, AgreesWithThePlainMeaning, ()) {
  const auto letters = [](const std::string& alphabet, std::size_t size) {
    return rc::gen::resize(
        static_cast<int>(size),
        rc::gen::container<std::string>(rc::gen::elementOf(alphabet)));
  };
  const std::string pattern = *letters("ab*?", 8);
  const std::string text = *letters("ab", 10);
  RC_ASSERT(OverMatches(pattern, text) ==
            Reference("*" + pattern + "*", 0, text, 0));
}

RC_GTEST_PROP(OverMatchesTest, ReadsAnyBytes,
              (const std::string& pattern, const std::string& text)) {
  OverMatches(pattern, text);
  RC_ASSERT(OverMatches("*", text));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
