#include "common/http/url.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

TEST(PercentEncodeTest, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode("20240131|12|1|A B/C"),
            "20240131%7C12%7C1%7CA%20B%2FC");
  EXPECT_EQ(PercentEncode("%2F&=?#+;:@"), "%252F%26%3D%3F%23%2B%3B%3A%40");
  EXPECT_EQ(PercentEncode("\xC3\xBC"), "%C3%BC");
  EXPECT_EQ(PercentEncode(absl::string_view("\0\r\n", 3)), "%00%0D%0A");
  EXPECT_EQ(PercentEncode(""), "");
}

TEST(PercentEncodeTest, EncodesSlashTwiceAndNothingElse) {
  EXPECT_EQ(PercentEncodeSlashTwice("A/B C%"), "A%252FB%20C%25");
}

TEST(BaseUrlTest, NormalizesWhatItAccepts) {
  auto url = BaseUrl::Parse("HTTPS://OpCon.Example:9010/prefix/", false);
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->text(), "https://opcon.example:9010/prefix");
  EXPECT_EQ(url->scheme(), "https");
  EXPECT_EQ(url->host(), "opcon.example");
  EXPECT_EQ(url->port(), 9010);
  EXPECT_TRUE(url->is_https());
  EXPECT_FALSE(url->is_loopback());
  url = BaseUrl::Parse("https://dev12345.service-now.com:443", false);
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->text(), "https://dev12345.service-now.com");
  EXPECT_EQ(url->port(), 443);
}

TEST(BaseUrlTest, KnowsLoopback) {
  for (const char* text : {"http://localhost", "http://127.0.0.1:8080",
                           "http://127.9.9.9/", "http://[::1]:8080"}) {
    auto url = BaseUrl::Parse(text, true);
    ASSERT_TRUE(url.ok()) << url.status();
    EXPECT_TRUE(url->is_loopback()) << text;
  }
  for (const char* text : {"http://127.0.0.1.example", "http://localhost.x",
                           "http://[::2]", "http://10.0.0.1"}) {
    auto url = BaseUrl::Parse(text, true);
    ASSERT_TRUE(url.ok()) << url.status();
    EXPECT_FALSE(url->is_loopback()) << text;
  }
}

TEST(BaseUrlTest, RefusesWithAReasonAndWithoutTheText) {
  struct Case {
    const char* text;
    const char* reason;
  };
  for (const Case& c : {
           Case{"", "empty"},
           Case{"opcon.example", "URL refused"},
           Case{"ftp://s3cret.example", "https://"},
           Case{"file:///etc/s3cret", "no host"},
           Case{"file://etc/s3cret", "URL refused"},
           Case{"http://s3cret.example", "not allowed"},
           Case{"https://user:s3cret@host", "user name or password"},
           Case{"https://s3cret@host", "user name or password"},
           Case{"https://host/?s3cret", "query"},
           Case{"https://host/#s3cret", "fragment"},
           Case{"https://host/s3cret path", "percent-encoded"},
           Case{"https://host/s3cret\r\nX: 1", "percent-encoded"},
           Case{"https://host/s3cret\\x", "percent-encoded"},
           Case{"https://host/\xC3\xBC", "percent-encoded"},
           Case{"https://host/s3cret%4", "hexadecimal"},
           Case{"https://host/s3cret%zz", "hexadecimal"},
           Case{"https://host:70000/s3cret", "URL refused"},
           Case{"https://host:0/s3cret", "port"},
           Case{"https://", "URL refused"},
           Case{"https:///s3cret", "no host"},
           Case{"https:/s3cret", "https://"},
           Case{"https://:443/s3cret", "URL refused"},
           Case{"https://?s3cret", "URL refused"},
       }) {
    auto url = BaseUrl::Parse(c.text, false);
    ASSERT_FALSE(url.ok()) << c.text;
    const std::string message(url.status().message());
    EXPECT_TRUE(absl::StrContains(message, c.reason)) << c.text << message;
    EXPECT_FALSE(absl::StrContains(message, "s3cret")) << message;
  }
}

TEST(UrlBuilderTest, PutsValuesInTheirPlace) {
  auto base = BaseUrl::Parse("https://host:9010/opcon/", false);
  ASSERT_TRUE(base.ok());
  UrlBuilder url(*base);
  url.Path("/api/dailyjobs/")
      .Segment("20240131|12|1|A/B?x=1#y")
      .Query("sysparm_query", "correlation_id=https://h,1^active=true")
      .Query("limit", "2");
  EXPECT_TRUE(url.Valid());
  EXPECT_EQ(url.Build(),
            "https://host:9010/opcon/api/dailyjobs/"
            "20240131%7C12%7C1%7CA%2FB%3Fx%3D1%23y"
            "?sysparm_query=correlation_id%3Dhttps%3A%2F%2Fh%2C1%5Eactive"
            "%3Dtrue&limit=2");
  EXPECT_TRUE(CheckRequestUrl(url.Build(), false).ok());
  EXPECT_EQ(UrlBuilder(*base).SegmentSlashTwice("A/B").Build(),
            "https://host:9010/opcon/A%252FB");
  EXPECT_EQ(UrlBuilder(*base).Path("").Build(), "https://host:9010/opcon");
}

TEST(UrlBuilderTest, KnowsSegmentsThatCannotBeExpressed) {
  auto base = BaseUrl::Parse("https://host", false);
  ASSERT_TRUE(base.ok());
  for (const char* value : {"", ".", ".."}) {
    EXPECT_FALSE(UrlBuilder(*base).Segment(value).Valid());
    EXPECT_FALSE(UrlBuilder(*base).SegmentSlashTwice(value).Valid());
  }
  EXPECT_TRUE(UrlBuilder(*base).Segment("...").Valid());
  // Not a way out of the path either.
  EXPECT_EQ(UrlBuilder(*base).Segment("../x").Build(), "https://host/..%2Fx");
}

}  // namespace
}  // namespace opcon_snow::http
