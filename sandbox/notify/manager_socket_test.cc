// The notification manager against a real OpCon sandbox over sockets.

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/http/curl_transport.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/notify/manager.h"
#include "sandbox/opcon/opcon_sandbox.h"

namespace opcon_snow::sandbox::notify {
namespace {

using nlohmann::json;
using ::testing::SizeIs;

class ManagerSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Serve("127.0.0.1:0");
    auto loop = http::CurlLoop::Create({});
    ASSERT_OK(loop);
    loop_ = *std::move(loop);
    http::CurlTransportOptions options;
    options.allow_http = true;
    auto transport = http::CurlTransport::Create(loop_.get(), options);
    ASSERT_OK(transport);
    transport_ = *std::move(transport);
    settings_.opcon = server_->base_url();
    settings_.log_file = absl::StrCat(
        std::getenv("TEST_TMPDIR"), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    settings_.rules = {
        {"Job Failed",
         "/usr/bin/printf <%s> -a [[$MACHINE NAME]] -jn \"[[$JOB NAME]]\" -e "
         "[[$JOB TERMINATION]] -sd [[$SCHEDULE DATE-SNOW]]",
         ""}};
  }

  void TearDown() override { Close(); }

  void Serve(const std::string& listen) {
    sandbox_ = std::make_unique<opcon::OpConSandbox>(opcon::OpConOptions(),
                                                     RealClock::Get());
    SandboxServer::Options options;
    sandbox_->Connect(options);
    options.flags.listen = listen;
    auto server = SandboxServer::Start(std::move(options));
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  void Close() {
    if (sandbox_) sandbox_->WakeReaders();
    server_.reset();
    sandbox_.reset();
  }

  void FailAJob(const std::string& name) {
    httplib::Client client(server_->base_url());
    const json job = {{"date", "2026-01-05"},
                      {"schedule", "Payroll"},
                      {"schedule_id", 16},
                      {"name", name},
                      {"machine", "GENP001"}};
    ASSERT_EQ(
        client.Post("/_sandbox/jobs", job.dump(), "application/json")->status,
        201);
    ASSERT_EQ(client
                  .Post(absl::StrCat("/_sandbox/jobs/20260105%7C16%7C1%7C",
                                     PercentEncode(name), "/fail"),
                        R"({"termination":"0000000005"})", "application/json")
                  ->status,
              200);
  }

  absl::Status Run() {
    auto log = RunLog::Open(settings_.log_file);
    if (!log.ok()) return log.status();
    HttpNotificationSource source(transport_.get(), settings_.opcon);
    Manager manager(settings_, &source, log->get(), RealClock::Get());
    return manager.Run(stop_.get_token());
  }

  std::vector<json> Records() {
    std::vector<json> records;
    std::ifstream in(settings_.log_file);
    for (std::string line; std::getline(in, line);) {
      records.push_back(json::parse(line));
    }
    return records;
  }

  std::unique_ptr<opcon::OpConSandbox> sandbox_;
  std::unique_ptr<SandboxServer> server_;
  std::unique_ptr<http::CurlLoop> loop_;
  std::unique_ptr<http::CurlTransport> transport_;
  Settings settings_;
  std::stop_source stop_;
};

TEST_F(ManagerSocketTest, AJobThatFailsRunsTheCommand) {
  settings_.once = 2;
  FailAJob("Load A");
  std::thread runner([&] { EXPECT_OK(Run()); });
  FailAJob("JOB002");  // while the manager waits, or before: either way
  runner.join();
  const std::vector<json> records = Records();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0]["stdout"],
            "<-a><GENP001><-jn><Load A><-e><0000000005><-sd><2026-01-05>");
  EXPECT_EQ(records[0]["exit_code"], 0);
  EXPECT_EQ(records[1]["argv"][5], "JOB002");
}

TEST_F(ManagerSocketTest, SurvivesAnOpConThatGoesAndComes) {
  settings_.once = 2;
  const int port = server_->port();
  FailAJob("BEFORE");
  std::thread runner([&] { EXPECT_OK(Run()); });
  while (Records().empty()) std::this_thread::yield();
  Close();
  Serve(absl::StrCat("127.0.0.1:", port));
  FailAJob("AFTER");
  runner.join();
  ASSERT_THAT(Records(), SizeIs(2));
  EXPECT_EQ(Records()[1]["argv"][5], "AFTER");
}

TEST_F(ManagerSocketTest, AStopEndsALongPoll) {
  settings_.poll_wait = absl::Seconds(60);
  std::thread runner([&] { EXPECT_OK(Run()); });
  // Wherever it is by now, it must come to an end.
  stop_.request_stop();
  runner.join();
}

TEST_F(ManagerSocketTest, SomethingElseThanASandboxIsAnError) {
  HttpNotificationSource source(transport_.get(), settings_.opcon + "/nothing");
  EXPECT_THAT(source.Read({}, absl::ZeroDuration(), {}),
              StatusIs(absl::StatusCode::kInternal));
  Close();
  EXPECT_THAT(source.Read({}, absl::ZeroDuration(), {}),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify
