#include "tests/opcon_gateway/gateway_and_opcon.h"

#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace opcon_snow {

namespace v1 = ::opcon::v1;
using harness::HttpPeer;
using harness::Process;
using nlohmann::json;

void GatewayAndOpConTest::SetUp() {
  const char* name =
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  directory_ = absl::StrCat(::testing::TempDir(), "/", name);
  std::filesystem::create_directories(directory_);
  ASSERT_OK_AND_ASSIGN(programs_, harness::FindPrograms(""));
}

void GatewayAndOpConTest::TearDown() {
  if (gateway_ == nullptr) return;
  const auto code = gateway_->Terminate();
  EXPECT_THAT(code, IsOkAndHolds(0)) << GatewayLog();
}

std::string GatewayAndOpConTest::PathOf(const std::string& file) const {
  return absl::StrCat(directory_, "/", file);
}

std::string GatewayAndOpConTest::GatewayLog() const {
  return harness::ReadFile(PathOf("gateway.log"));
}

std::string GatewayAndOpConTest::OpConUrl() const {
  return absl::StrCat("http://127.0.0.1:", sandbox_port_);
}

std::unique_ptr<Process> GatewayAndOpConTest::StartServer(
    const std::string& name, std::vector<std::string> arguments, int* port) {
  const std::string port_file = PathOf(name + ".port");
  const std::string log = PathOf(name + ".log");
  (void)std::remove(port_file.c_str());
  arguments.insert(arguments.end(), {"--port-file", port_file});
  auto process = Process::Start({.arguments = std::move(arguments),
                                 .environment = {},
                                 .stdout_file = log,
                                 .stderr_file = log});
  EXPECT_OK(process);
  const auto ports = harness::WaitForPorts(port_file, process->get(), log);
  EXPECT_OK(ports);
  if (!ports.ok()) return nullptr;
  *port = ports->begin()->second;
  return *std::move(process);
}

void GatewayAndOpConTest::StartSandbox(std::vector<std::string> flags) {
  std::vector<std::string> arguments = {programs_.opcon_sandbox, "--listen",
                                        "127.0.0.1:0"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  sandbox_ = StartServer("sandbox", std::move(arguments), &sandbox_port_);
  ASSERT_NE(sandbox_, nullptr);
  opcon_ =
      std::make_unique<HttpPeer>(sandbox_port_, absl::StrCat("Token ", kToken));
}

std::string GatewayAndOpConTest::InstanceYaml(const std::string& name,
                                              const std::string& lines) const {
  return absl::StrCat("  - name: ", name, "\n    base_url: ", OpConUrl(),
                      "\n    allow_plain_http: true\n", lines);
}

void GatewayAndOpConTest::StartGateway(const std::string& instances,
                                       const std::string& listener_fields) {
  ASSERT_OK(harness::WriteFile(PathOf("token"), kToken, 0600));
  ASSERT_OK(harness::WriteFile(PathOf("password"), "opconxps", 0600));
  ASSERT_OK(harness::WriteFile(
      PathOf("gateway.yaml"),
      absl::StrCat("listener:\n  address: \"127.0.0.1:0\"\n", listener_fields,
                   "instances:\n", instances)));
  int port = 0;
  gateway_ = StartServer(
      "gateway", {programs_.opcon_gateway, "--config", PathOf("gateway.yaml")},
      &port);
  ASSERT_NE(gateway_, nullptr);
  gateway_address_ = absl::StrCat("127.0.0.1:", port);
  rpc::ChannelOptions options;
  options.target = gateway_address_;
  ASSERT_OK_AND_ASSIGN(const auto channel, rpc::CreateChannel(options));
  stub_ = v1::OpConGateway::NewStub(channel);
}

json GatewayAndOpConTest::Post(const std::string& path, const json& body) {
  const auto answer = opcon_->Send("POST", path, body);
  EXPECT_OK(answer);
  if (!answer.ok()) return {};
  EXPECT_LT(answer->status, 300) << path << ": " << answer->body;
  return answer->json;
}

std::string GatewayAndOpConTest::JobId(const std::string& name) {
  return absl::StrCat(kScheduleId, "|", name);
}

void GatewayAndOpConTest::HaveFailedJob(const std::string& name,
                                        const json& end) {
  Post("/_sandbox/jobs", {{"date", "2026-01-05"},
                          {"schedule", kSchedule},
                          {"schedule_id", 16},
                          {"schedule_instance", 1},
                          {"name", name},
                          {"machine", "GENP001"},
                          {"documentation", "Call Joe"}});
  json ended = {{"termination", "0000000005"}};
  ended.update(end);
  Post(absl::StrCat("/_sandbox/jobs/", harness::Encode(JobId(name)), "/fail"),
       ended);
}

void GatewayAndOpConTest::Fault(const json& match, const json& action,
                                int times) {
  Post("/_sandbox/faults",
       {{"match", match}, {"times", times}, {"action", action}});
}

std::vector<json> GatewayAndOpConTest::SeenRequests(int since) const {
  const auto answer =
      opcon_->Get(absl::StrCat("/_sandbox/requests?since=", since));
  EXPECT_OK(answer);
  if (!answer.ok()) return {};
  EXPECT_EQ(answer->json.at("forgotten"), 0);
  return answer->json.at("requests").get<std::vector<json>>();
}

std::int64_t StatusLine(pid_t pid, const std::string& name) {
  const std::string status =
      harness::ReadFile(absl::StrCat("/proc/", pid, "/status"));
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (!absl::ConsumePrefix(&line, name + ":")) continue;
    absl::ConsumeSuffix(&line, " kB");
    std::int64_t value = -1;
    return absl::SimpleAtoi(line, &value) ? value : -1;
  }
  return -1;
}

}  // namespace opcon_snow
