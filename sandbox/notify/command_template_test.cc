#include "sandbox/notify/command_template.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::notify {
namespace {

const std::map<std::string, std::string>& Properties() {
  static const auto* const properties = new std::map<std::string, std::string>{
      {"$MACHINE NAME", "GENP001"},  {"$JOB NAME", "Load A"},
      {"$SCHEDULE NAME", "P[Sub]"},  {"EMPTY", ""},
      {"JI.$DEPARTMENT NAME", "HR"}, {"a]b", "bracket"},
      {"NESTED", "[[$JOB NAME]]"}};
  return *properties;
}

std::string Literal(const std::string& command) {
  return ExpandTokens(command, Properties(), Unresolved::kLiteral);
}
std::string Empty(const std::string& command) {
  return ExpandTokens(command, Properties(), Unresolved::kEmpty);
}

TEST(ExpandTokensTest, BothKindsOfBrackets) {
  EXPECT_EQ(Literal("x -a [[$MACHINE NAME]] -jn {{$JOB NAME}}."),
            "x -a GENP001 -jn Load A.");
  EXPECT_EQ(Literal("[[$JOB NAME]][[$JOB NAME]]"), "Load ALoad A");
  EXPECT_EQ(Literal("[[JI.$DEPARTMENT NAME]]"), "HR");
  EXPECT_EQ(Literal("[[$JOB NAME}} {{$JOB NAME]]"),
            "[[$JOB NAME}} {{$JOB NAME]]");
}

TEST(ExpandTokensTest, NamesAreCaseSensitive) {
  EXPECT_EQ(Literal("[[$job name]]"), "[[$job name]]");
  EXPECT_EQ(Empty("-a [[$job name]] -s"), "-a  -s");
}

TEST(ExpandTokensTest, UnresolvedTokensByPolicy) {
  EXPECT_EQ(Literal("[[NO]]{{NO}}"), "[[NO]]{{NO}}");
  EXPECT_EQ(Empty("[[NO]]{{NO}}"), "");
  EXPECT_EQ(Literal("-a [[EMPTY]] -s"), "-a  -s");
}

TEST(ExpandTokensTest, WhatIsNoTokenStays) {
  for (const char* text : {"[[", "]]", "[[]]", "[$JOB NAME]", "[[$JOB NAME",
                           "[[$JOB NAME]", "a[b]c", "{x}", ""}) {
    EXPECT_EQ(Empty(text), text);
  }
  EXPECT_EQ(Literal("[[[$JOB NAME]]]"), "[Load A]");
}

TEST(ExpandTokensTest, QuotedNamesMayHoldBrackets) {
  EXPECT_EQ(Literal("[[\"a]b\"]]"), "bracket");
  EXPECT_EQ(Literal("{{\"$JOB NAME\"}}"), "Load A");
  EXPECT_EQ(Literal("[[a]b]]"), "[[a]b]]");
}

TEST(ExpandTokensTest, ValuesAreNotExpandedAgain) {
  EXPECT_EQ(Literal("[[NESTED]]"), "[[$JOB NAME]]");
  EXPECT_EQ(Literal("\"[[$SCHEDULE NAME]]\""), "\"P[Sub]\"");
}

RC_GTEST_PROP(ExpandTokensTest, TextWithoutBracketsIsUntouched, ()) {
  const std::string text =
      *rc::gen::container<std::string>(rc::gen::distinctFrom('['));
  RC_PRE(text.find("{{") == std::string::npos);
  RC_ASSERT(Empty(text) == text);
}

// Whatever stands around it, a token is replaced by exactly its value.
RC_GTEST_PROP(ExpandTokensTest, ATokenIsItsValue, (const std::string& value)) {
  const std::string before = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("ab ]}\"$\\")));
  const std::string after = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("ab [{\"$\\")));
  const std::string result = ExpandTokens(before + "[[X]]" + after,
                                          {{"X", value}}, Unresolved::kLiteral);
  RC_ASSERT(result == before + value + after);
}

RC_GTEST_PROP(ExpandTokensTest, ReadsAnyBytes, ()) {
  const std::string text = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("[]{}\"X")));
  // Without properties the literal policy changes nothing at all.
  RC_ASSERT(ExpandTokens(text, {}, Unresolved::kLiteral) == text);
  RC_ASSERT(ExpandTokens(text, {}, Unresolved::kEmpty).size() <= text.size());
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify
