#include "common/http/json.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

TEST(ParseJsonTest, ParsesEveryKindOfValue) {
  auto json = ParseJson(R"( {"a":[1,-2,3.5,true,null,"x\u00fc"]} )");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(json->at("a").size(), 6u);
  EXPECT_EQ(json->at("a")[5], "x\xC3\xBC");
  EXPECT_TRUE(ParseJson("null").ok());
  EXPECT_TRUE(ParseJson("\"\"").ok());
}

TEST(ParseJsonTest, ErrorsTellThePlaceAndQuoteNothing) {
  for (const std::string& text :
       {std::string(""), std::string("{\"s3cret\":"), std::string("[1,]"),
        std::string("{\"s3cret\":1} s3cret"), std::string("<html>s3cret"),
        std::string("\"s3cret\xff\""), std::string("[1e999]"),
        std::string("\"s3cret\n\""), std::string("{s3cret:1}"),
        std::string("[NaN]"), std::string("[1")}) {
    auto json = ParseJson(text);
    ASSERT_FALSE(json.ok()) << text;
    EXPECT_EQ(json.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(json.status().message());
    EXPECT_TRUE(absl::StrContains(message, "at byte")) << message;
    EXPECT_FALSE(absl::StrContains(message, "s3cret")) << message;
  }
}

TEST(ParseJsonTest, DepthIsBounded) {
  auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(64)).ok());
  EXPECT_FALSE(ParseJson(nested(65)).ok());
  EXPECT_FALSE(ParseJson(std::string(1000000, '[')).ok());
  EXPECT_TRUE(ParseJson(nested(2), 2).ok());
  EXPECT_FALSE(ParseJson(R"({"a":{"b":{}}})", 2).ok());
}

TEST(WriteJsonTest, NeverThrows) {
  EXPECT_EQ(WriteJson({{"a", "x\"y\n"}}), R"({"a":"x\"y\n"})");
  EXPECT_EQ(WriteJson("a\xff"
                      "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

TEST(FindTest, GivesMembersOfTheRightTypeOnly) {
  auto json = ParseJson(
      R"({"s":"x","i":-5,"u":7,"big":18446744073709551615,"f":1.5,"b":false,)"
      R"("n":null,"o":{}})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(FindString(*json, "s"), "x");
  EXPECT_EQ(FindString(*json, "i"), std::nullopt);
  EXPECT_EQ(FindString(*json, "n"), std::nullopt);
  EXPECT_EQ(FindString(*json, "missing"), std::nullopt);
  EXPECT_EQ(FindInt64(*json, "i"), -5);
  EXPECT_EQ(FindInt64(*json, "u"), 7);
  EXPECT_EQ(FindInt64(*json, "big"), std::nullopt);
  EXPECT_EQ(FindInt64(*json, "f"), std::nullopt);
  EXPECT_EQ(FindInt64(*json, "s"), std::nullopt);
  EXPECT_EQ(FindBool(*json, "b"), false);
  EXPECT_EQ(FindBool(*json, "i"), std::nullopt);
  EXPECT_NE(FindMember(*json, "n"), nullptr);
  EXPECT_EQ(FindMember(*json, "missing"), nullptr);
  EXPECT_EQ(FindMember(nlohmann::json::array(), "s"), nullptr);
  const auto largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(FindInt64(nlohmann::json{{"m", largest}}, "m"), largest);
}

}  // namespace
}  // namespace opcon_snow::http
