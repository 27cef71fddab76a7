#include "sandbox/http/request_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

SandboxRequest Post(const std::string& content_type, const std::string& body) {
  SandboxRequest request;
  request.method = "POST";
  request.raw_path = "/a%2Fb";
  request.headers["content-type"] = content_type;
  request.body = body;
  request.body_bytes = body.size();
  return request;
}

Json Only(const RequestLog& log) { return log.Since(0)["requests"].at(0); }

TEST(RequestLogTest, TellsWhatCameAndHowItEnded) {
  RequestLog log;
  const std::int64_t handle = log.Add(Post("text/plain", "hello"));
  log.Finish(handle, 201, true, "");
  const Json entry = Only(log);
  EXPECT_EQ(entry["n"], 1);
  EXPECT_EQ(entry["method"], "POST");
  EXPECT_EQ(entry["path"], "/a%2Fb");
  EXPECT_EQ(entry["body"], "hello");
  EXPECT_EQ(entry["body_bytes"], 5);
  EXPECT_EQ(entry["body_sha256"],
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(entry["status"], 201);
  EXPECT_EQ(entry["applied"], true);
  EXPECT_FALSE(entry.contains("fault"));
}

TEST(RequestLogTest, MasksCredentialsEverywhere) {
  RequestLog log;
  SandboxRequest request = Post(
      "application/x-www-form-urlencoded",
      "grant_type=password&username=admin&password=h%75sh&client_secret=hush");
  request.headers["authorization"] = "Basic YWRtaW46aHVzaA==";
  request.headers["x-sn-apikey"] = "hush";
  request.headers["cookie"] = "JSESSIONID=hush";
  request.raw_query = "x-sn-apikey=hush&a=1";
  log.Add(request);
  request = Post("application/json",
                 R"({"user":{"loginName":"ocadm","password":"hush"}})");
  request.headers["authorization"] = "Token hush";
  log.Add(request);
  const std::string all = log.Since(0).dump();
  EXPECT_THAT(all, Not(HasSubstr("hush")));
  EXPECT_THAT(all, Not(HasSubstr("h%75sh")));
  EXPECT_THAT(all, Not(HasSubstr("aHVzaA")));
  EXPECT_THAT(all, HasSubstr("Basic admin:***"));
  EXPECT_THAT(all, HasSubstr("Token ***"));
  EXPECT_THAT(all, HasSubstr("ocadm"));
}

TEST(RequestLogTest, BinaryBodiesAreBase64AndLongOnesAreCut) {
  RequestLog log;
  log.Add(Post("application/octet-stream", "\xff\x01"));
  EXPECT_EQ(Only(log)["body_base64"], "/wE=");
  log.Clear();
  // A character of two bytes lies across the cut.
  const std::string body = std::string(65535, 'a') + "\xc3\xa9" + "tail";
  log.Add(Post("text/plain", body));
  const Json entry = Only(log);
  EXPECT_EQ(entry["body"], std::string(65535, 'a'));
  EXPECT_EQ(entry["body_truncated"], true);
  EXPECT_EQ(entry["body_bytes"], body.size());
}

TEST(RequestLogTest, ForgetsTheOldestAndSaysSo) {
  RequestLog log(/*max_entries=*/2);
  for (int i = 0; i < 5; ++i) log.Add(Post("text/plain", "x"));
  const Json all = log.Since(0);
  EXPECT_EQ(all["requests"].size(), 2U);
  EXPECT_EQ(all["requests"][0]["n"], 4);
  EXPECT_EQ(all["last"], 5);
  EXPECT_EQ(all["forgotten"], 3);
  EXPECT_EQ(log.Since(4)["requests"].size(), 1U);
}

TEST(RequestLogTest, ARequestOfBeforeTheResetDoesNotFinishANewEntry) {
  RequestLog log;
  const std::int64_t old = log.Add(Post("text/plain", "x"));
  log.Clear();
  log.Add(Post("text/plain", "y"));
  log.Finish(old, 500, true, "");
  EXPECT_EQ(Only(log)["n"], 1);
  EXPECT_EQ(Only(log)["status"], 0);
}

}  // namespace
}  // namespace opcon_snow::sandbox
