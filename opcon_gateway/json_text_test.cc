#include "opcon_gateway/json_text.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "opcon_gateway/log_answer.h"
#include "opcon_gateway/upstream_json.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// What stands between two quotes, given in pieces of `size` bytes.
std::pair<JsonTextDecoder::State, std::string> Decode(
    const std::string& written, std::size_t size) {
  JsonTextDecoder decoder;
  std::string out;
  JsonTextDecoder::State state = JsonTextDecoder::State::kMore;
  for (std::size_t at = 0; at < written.size(); at += size) {
    const absl::string_view piece = absl::string_view(written).substr(at, size);
    std::size_t taken = 0;
    state = decoder.Take(piece, &taken, &out);
    if (state != JsonTextDecoder::State::kMore) break;
    EXPECT_EQ(taken, piece.size());
  }
  return {state, out};
}

TEST(JsonTextTest, GivesWhatTheParserGivesHoweverItIsCut) {
  const std::string cases[] = {
      "",
      "plain",
      R"(\"\\\/\b\f\n\r\t)",
      R"(\u0041\u00e4\u20AC\ud83d\ude00\u0000)",
      "f\xC3\xBCr \xE2\x82\xAC \xF0\x9F\x98\x80",
      // Halves of pairs, in every order.
      R"(\ud83d)",
      R"(\ud83d\ud83d\ude00)",
      R"(\ude00x\ud83d!)",
      R"(\ud83d\n\ude00)",
      // What is no UTF-8: alone, cut short, overlong, a surrogate.
      "\xFC",
      "a\xE2\x82",
      "\xE2\x82\\n\xAC",
      "\xC0\x80\xED\xA0\x80\xF5",
      "\xF0\x9F\x98\"",
  };
  for (const std::string& written : cases) {
    std::string body = "\"" + written;
    if (written.empty() || written.back() != '"') body += '"';
    const auto expected = ParseUpstreamJson(body);
    ASSERT_TRUE(expected.ok()) << written;
    for (std::size_t size = 1; size <= 5; ++size) {
      const auto [state, text] = Decode(body.substr(1), size);
      EXPECT_EQ(state, JsonTextDecoder::State::kEnd) << written;
      EXPECT_EQ(text, expected->get<std::string>()) << written << size;
    }
  }
}

TEST(JsonTextTest, RefusesWhatTheParserRefuses) {
  for (const std::string& written :
       {std::string("\\x\""), std::string("\\u12g4\""), std::string("a\nb\""),
        std::string("a\x01\""), std::string("a\0b\"", 4)}) {
    EXPECT_FALSE(ParseUpstreamJson("\"" + written).ok());
    EXPECT_EQ(Decode(written, 2).first, JsonTextDecoder::State::kBroken);
  }
}

TEST(JsonTextTest, TakesNoMoreThanTheString) {
  JsonTextDecoder decoder;
  std::string out;
  std::size_t taken = 0;
  EXPECT_EQ(decoder.Take("ab\",\"c\"", &taken, &out),
            JsonTextDecoder::State::kEnd);
  EXPECT_EQ(taken, 3u);
  EXPECT_EQ(out, "ab");
}

struct Answer {
  absl::Status status;
  json rest;
  std::string text;
  bool has_text = false;
};

Answer ReadAnswer(const std::string& body, std::size_t size) {
  LogAnswerReader reader;
  Answer answer;
  for (std::size_t at = 0; at < body.size(); at += size) {
    answer.status =
        reader.Take(absl::string_view(body).substr(at, size), &answer.text);
    if (!answer.status.ok()) return answer;
  }
  const auto rest = reader.Finish();
  answer.status = rest.status();
  if (rest.ok()) answer.rest = *rest;
  answer.has_text = reader.has_text();
  return answer;
}

TEST(LogAnswerTest, TakesTheTextOutOfTheAnswer) {
  const std::string body =
      R"( {"id":56, "data":"not this", "jobInstanceActionItems" : [ {"id":7,
      "files":["data"],"data" : "line \"1\"\r\n\u00fc", "message":"data"} ]} )";
  for (std::size_t size : {std::size_t{1}, std::size_t{3}, body.size()}) {
    const Answer answer = ReadAnswer(body, size);
    ASSERT_TRUE(answer.status.ok()) << answer.status;
    EXPECT_EQ(answer.text, "line \"1\"\r\n\xC3\xBC");
    EXPECT_TRUE(answer.has_text);
    EXPECT_EQ(answer.rest["data"], "not this");
    EXPECT_EQ(answer.rest["jobInstanceActionItems"][0]["data"], "");
    EXPECT_EQ(answer.rest["jobInstanceActionItems"][0]["message"], "data");
  }
}

TEST(LogAnswerTest, AnAnswerWithoutTextIsWholeInTheRest) {
  for (const char* body :
       {R"({"id":1,"jobInstanceActionItems":[{"data":null}]})", "[]", "7",
        R"("x")", R"({"jobInstanceActionItems":{"data":"elsewhere"}})"}) {
    const Answer answer = ReadAnswer(body, 4);
    ASSERT_TRUE(answer.status.ok()) << body;
    EXPECT_EQ(answer.rest, json::parse(body));
    EXPECT_FALSE(answer.has_text);
    EXPECT_EQ(answer.text, "");
  }
  const Answer nothing = ReadAnswer("", 1);
  EXPECT_TRUE(nothing.status.ok());
  EXPECT_TRUE(nothing.rest.is_null());
}

TEST(LogAnswerTest, RefusesWhatIsNoAnswer) {
  const std::string one = R"({"jobInstanceActionItems":[{"data":"a"},)";
  for (const std::string& body :
       {std::string("<html>"), std::string("{"), one, one + R"({"data":"b"}]})",
        std::string("]"), std::string(R"({"a":"b)"), std::string(70, '['),
        std::string(R"({"a":")") + std::string(70'000, 'x') + R"("})"}) {
    const Answer answer = ReadAnswer(body, 1000);
    EXPECT_FALSE(answer.status.ok()) << body.substr(0, 50);
  }
}

}  // namespace
}  // namespace opcon_snow::opcon
