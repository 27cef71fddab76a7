#include "common/status/utf8.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace opcon_snow {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

TEST(ToValidUtf8Test, KeepsWellFormedText) {
  const std::string text = "a\u00e4\u20ac\U0001F600 \uFFFD";
  EXPECT_EQ(ToValidUtf8(text, 1000), text);
  EXPECT_EQ(ToValidUtf8("", 10), "");
  EXPECT_EQ(ToValidUtf8(absl::string_view("a\0b", 3), 10),
            std::string("a\0b", 3));
}

TEST(ToValidUtf8Test, ReplacesWhatIsNotUtf8) {
  const std::string r = kReplacement;
  EXPECT_EQ(ToValidUtf8("a\xFFz", 100), "a" + r + "z");
  EXPECT_EQ(ToValidUtf8("\xC0\x80", 100), r + r) << "overlong NUL";
  EXPECT_EQ(ToValidUtf8("\xE0\x80\x80", 100), r + r + r) << "overlong";
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80", 100), r + r + r) << "surrogate";
  EXPECT_EQ(ToValidUtf8("\xF4\x90\x80\x80", 100), r + r + r + r)
      << "beyond U+10FFFF";
  EXPECT_EQ(ToValidUtf8("\xE2\x82", 100), r + r) << "cut short";
  EXPECT_EQ(ToValidUtf8("\xE2\x28\xA1", 100), r + "(" + r);
}

TEST(ToValidUtf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(ToValidUtf8("abc", 2), "ab");
  EXPECT_EQ(ToValidUtf8("a\u20ac", 3), "a");
  EXPECT_EQ(ToValidUtf8("a\u20ac", 4), "a\u20ac");
  EXPECT_EQ(ToValidUtf8("\xFF", 2), "");
  EXPECT_EQ(ToValidUtf8("abc", 0), "");
}

}  // namespace
}  // namespace opcon_snow
