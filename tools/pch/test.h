// File: test.h
//
// What tests include besides the headers in library.h.

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace precompiled {

// As Instantiate() in library.h.
inline void InstantiateTests() {
  using Json = nlohmann::json;
  const Json json;
  const std::string text;
  const std::vector<std::string> strings;
  EXPECT_EQ(json, json);
  EXPECT_EQ(json, "text");
  EXPECT_EQ(json, text);
  EXPECT_EQ(json["key"], 1);
  EXPECT_EQ(json["key"], true);
  EXPECT_EQ(text, text);
  EXPECT_EQ(text, "text");
  EXPECT_EQ(strings.size(), 1);
  EXPECT_EQ(strings, strings);
  EXPECT_THAT(text, testing::HasSubstr("text"));
  EXPECT_THAT(text, testing::StartsWith("text"));
  EXPECT_THAT(strings, testing::ElementsAre("a", "b"));
  EXPECT_THAT(strings, testing::ElementsAre("a"));
  EXPECT_THAT(strings, testing::UnorderedElementsAre("a", "b"));
  EXPECT_THAT(strings, testing::Contains("a"));
  EXPECT_THAT(strings, testing::IsEmpty());
  EXPECT_THAT(strings, testing::SizeIs(1));
  EXPECT_THAT(json, testing::SizeIs(1));
}

}  // namespace precompiled
