#ifndef OPCON_SNOW_TESTS_SNOW_GATEWAY_GATEWAY_AND_SANDBOX_H_
#define OPCON_SNOW_TESTS_SNOW_GATEWAY_GATEWAY_AND_SANDBOX_H_

// The real snow_gateway against the real snow_sandbox: processes, HTTP, gRPC.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow {

inline constexpr char kMarker[] = "[failure 4711-0815]";

// A sys_id for tests, always the same for the same seed.
std::string SysId(const std::string& seed);

// Attaches `content`; size and SHA-256 of `header` are filled in.
absl::StatusOr<::servicenow::v1::AttachFileResponse> SendFile(
    ::servicenow::v1::ServiceNowGateway::StubInterface& stub,
    ::servicenow::v1::AttachFileHeader header, const std::string& content,
    const rpc::CallOptions& options);

class GatewayAndSandboxTest : public ::testing::Test {
 protected:
  using Stub = ::servicenow::v1::ServiceNowGateway::StubInterface;

  // Credentials of a gateway's configuration that the sandbox accepts.
  static constexpr char kOAuth[] =
      "    oauth_client_credentials: {client_id: sandbox, client_secret_file: "
      "secret}\n";

  void SetUp() override;
  // The gateway must end well.
  void TearDown() override;

  std::string PathOf(const std::string& file) const;
  std::string GatewayLog() const;

  void StartSandbox(std::vector<std::string> flags = {});
  // `credentials`: the lines of the configuration, indented by four.
  void StartGateway(const std::string& credentials);
  // An entry of `instances` that is the sandbox; `rest`: further lines of it.
  std::string InstanceYaml(const std::string& name,
                           const std::string& rest) const;
  // The entries of `instances`.
  void StartGatewayWith(const std::string& instances);
  // Both, with OAuth.
  void Start(std::vector<std::string> flags = {});

  // What an administrator sees.
  std::vector<nlohmann::json> Rows(const std::string& path) const;
  std::vector<nlohmann::json> Incidents(
      const std::string& correlation_id) const;
  void Fault(const nlohmann::json& fault);
  // Those after number `since`.
  std::vector<nlohmann::json> SeenRequests(int since = 0) const;

  static ::servicenow::v1::CreateIncidentRequest NewIncident(
      const std::string& seed);
  absl::StatusOr<::servicenow::v1::CreateIncidentResponse> Create(
      const ::servicenow::v1::CreateIncidentRequest& request);
  absl::StatusOr<::servicenow::v1::AttachFileResponse> Attach(
      const std::string& record, const std::string& name,
      const std::string& content);

  std::string directory_;
  harness::Programs programs_;
  std::unique_ptr<harness::Process> sandbox_;
  int sandbox_port_ = 0;
  std::unique_ptr<harness::HttpPeer> servicenow_;
  std::unique_ptr<harness::Process> gateway_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;

 private:
  std::unique_ptr<harness::Process> StartServer(
      const std::string& name, std::vector<std::string> arguments, int* port);
};

}  // namespace opcon_snow

#endif  // OPCON_SNOW_TESTS_SNOW_GATEWAY_GATEWAY_AND_SANDBOX_H_
