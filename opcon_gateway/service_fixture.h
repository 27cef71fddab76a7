#ifndef OPCON_SNOW_OPCON_GATEWAY_SERVICE_FIXTURE_H_
#define OPCON_SNOW_OPCON_GATEWAY_SERVICE_FIXTURE_H_

// The service behind a real gRPC server, over a scripted transport. Tests
// only.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/http/curl_transport.h"
#include "common/http/fake_transport.h"
#include "common/log/capture.h"
#include "common/rpc/call.h"
#include "common/rpc/server.h"
#include "gtest/gtest.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "opcon_gateway/instance.h"
#include "opcon_gateway/service.h"

namespace opcon_snow::opcon {

class ServiceFixture : public ::testing::Test {
 protected:
  using Stub = ::opcon::v1::OpConGateway::StubInterface;
  using Handler = http::FakeTransport::Handler;

  // Two instances, "production" (the default) and "test", whose requests all
  // go to `handler`.
  void SetUp() override;
  void TearDown() override;

  // Answers every request from now on. The handler runs on the loop's thread.
  void Handle(Handler handler);
  void AnswerAll(int status, std::string body);
  // Runs on the loop's thread and waits for it.
  void OnLoop(std::function<void()> function);
  std::vector<http::FakeTransport::RecordedRequest> Requests();

  std::shared_ptr<const InstanceSet> MakeInstances(
      const std::vector<std::string>& names);

  log::CaptureLogs logs;
  std::unique_ptr<http::CurlLoop> loop;
  std::shared_ptr<http::FakeTransport> transport;
  std::unique_ptr<OpConGatewayService> service;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<Stub> stub;
};

http::Response Answered(int status, std::string body);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_SERVICE_FIXTURE_H_
