#include "common/http/redact.h"

#include <string>

#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

TEST(RedactUrlTest, KeepsSchemeHostAndPath) {
  EXPECT_EQ(RedactUrl("https://host:9010/api/x%20y"),
            "https://host:9010/api/x%20y");
}

TEST(RedactUrlTest, DropsWhatMayBeSecret) {
  EXPECT_EQ(RedactUrl("https://u:s3cret@host/p?token=s3cret#s3cret"),
            "https://host/p");
  EXPECT_EQ(RedactUrl("https://u:s3@cret@host"), "https://host");
  EXPECT_EQ(RedactUrl("https://host?s3cret@x/"), "https://host");
  EXPECT_EQ(RedactUrl("u:s3cret@host/p"), "host/p");
  EXPECT_EQ(RedactUrl("https://host/a@b"), "https://host/a@b");
}

TEST(RedactUrlTest, IsSafeOnAnything) {
  EXPECT_EQ(RedactUrl(""), "");
  EXPECT_EQ(RedactUrl("://"), "://");
  EXPECT_EQ(RedactUrl("a\r\nb\x1b[2J"), "a??b?[2J");
  EXPECT_EQ(RedactUrl(std::string(2000, 'x')).size(), 512u);
}

TEST(HeadersForLogTest, HidesEverythingNotKnownToBeHarmless) {
  Headers headers = {{"Content-Type", "application/json"},
                     {"Authorization", "Basic s3cret"},
                     {"X-New-Token", "s3cret"},
                     {"Retry-After", "5\r\nforged"}};
  EXPECT_EQ(HeadersForLog(headers),
            "Content-Type: application/json, Authorization: <hidden>, "
            "X-New-Token: <hidden>, Retry-After: 5??forged");
  for (const char* name : {"Cookie", "Set-Cookie", "Proxy-Authorization",
                           "x-sn-apikey", "X-UserToken", "Location"}) {
    EXPECT_FALSE(IsLoggableHeader(name)) << name;
  }
  EXPECT_TRUE(IsLoggableHeader("RETRY-after"));
}

}  // namespace
}  // namespace opcon_snow::http
