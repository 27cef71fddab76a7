// The instance behind its server, over real sockets, with the switches as they
// are typed.

#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/command_line.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class SnowSandboxTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void TearDown() override { server_.reset(); }

  void Start(const std::vector<std::string>& arguments) {
    server_.reset();
    CLI::App app;
    line_ = {};
    AddOptions(app, &line_);
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    absl::StatusOr<std::unique_ptr<Instance>> instance = MakeInstance(line_);
    ASSERT_TRUE(instance.ok()) << instance.status();
    instance_ = *std::move(instance);
    absl::StatusOr<std::unique_ptr<SandboxServer>> server =
        SandboxServer::Start(ServerOptions(line_, *instance_));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    client_->set_basic_auth("opcon.integration", "sandbox");
    client_->set_default_headers({{"Accept", "application/json"}});
    client_->set_keep_alive(true);
  }

  Json Create(const std::string& values = "{}") {
    const httplib::Result result =
        client_->Post("/api/now/v2/table/incident", values, "application/json");
    EXPECT_TRUE(result);
    if (!result || result->status != 201) return {};
    return Json::parse(result->body)["result"];
  }

  std::size_t Count() {
    const httplib::Result result = client_->Get("/api/now/v2/table/incident");
    return Json::parse(result->body)["result"].size();
  }

  void Arm(const std::string& fault) {
    ASSERT_EQ(
        client_->Post("/_sandbox/faults", fault, "application/json")->status,
        201);
  }

  CommandLine line_;
  std::unique_ptr<Instance> instance_;
  std::unique_ptr<SandboxServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(SnowSandboxTest, AnIncidentWithAnAttachmentMakesTheRoundTrip) {
  const Json record = Create(R"({"short_description":"x","work_notes":"n"})");
  const std::string id = record["sys_id"];
  EXPECT_EQ(record["sys_created_by"], "opcon.integration");
  const std::string content(2'000'000, 'L');
  const httplib::Result posted = client_->Post(
      "/api/now/v2/attachment/file?table_name=incident&file_name=a%20b.txt&"
      "table_sys_id=" +
          id,
      content, "text/plain");
  ASSERT_EQ(posted->status, 201) << posted->body;
  const Json metadata = Json::parse(posted->body)["result"];
  EXPECT_EQ(metadata["file_name"], "a b.txt");
  httplib::Client anonymous("127.0.0.1", server_->port());
  EXPECT_EQ(anonymous.Get("/api/now/table/incident")->status, 401);
  const std::string link = metadata["download_link"];
  EXPECT_EQ(link.rfind(server_->base_url(), 0), 0U);
  const httplib::Result file =
      client_->Get(link.substr(server_->base_url().size()));
  EXPECT_EQ(file->body, content);
  const Json state = Json::parse(client_->Get("/_sandbox/state")->body);
  EXPECT_EQ(state["tables"]["incident"].size(), 1U);
  EXPECT_EQ(state["tables"]["sys_journal_field"][0]["value"], "n");
  EXPECT_EQ(client_->Head("/api/now/table/incident")->status, 200);
}

TEST_F(SnowSandboxTest, FormsAreTakenApart) {
  const std::string id = Create()["sys_id"];
  const httplib::MultipartFormDataItems items = {
      {"table_name", "incident", "", ""},
      {"table_sys_id", id, "", ""},
      {"uploadFile", "content", "a.txt", "text/plain"}};
  const httplib::Result result =
      client_->Post("/api/now/attachment/upload", items);
  ASSERT_EQ(result->status, 201) << result->body;
  EXPECT_EQ(Json::parse(result->body)["result"]["size_bytes"], "7");
}

