#ifndef OPCON_SNOW_SANDBOX_OPCON_API_TEST_FIXTURE_H_
#define OPCON_SNOW_SANDBOX_OPCON_API_TEST_FIXTURE_H_

// An OpCon sandbox behind a real socket, and a client for it. Tests only.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/opcon/opcon_sandbox.h"

namespace opcon_snow::sandbox::opcon {

inline constexpr char kToken[] = "00000000-0000-4000-8000-000000000001";

struct Answer {
  int status = 0;
  std::string text;
  httplib::Headers headers;
  nlohmann::json body;  // discarded if the text is not JSON

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  // The message of the first ApiError.
  std::string Message() const {
    return body.is_array() && !body.empty() ? body[0].value("message", "") : "";
  }
};

// Time stands still until a test moves `clock_`. Actions are due after an hour
// or when they are asked for twice.
class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.actions.delay = absl::Hours(1);
    options_.actions.polls = 2;
    options_.actions.expiry = absl::Hours(24);
    options_.model.zone = absl::FixedTimeZone(-6 * 3600);
    Restart();
  }

  // Starts anew with `options_`.
  void Restart() {
    client_.reset();
    server_.reset();
    sandbox_ = std::make_unique<OpConSandbox>(options_, &clock_);
    SandboxServer::Options server;
    sandbox_->Connect(server);
    absl::StatusOr<std::unique_ptr<SandboxServer>> started =
        SandboxServer::Start(std::move(server));
    ASSERT_OK(started);
    server_ = *std::move(started);
    client_ = std::make_unique<httplib::Client>(server_->base_url());
    client_->set_url_encode(false);
    client_->set_read_timeout(60);
  }

  void TearDown() override {
    client_.reset();
    if (sandbox_) sandbox_->WakeReaders();
    server_.reset();
    sandbox_.reset();
  }

  Answer Send(const std::string& method, const std::string& path,
              const std::string& body = "", const std::string& token = kToken) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    if (!body.empty()) request.set_header("Content-Type", "application/json");
    if (!token.empty()) {
      request.set_header("Authorization", "Token " + token);
    }
    const httplib::Result result = client_->send(request);
    Answer answer;
    EXPECT_TRUE(result) << method << " " << path << ": "
                        << httplib::to_string(result.error());
    if (!result) return answer;
    answer.status = result->status;
    answer.text = result->body;
    answer.headers = result->headers;
    answer.body = nlohmann::json::parse(result->body, nullptr, false);
    return answer;
  }

  Answer Get(const std::string& path) { return Send("GET", path); }
  Answer Post(const std::string& path, const nlohmann::json& body) {
    return Send("POST", path, body.dump());
  }
  Answer Put(const std::string& path, const nlohmann::json& body) {
    return Send("PUT", path, body.dump());
  }

  // POST /_sandbox/jobs, then …/VERB for each verb. Returns the uid.
  std::int64_t Define(nlohmann::json job) {
    job.emplace("date", "2026-01-05");
    job.emplace("schedule", "Payroll");
    job.emplace("schedule_id", 16);
    job.emplace("machine", "GENP001");
    const Answer answer = Post("/_sandbox/jobs", job);
    EXPECT_EQ(answer.status, 201) << answer.text;
    return answer.body.value("uid", std::int64_t{0});
  }

  // `id` percent-encoded.
  Answer Report(const std::string& id, const std::string& verb,
                const nlohmann::json& body = nlohmann::json::object()) {
    Answer answer = Post(absl::StrCat("/_sandbox/jobs/", id, "/", verb), body);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer;
  }

  // Posts an action and polls it until it has a result; at most ten times.
  Answer Act(const std::string& path, const nlohmann::json& body) {
    Answer answer = Post(path, body);
    EXPECT_EQ(answer.status, options_.api.created_status) << answer.text;
    EXPECT_EQ(answer.body.value("result", ""), "submitted");
    const int id = answer.body.value("id", 0);
    for (int i = 0; i < 10 && answer.body.value("result", "") == "submitted";
         ++i) {
      answer = Get(absl::StrCat(path, "/", id));
    }
    return answer;
  }

  FakeClock clock_;
  OpConOptions options_;
  std::unique_ptr<OpConSandbox> sandbox_;
  std::unique_ptr<SandboxServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_API_TEST_FIXTURE_H_
