#ifndef OPCON_SNOW_COMMON_RPC_SERVER_FIXTURE_H_
#define OPCON_SNOW_COMMON_RPC_SERVER_FIXTURE_H_

// A server on a port of its own with a service whose GetIncident answers with
// the number that it is asked for.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "common/auth/caller.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/test_service.h"
#include "common/testing/status_matchers.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {

using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using Stub = ServiceNowGateway::StubInterface;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : service_({.executor = loop_.executor()}) {
    service_.on_get = [this](CallContext& call, const GetIncidentRequest& get)
        -> async::Task<absl::StatusOr<GetIncidentResponse>> {
      identities_ = call.ShownCredentials().certificate_names;
      caller_ = call.caller();
      ++handled_;
      GetIncidentResponse response;
      response.mutable_incident()->set_number(get.number());
      co_return response;
    };
  }
  ~ServerTest() override {
    if (server_ != nullptr) {
      EXPECT_OK(server_->Stop());
    }
  }

  absl::Status Start(const ServerOptions& options) {
    auto server = Server::Create(options, {service_.served()});
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return server_->Start();
  }

  std::shared_ptr<grpc::Channel> Connect(ChannelOptions options = {}) {
    if (options.target.empty()) options.target = server_->address();
    auto channel = CreateChannel(options);
    EXPECT_OK(channel);
    return channel.ok() ? *channel : nullptr;
  }

  absl::StatusOr<GetIncidentResponse> Get(
      const std::shared_ptr<grpc::Channel>& channel,
      const std::string& number = "INC1") {
    const auto stub = ServiceNowGateway::NewStub(channel);
    GetIncidentRequest request;
    request.set_number(number);
    return Call(*stub, &Stub::GetIncident, request);
  }

  absl::StatusOr<HealthCheckResponse::ServingStatus> HealthOf(
      const std::string& service) {
    const auto stub = Health::NewStub(Connect());
    HealthCheckRequest request;
    request.set_service(service);
    const auto response = Call<Health::Stub, Health::StubInterface>(
        *stub, &Health::StubInterface::Check, request);
    if (!response.ok()) return response.status();
    return response->status();
  }

  TestLoop loop_;
  std::vector<std::string> identities_;
  auth::Caller caller_;
  std::atomic<int> handled_ = 0;
  TestService service_;
  std::unique_ptr<Server> server_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_SERVER_FIXTURE_H_