TEST_F(SnowSandboxTest, AttachmentsOverTheLimitAreRefusedWhole) {
  Start({"--max-attachment-bytes", "1000"});
  const std::string id = Create()["sys_id"];
  const std::string path =
      "/api/now/attachment/file?table_name=incident&file_name=a.txt&"
      "table_sys_id=" +
      id;
  EXPECT_EQ(client_->Post(path, std::string(1001, 'x'), "text/plain")->status,
            413);
  EXPECT_EQ(
      client_->Post(path, std::string(40'000'000, 'x'), "text/plain")->status,
      413);
  EXPECT_EQ(client_->Post(path, std::string(1000, 'x'), "text/plain")->status,
            201);
}

// A fault names the path without the version that clients pin.
TEST_F(SnowSandboxTest, AppliedButUnansweredInsertsAreThere) {
  Arm(R"({"match":{"method":"POST","path":"/api/now/table/incident"},
          "action":{"kind":"drop_after"}})");
  client_->set_keep_alive(false);
  EXPECT_FALSE(
      client_->Post("/api/now/v2/table/incident", "{}", "application/json"));
  EXPECT_EQ(Count(), 1U);
  Arm(R"({"match":{"method":"POST","path":"/api/now/table/incident"},
          "action":{"kind":"status_after","status":403}})");
  const httplib::Result refused =
      client_->Post("/api/now/v2/table/incident", "{}", "application/json");
  EXPECT_EQ(refused->status, 403);
  EXPECT_THAT(refused->body, HasSubstr("Operation Failed"));
  EXPECT_EQ(Count(), 2U);
}

TEST_F(SnowSandboxTest, FaultsWithoutABodyLookLikeTheRealThing) {
  Arm(R"([{"action":{"kind":"status","status":429,
                     "headers":{"Retry-After":"7"}}},
          {"action":{"kind":"html"}},
          {"action":{"kind":"status","status":503}}])");
  const httplib::Result limited = client_->Get("/api/now/table/incident");
  EXPECT_EQ(limited->status, 429);
  EXPECT_EQ(limited->get_header_value("Retry-After"), "7");
  EXPECT_THAT(limited->body, HasSubstr("Rate limit exceeded"));
  const httplib::Result asleep = client_->Get("/api/now/table/incident");
  EXPECT_EQ(asleep->status, 200);
  EXPECT_THAT(asleep->body, HasSubstr("Hibernating Instance"));
  EXPECT_EQ(client_->Get("/api/now/table/incident")->status, 503);
}

TEST_F(SnowSandboxTest, SwitchesReachTheInstance) {
  Start({"--client-sys-id", "ignore", "--require-close-code", "false",
         "--token-lifetime", "5", "--blocked-extensions", "zip, .TAR",
         "--blocked-attachment-status", "403", "--integration-user", "robot",
         "--integration-password", "secret"});
  client_->set_basic_auth("robot", "secret");
  const std::string chosen(32, 'a');
  const Json record = Create(R"({"state":"6","sys_id":")" + chosen + R"("})");
  EXPECT_EQ(record["state"], "6");
  EXPECT_NE(record["sys_id"], chosen);
  const auto attach = [&](const std::string& name) {
    return client_
        ->Post(
            "/api/now/attachment/file?table_name=incident&file_name=" + name +
                "&table_sys_id=" + record["sys_id"].get<std::string>(),
            "x", "text/plain")
        ->status;
  };
  EXPECT_EQ(attach("a.log"), 201);
  EXPECT_EQ(attach("a.zip"), 403);
  EXPECT_EQ(attach("a.tar"), 403);
  const httplib::Result token = client_->Post(
      "/oauth_token.do",
      "grant_type=client_credentials&client_id=sandbox&client_secret=sandbox",
      "application/x-www-form-urlencoded");
  EXPECT_EQ(Json::parse(token->body)["expires_in"], 5);
}

TEST_F(SnowSandboxTest, FaultySeedFilesAreNamed) {
  line_.seed_files = {"no-such-file.json"};
  EXPECT_THAT(std::string(MakeInstance(line_).status().message()),
              HasSubstr("no-such-file.json"));
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
