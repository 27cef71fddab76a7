#include "tests/snow_gateway/gateway_and_sandbox.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace opcon_snow {

namespace v1 = ::servicenow::v1;
using harness::HttpPeer;
using harness::Process;
using nlohmann::json;

namespace {

constexpr char kIncidents[] = "/api/now/table/incident";

}  // namespace

std::string SysId(const std::string& seed) {
  return Sha256Hex(seed).substr(0, 32);
}

void GatewayAndSandboxTest::SetUp() {
  const char* name =
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  directory_ = absl::StrCat(::testing::TempDir(), "/", name);
  ASSERT_EQ(std::system(absl::StrCat("mkdir -p '", directory_, "'").c_str()),
            0);
  ASSERT_OK_AND_ASSIGN(programs_, harness::FindPrograms(""));
}

void GatewayAndSandboxTest::TearDown() {
  if (gateway_ != nullptr) {
    const auto code = gateway_->Terminate();
    EXPECT_THAT(code, IsOkAndHolds(0)) << GatewayLog();
  }
}

std::string GatewayAndSandboxTest::PathOf(const std::string& file) const {
  return absl::StrCat(directory_, "/", file);
}

std::string GatewayAndSandboxTest::GatewayLog() const {
  return harness::ReadFile(PathOf("gateway.log"));
}

std::unique_ptr<Process> GatewayAndSandboxTest::StartServer(
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

void GatewayAndSandboxTest::StartSandbox(std::vector<std::string> flags) {
  std::vector<std::string> arguments = {programs_.snow_sandbox, "--listen",
                                        "127.0.0.1:0"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  sandbox_ = StartServer("sandbox", std::move(arguments), &sandbox_port_);
  ASSERT_NE(sandbox_, nullptr);
  servicenow_ = std::make_unique<HttpPeer>(
      sandbox_port_, absl::StrCat("Basic ", absl::Base64Escape("admin:admin")));
}

void GatewayAndSandboxTest::StartGateway(const std::string& credentials) {
  StartGatewayWith(InstanceYaml("prod", credentials));
}

std::string GatewayAndSandboxTest::InstanceYaml(const std::string& name,
                                                const std::string& rest) const {
  return absl::StrCat("  - name: ", name,
                      "\n    base_url: http://127.0.0.1:", sandbox_port_,
                      "\n    allow_plain_http: true\n", rest);
}

void GatewayAndSandboxTest::StartGatewayWith(const std::string& instances) {
  ASSERT_OK(harness::WriteFile(PathOf("secret"), "sandbox\n", 0600));
  ASSERT_OK(harness::WriteFile(PathOf("key"), "sandbox-key\n", 0600));
  ASSERT_OK(
      harness::WriteFile(PathOf("gateway.yaml"),
                         absl::StrCat("listener: {address: \"127.0.0.1:0\"}\n"
                                      "logging: {level: debug}\ninstances:\n",
                                      instances)));
  int port = 0;
  gateway_ = StartServer(
      "gateway", {programs_.snow_gateway, "--config", PathOf("gateway.yaml")},
      &port);
  ASSERT_NE(gateway_, nullptr);
  rpc::ChannelOptions options;
  options.target = absl::StrCat("127.0.0.1:", port);
  ASSERT_OK_AND_ASSIGN(channel_, rpc::CreateChannel(options));
  stub_ = v1::ServiceNowGateway::NewStub(channel_);
}

void GatewayAndSandboxTest::Start(std::vector<std::string> flags) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox(std::move(flags)));
  ASSERT_NO_FATAL_FAILURE(StartGateway(kOAuth));
}

std::vector<json> GatewayAndSandboxTest::Rows(const std::string& path) const {
  const auto answer = servicenow_->Get(path);
  EXPECT_OK(answer);
  EXPECT_EQ(answer->status, 200) << answer->body;
  return answer->json.at("result").get<std::vector<json>>();
}

std::vector<json> GatewayAndSandboxTest::Incidents(
    const std::string& correlation_id) const {
  return Rows(absl::StrCat(
      kIncidents,
      "?sysparm_query=", harness::Encode("correlation_id=" + correlation_id)));
}

void GatewayAndSandboxTest::Fault(const json& fault) {
  const auto answer = servicenow_->Send("POST", "/_sandbox/faults", fault);
  ASSERT_OK(answer);
  ASSERT_EQ(answer->status, 201) << answer->body;
}

std::vector<json> GatewayAndSandboxTest::SeenRequests(int since) const {
  const auto answer =
      servicenow_->Get(absl::StrCat("/_sandbox/requests?since=", since));
  EXPECT_OK(answer);
  return answer->json.at("requests").get<std::vector<json>>();
}

v1::CreateIncidentRequest GatewayAndSandboxTest::NewIncident(
    const std::string& seed) {
  v1::CreateIncidentRequest request;
  v1::Incident& incident = *request.mutable_incident();
  incident.set_sys_id(SysId(seed));
  incident.set_short_description("Job JOB 1 failed: \"quoted\" & <umläut>");
  incident.set_description(absl::StrCat("It failed.\n", kMarker));
  incident.set_correlation_id(absl::StrCat("opcon:9010,20260105|16|1|", seed));
  incident.set_correlation_display("SMA_OPCON");
  request.set_marker(kMarker);
  return request;
}

absl::StatusOr<v1::CreateIncidentResponse> GatewayAndSandboxTest::Create(
    const v1::CreateIncidentRequest& request) {
  return rpc::Call(*stub_, &Stub::CreateIncident, request);
}

absl::StatusOr<v1::AttachFileResponse> GatewayAndSandboxTest::Attach(
    const std::string& record, const std::string& name,
    const std::string& content) {
  v1::AttachFileHeader header;
  header.set_record_sys_id(record);
  header.set_file_name(name);
  return SendFile(*stub_, header, content, {});
}

absl::StatusOr<v1::AttachFileResponse> SendFile(
    v1::ServiceNowGateway::StubInterface& stub, v1::AttachFileHeader header,
    const std::string& content, const rpc::CallOptions& options) {
  header.set_size_bytes(static_cast<std::int64_t>(content.size()));
  header.set_sha256(Sha256Hex(content));
  bool announced = false;
  std::size_t offset = 0;
  return rpc::WriteStream(
      stub, &v1::ServiceNowGateway::StubInterface::AttachFile, options,
      std::function<absl::StatusOr<bool>(v1::AttachFileRequest&)>(
          [&](v1::AttachFileRequest& part) -> absl::StatusOr<bool> {
            if (!announced) {
              *part.mutable_header() = header;
              announced = true;
              return true;
            }
            if (offset >= content.size()) return false;
            part.set_chunk(content.substr(offset, 200'000));
            offset += part.chunk().size();
            return true;
          }));
}

}  // namespace opcon_snow
