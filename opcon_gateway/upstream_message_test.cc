#include "opcon_gateway/upstream_message.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::opcon {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

http::Response Answer(const std::string& body, const std::string& type = "") {
  http::Response response;
  response.status = 400;
  response.body = body;
  if (!type.empty()) response.headers.Add("Content-Type", type);
  return response;
}

TEST(UpstreamMessageTest, ReadsAnArrayOfApiErrors) {
  const UpstreamMessage message = ReadUpstreamMessage(
      Answer(R"([{"resource":"dailyJob","name":"JOB001","code":1234,)"
             R"("message":"Job is locked","ids":[1]},)"
             R"({"message":"Second","code":5}])"));
  EXPECT_EQ(message.form, BodyForm::kJson);
  EXPECT_EQ(message.code, "1234");
  EXPECT_EQ(message.text, "Job is locked (JOB001); Second");
}

TEST(UpstreamMessageTest, ReadsASingleApiError) {
  const UpstreamMessage message = ReadUpstreamMessage(
      Answer(R"({"resource":null,"name":null,"code":"2003",)"
             R"("message":"User is disabled"})"));
  EXPECT_EQ(message.code, "2003");
  EXPECT_EQ(message.text, "User is disabled");
}

TEST(UpstreamMessageTest, ReadsProblemDetails) {
  const UpstreamMessage message = ReadUpstreamMessage(
      Answer(R"({"type":"about:blank","title":"Bad Request","status":400,)"
             R"("detail":"dates is no date","instance":null})",
             "application/problem+json"));
  EXPECT_EQ(message.text, "Bad Request dates is no date");
  EXPECT_EQ(message.code, "");
}

TEST(UpstreamMessageTest, ReadsAJsonString) {
  EXPECT_EQ(ReadUpstreamMessage(Answer(R"("Not allowed")")).text,
            "Not allowed");
}

TEST(UpstreamMessageTest, ReadsPlainTextAsOneLine) {
  const UpstreamMessage message =
      ReadUpstreamMessage(Answer("Service is\r\nstarting\x01", "text/plain"));
  EXPECT_EQ(message.form, BodyForm::kOther);
  EXPECT_EQ(message.text, "Service is  starting");
}

TEST(UpstreamMessageTest, KnowsHtmlByTypeOrLooks) {
  for (const auto& answer :
       {Answer("<html><body>Sign in</body></html>"),
        Answer("Sign in", "text/html; charset=utf-8"),
        Answer("\xEF\xBB\xBF  <!DOCTYPE html>", "application/json")}) {
    EXPECT_EQ(FormOf(answer), BodyForm::kHtml);
    EXPECT_EQ(ReadUpstreamMessage(answer).text, "");
  }
}

TEST(UpstreamMessageTest, SurvivesOddJson) {
  for (const std::string body :
       {"", "[]", "{}", "null", "[null,1,\"x\"]", R"({"message":{"a":1}})",
        R"([{"message":null,"code":null}])", "{\"message\":", "\"", "[[[["}) {
    SCOPED_TRACE(body);
    ReadUpstreamMessage(Answer(body, "application/json"));
  }
  EXPECT_EQ(ReadUpstreamMessage(Answer("")).form, BodyForm::kEmpty);
}

TEST(UpstreamMessageTest, IsBoundedAndValidUtf8) {
  const UpstreamMessage message = ReadUpstreamMessage(
      Answer("{\"message\":\"" + std::string(5000, 'a') + "\"}"));
  EXPECT_THAT(message.text, SizeIs(300));
  const UpstreamMessage latin =
      ReadUpstreamMessage(Answer("Zugriff verweigert f\xFCr Benutzer"));
  EXPECT_THAT(latin.text, HasSubstr("f\xEF\xBF\xBDr"));
}

}  // namespace
}  // namespace opcon_snow::opcon
