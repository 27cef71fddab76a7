#ifndef OPCON_SNOW_COMMON_RPC_REACTOR_FIXTURE_H_
#define OPCON_SNOW_COMMON_RPC_REACTOR_FIXTURE_H_

// A bridge behind a real server, and a client of it. Tests only.

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/async/one_shot.h"
#include "common/async/task.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/reactor.h"
#include "common/rpc/server.h"
#include "common/rpc/test_service.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {

using Stub = ServiceNowGateway::StubInterface;

// Suspends until the call is cancelled, as an HTTP request in flight would.
inline async::Task<void> AwaitCancelled(CallContext* call) {
  async::OneShot<bool> cancelled;
  const std::stop_callback on_stop(
      call->stop_token(), [cancelled]() mutable { cancelled.Set(true); });
  co_await cancelled.Wait();
}

inline async::Task<absl::StatusOr<GetIncidentResponse>> Echo(
    CallContext&, const GetIncidentRequest& request) {
  GetIncidentResponse response;
  response.mutable_incident()->set_number(request.number());
  co_return response;
}

class ReactorTest : public ::testing::Test {
 protected:
  ~ReactorTest() override {
    if (server_ != nullptr) {
      EXPECT_OK(server_->Stop());
    }
  }

  // Makes the service; handlers are set afterwards, then Start.
  TestService& Make(BridgeOptions options = {}) {
    if (!options.executor) options.executor = loop_.executor();
    service_ = std::make_unique<TestService>(std::move(options));
    return *service_;
  }

  void Start(ServerOptions options = {}) {
    auto server = Server::Create(std::move(options), {service_->served()});
    ASSERT_OK(server);
    server_ = *std::move(server);
    ASSERT_OK(server_->Start());
    ASSERT_OK_AND_ASSIGN(const auto channel,
                         CreateChannel({.target = server_->address()}));
    stub_ = ServiceNowGateway::NewStub(channel);
  }

  absl::StatusOr<GetIncidentResponse> Get(const std::string& number,
                                          const CallOptions& options = {}) {
    GetIncidentRequest request;
    request.set_number(number);
    return Call(*stub_, &Stub::GetIncident, request, options);
  }

  Bridge& bridge() { return service_->bridge(); }

  TestLoop loop_;
  std::unique_ptr<TestService> service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ServiceNowGateway::Stub> stub_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_REACTOR_FIXTURE_H_
