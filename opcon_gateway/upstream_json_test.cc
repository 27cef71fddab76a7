#include "opcon_gateway/upstream_json.h"

#include <string>

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;

TEST(UpstreamJsonTest, TakesGoodJsonAsItIs) {
  ASSERT_OK_AND_ASSIGN(
      json value, ParseUpstreamJson("{\"data\":\"a\\u00e4\\ud83d\\ude00\"}"));
  EXPECT_EQ(TextOf(value, "data"), "a\xC3\xA4\xF0\x9F\x98\x80");
}

TEST(UpstreamJsonTest, MendsBytesThatAreNoUtf8) {
  ASSERT_OK_AND_ASSIGN(json value, ParseUpstreamJson("{\"data\":\"f\xFCr\"}"));
  EXPECT_EQ(TextOf(value, "data"), "f\xEF\xBF\xBDr");
}

TEST(UpstreamJsonTest, MendsHalvesOfSurrogatePairs) {
  ASSERT_OK_AND_ASSIGN(
      json value,
      ParseUpstreamJson(
          R"(["\ud83dx","\ude00","\ud83d\ude00","\\ud83d","\ud83d\n","\ud83d"])"));
  EXPECT_EQ(value[0], "\xEF\xBF\xBDx");
  EXPECT_EQ(value[1], "\xEF\xBF\xBD");
  EXPECT_EQ(value[2], "\xF0\x9F\x98\x80");
  EXPECT_EQ(value[3], "\\ud83d");
  EXPECT_EQ(value[4], "\xEF\xBF\xBD\n");
  EXPECT_EQ(value[5], "\xEF\xBF\xBD");
}

TEST(UpstreamJsonTest, RefusesWhatIsNoJson) {
  for (const std::string body : {"", "{", "<html>", "{\"a\":\"\\", "\\ud83d"}) {
    EXPECT_THAT(ParseUpstreamJson(body),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << body;
  }
}

TEST(UpstreamJsonTest, ReadsMembersOfAnyType) {
  const json value = {{"text", "x"},       {"number", 12},
                      {"digits", "34"},    {"null", nullptr},
                      {"fraction", 1.5},   {"object", json::object()},
                      {"large", 1LL << 40}};
  EXPECT_EQ(TextOf(value, "text"), "x");
  EXPECT_EQ(TextOf(value, "number"), "12");
  EXPECT_EQ(TextOf(value, "null"), "");
  EXPECT_EQ(TextOf(value, "object"), "");
  EXPECT_EQ(TextOf(value, "missing"), "");
  EXPECT_EQ(Int64Of(value, "number"), 12);
  EXPECT_EQ(Int64Of(value, "digits"), 34);
  EXPECT_EQ(Int64Of(value, "text"), 0);
  EXPECT_EQ(Int64Of(value, "fraction"), 0);
  EXPECT_EQ(Int32Of(value, "large"), 0);
  EXPECT_TRUE(MemberOf(value, "missing").is_null());
  EXPECT_TRUE(MemberOf(json::array(), "missing").is_null());
}

}  // namespace
}  // namespace opcon_snow::opcon
