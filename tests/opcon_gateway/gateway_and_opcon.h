#ifndef OPCON_SNOW_TESTS_OPCON_GATEWAY_GATEWAY_AND_OPCON_H_
#define OPCON_SNOW_TESTS_OPCON_GATEWAY_GATEWAY_AND_OPCON_H_

// The real opcon_gateway against the real opcon_sandbox: processes, HTTP, gRPC.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow {

class GatewayAndOpConTest : public ::testing::Test {
 protected:
  using Stub = ::opcon::v1::OpConGateway::StubInterface;

  // What the sandbox accepts unless it is told otherwise.
  static constexpr char kToken[] = "00000000-0000-4000-8000-000000000001";
  static constexpr char kScheduleId[] = "20260105|16|1";
  static constexpr char kSchedule[] = "Payroll";

  void SetUp() override;
  // The gateway must end well; under the address sanitizer that means that it
  // leaked nothing.
  void TearDown() override;

  std::string PathOf(const std::string& file) const;
  std::string GatewayLog() const;
  std::string OpConUrl() const;

  void StartSandbox(std::vector<std::string> flags = {});
  // `instances`: the list of the configuration, each line indented by two. The
  // secrets are in the files "token" and "password".
  void StartGateway(const std::string& instances,
                    const std::string& listener_fields = "");
  // One instance at the sandbox with these further lines, each indented by
  // four.
  std::string InstanceYaml(const std::string& name,
                           const std::string& lines) const;

  nlohmann::json Post(const std::string& path, const nlohmann::json& body);
  // Defines a job in the daily tables that has failed. `end`: what the sandbox
  // is told of that, usually its log.
  void HaveFailedJob(const std::string& name,
                     const nlohmann::json& end = {
                         {"log", "line 1\r\nline 2\r\n"}});
  static std::string JobId(const std::string& name);
  void Fault(const nlohmann::json& match, const nlohmann::json& action,
             int times = -1);
  // Requests that the sandbox has seen, with n greater than `since`.
  std::vector<nlohmann::json> SeenRequests(int since = 0) const;

  std::string directory_;
  harness::Programs programs_;
  std::unique_ptr<harness::Process> sandbox_;
  int sandbox_port_ = 0;
  std::unique_ptr<harness::HttpPeer> opcon_;
  std::unique_ptr<harness::Process> gateway_;
  std::string gateway_address_;
  std::unique_ptr<Stub> stub_;

 private:
  std::unique_ptr<harness::Process> StartServer(
      const std::string& name, std::vector<std::string> arguments, int* port);
};

// The value of a line "name:   NUMBER kB" or "name: NUMBER" of
// /proc/PID/status; -1 if there is none.
std::int64_t StatusLine(pid_t pid, const std::string& name);

}  // namespace opcon_snow

#endif  // OPCON_SNOW_TESTS_OPCON_GATEWAY_GATEWAY_AND_OPCON_H_
