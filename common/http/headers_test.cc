#include "common/http/headers.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

TEST(HeadersTest, NamesCompareWithoutCase) {
  Headers headers = {{"Content-Type", "text/plain"}};
  EXPECT_EQ(headers.Get("content-TYPE"), "text/plain");
  EXPECT_TRUE(headers.Has("CONTENT-type"));
  EXPECT_FALSE(headers.Has("Content"));
  EXPECT_EQ(headers.Get("Accept"), std::nullopt);
}

TEST(HeadersTest, AddKeepsAndSetReplaces) {
  Headers headers;
  headers.Add("Via", "a");
  headers.Add("via", "b");
  EXPECT_EQ(headers.GetAll("VIA"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(headers.Get("Via"), "a");
  headers.Set("vIA", "c");
  EXPECT_EQ(headers.GetAll("Via"), (std::vector<std::string>{"c"}));
  headers.Remove("Via");
  EXPECT_TRUE(headers.empty());
}

TEST(HeadersTest, NamesAreTokens) {
  EXPECT_TRUE(IsValidHeaderName("X-Request_ID.1"));
  for (const char* name :
       {"", "a b", "a:b", "a\r\nb", "a\tb", "\"a\"", "(a)"}) {
    EXPECT_FALSE(IsValidHeaderName(name)) << name;
  }
  EXPECT_FALSE(IsValidHeaderName(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsValidHeaderName("gr\xC3\xBC\xC3\x9F"));
}

TEST(HeadersTest, ValuesHoldNoControlCharacters) {
  EXPECT_TRUE(IsValidHeaderValue(""));
  EXPECT_TRUE(IsValidHeaderValue("a\tb \"c\" \xC3\xBC"));
  for (const char* value : {"a\rb", "a\nb", "a\r\nX: 1", "\x7f", "\x1b[2J"}) {
    EXPECT_FALSE(IsValidHeaderValue(value)) << value;
  }
  EXPECT_FALSE(IsValidHeaderValue(absl::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace opcon_snow::http
