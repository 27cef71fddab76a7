#include "sandbox/notify/windows_command_line.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::notify {
namespace {

using ::testing::ElementsAre;

struct Case {
  std::string line;
  std::vector<std::string> arguments;
};

// The documented examples, and the corners that CommandLineToArgvW is known
// for.
TEST(SplitCommandLineTest, Table) {
  const std::vector<Case> cases = {
      {"prog a b", {"prog", "a", "b"}},
      {"prog \t a\tb  ", {"prog", "a", "b"}},
      {"", {""}},
      {"prog", {"prog"}},
      {" prog a", {"", "prog", "a"}},
      // The program's name.
      {R"("C:\Program Files\x.exe" a)", {R"(C:\Program Files\x.exe)", "a"}},
      {R"("C:\x\" a)", {R"(C:\x\)", "a"}},
      {R"(C:\Program Files\x.exe a)", {R"(C:\Program)", R"(Files\x.exe)", "a"}},
      {R"(C:\a"b c" d)", {R"(C:\a"b)", "c d"}},
      {R"("prog"a b)", {"prog", "a", "b"}},
      {R"("prog)", {"prog"}},
      // Microsoft's own examples.
      {R"(p "abc" d e)", {"p", "abc", "d", "e"}},
      {R"(p a\\b d"e f"g h)", {"p", R"(a\\b)", "de fg", "h"}},
      {R"(p a\\\"b c d)", {"p", R"(a\"b)", "c", "d"}},
      {R"(p a\\\\"b c" d e)", {"p", R"(a\\b c)", "d", "e"}},
      // Backslashes at the end and before blanks.
      {R"(p a\ b)", {"p", R"(a\)", "b"}},
      {R"(p "a\" b)", {"p", R"(a" b)"}},
      {R"(p "a\\" b)", {"p", R"(a\)", "b"}},
      {R"(p \\server\share)", {"p", R"(\\server\share)"}},
      {R"(p a\)", {"p", R"(a\)"}},
      // Empty arguments and quotes in a row.
      {R"(p "" b)", {"p", "", "b"}},
      {R"(p a"" b)", {"p", "a", "b"}},
      {R"(p """ b)", {"p", "\"", "b"}},
      {R"(p """" b)", {"p", "\" b"}},
      {R"(p """"" b)", {"p", "\"", "b"}},
      {R"(p """""" b)", {"p", "\"\"", "b"}},
      {R"(p "a""b c")", {"p", "a\"b", "c"}},
      {R"(p "a\""b c)", {"p", "a\"b", "c"}},
      {R"(p \"" a")", {"p", "\" a"}},
      // A quote that is never closed goes on to the end.
      {R"(p "a b )", {"p", "a b "}},
      {"p a\nb", {"p", "a\nb"}},
      {"p L\xC3\xB6hne", {"p", "L\xC3\xB6hne"}},
      {std::string("p a\0b", 5), {"p", "a"}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(SplitCommandLine(c.line), c.arguments) << c.line;
  }
}

// What happens to the incumbent's documented command.
TEST(SplitCommandLineTest, UnquotedNamesFallApart) {
  EXPECT_THAT(SplitCommandLine(R"(C:\S\c.exe -a GENP001 -jn Load A -e 5)"),
              ElementsAre(R"(C:\S\c.exe)", "-a", "GENP001", "-jn", "Load", "A",
                          "-e", "5"));
  EXPECT_THAT(SplitCommandLine(R"(C:\S\c.exe -a  -s "")"),
              ElementsAre(R"(C:\S\c.exe)", "-a", "-s", ""));
}

TEST(QuoteArgumentTest, Table) {
  EXPECT_EQ(QuoteArgument("abc"), "abc");
  EXPECT_EQ(QuoteArgument(""), "\"\"");
  EXPECT_EQ(QuoteArgument("a b"), "\"a b\"");
  EXPECT_EQ(QuoteArgument(R"(a\b)"), R"(a\b)");
  EXPECT_EQ(QuoteArgument(R"(a b\)"), R"("a b\\")");
  EXPECT_EQ(QuoteArgument(R"(a"b)"), R"("a\"b")");
  EXPECT_EQ(QuoteArgument(R"(a\"b)"), R"("a\\\"b")");
}

rc::Gen<std::string> Nasty() {
  return rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("\\\\\"\"  \tab\xC3\xB6$[]%^&|<>'")));
}

RC_GTEST_PROP(SplitCommandLineTest, GivesBackWhatWasQuoted, ()) {
  const auto arguments = *rc::gen::container<std::vector<std::string>>(Nasty());
  std::string line = "prog";
  for (const std::string& argument : arguments) {
    line += " " + QuoteArgument(argument);
  }
  std::vector<std::string> expected = {"prog"};
  expected.insert(expected.end(), arguments.begin(), arguments.end());
  RC_ASSERT(SplitCommandLine(line) == expected);
}

// The same grammar told in another way: consecutive quotes are counted modulo
// three, as the implementation that the rule is known from does.
std::vector<std::string> ByCounting(const std::string& line) {
  std::vector<std::string> arguments;
  std::string argument;
  bool any = false;
  int quotes = 0;
  std::size_t backslashes = 0;
  for (std::size_t i = 0; i < line.size();) {
    const char c = line[i];
    if ((c == ' ' || c == '\t') && quotes == 0) {
      if (any) arguments.push_back(argument);
      argument.clear();
      any = false;
      backslashes = 0;
      ++i;
      continue;
    }
    any = true;
    if (c == '"') {
      argument.resize(argument.size() - (backslashes + 1) / 2);
      if (backslashes % 2 == 0) {
        ++quotes;
      } else {
        argument += '"';
      }
      backslashes = 0;
      for (++i; i < line.size() && line[i] == '"'; ++i) {
        if (++quotes == 3) {
          argument += '"';
          quotes = 0;
        }
      }
      if (quotes == 2) quotes = 0;
      continue;
    }
    backslashes = c == '\\' ? backslashes + 1 : 0;
    argument += c;
    ++i;
  }
  if (any) arguments.push_back(argument);
  return arguments;
}

RC_GTEST_PROP(SplitCommandLineTest, AgreesWithCountingQuotes, ()) {
  const std::string rest = *Nasty();
  std::vector<std::string> expected = ByCounting(rest);
  expected.insert(expected.begin(), "prog");
  RC_ASSERT(SplitCommandLine("prog " + rest) == expected);
}

RC_GTEST_PROP(SplitCommandLineTest, ReadsAnyBytes, (const std::string& line)) {
  RC_ASSERT(!SplitCommandLine(line).empty());
}

TEST(CountUtf16UnitsTest, CountsAsWindowsDoes) {
  EXPECT_EQ(CountUtf16Units(""), 0u);
  EXPECT_EQ(CountUtf16Units("abc"), 3u);
  EXPECT_EQ(CountUtf16Units("\xC3\xB6"), 1u);
  EXPECT_EQ(CountUtf16Units("\xE2\x82\xAC"), 1u);
  EXPECT_EQ(CountUtf16Units("\xF0\x9F\x98\x80"), 2u);
  EXPECT_EQ(CountUtf16Units("\xC3"), 1u);
  EXPECT_EQ(CountUtf16Units("\xF0\x9F"), 2u);
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify
