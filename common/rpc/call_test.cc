#include "common/rpc/call.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/test_service.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Stub = ServiceNowGateway::StubInterface;

class CallTest : public ::testing::Test {
 protected:
  CallTest() : service_({.executor = loop_.executor()}) {
    service_.on_get = [this](CallContext&, const GetIncidentRequest&)
        -> async::Task<absl::StatusOr<GetIncidentResponse>> {
      ++calls_;
      co_return GetIncidentResponse();
    };
  }

  void SetUp() override {
    auto server = Server::Create({}, {service_.served()});
    ASSERT_OK(server);
    server_ = *std::move(server);
    ASSERT_OK(server_->Start());
    Connect(server_->address());
  }

  void Connect(const std::string& target) {
    ASSERT_OK_AND_ASSIGN(const auto channel, CreateChannel({target}));
    stub_ = ServiceNowGateway::NewStub(channel);
  }

  absl::Status Get(const CallOptions& options) {
    return Call(*stub_, &Stub::GetIncident, GetIncidentRequest(), options)
        .status();
  }

  TestLoop loop_;
  std::atomic<int> calls_ = 0;
  TestService service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ServiceNowGateway::Stub> stub_;
};

TEST_F(CallTest, HasADefaultTimeout) {
  EXPECT_OK(Get({}));
  EXPECT_EQ(CallOptions().timeout, absl::Seconds(30));
}

TEST_F(CallTest, SendsNothingAfterTheDeadline) {
  CallOptions options;
  options.deadline = std::chrono::steady_clock::now();
  EXPECT_THAT(Get(options), StatusIs(absl::StatusCode::kDeadlineExceeded,
                                     HasSubstr("before the call was sent")));
  EXPECT_THAT(Get({.timeout = absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(calls_, 0);
}

TEST_F(CallTest, SendsNothingOnceCancelled) {
  std::stop_source stop;
  stop.request_stop();
  CallOptions options;
  options.cancel = stop.get_token();
  EXPECT_THAT(Get(options), StatusIs(absl::StatusCode::kCancelled,
                                     HasSubstr("before the call was sent")));
  EXPECT_EQ(calls_, 0);
}

TEST_F(CallTest, RefusesMetadataThatGrpcWouldDieOf) {
  const struct {
    const char* key;
    std::string value;
  } kCases[] = {
      {"X-Upper", "v"},
      {"with space", "v"},
      {"", "v"},
      {"x\n", "v"},
      {"grpc-timeout", "v"},
      {":path", "v"},
      {"authorization", "a\r\nb: c"},
      {"authorization", "hunter2\xC3\xA9"},
      {"authorization", std::string("hunter2\0", 8)},
  };
  for (const auto& c : kCases) {
    CallOptions options;
    options.metadata = {{c.key, c.value}};
    const absl::Status status = Get(options);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << c.key;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
  }
  EXPECT_EQ(calls_, 0);
}

TEST_F(CallTest, SaysThatNobodyIsThere) {
  Connect("127.0.0.1:1");
  EXPECT_THAT(Get({.timeout = absl::Seconds(20)}),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CallTest, WaitsForTheServerIfAsked) {
  const std::string address = server_->address();
  const int port = server_->port();
  ASSERT_OK(server_->Stop());
  Connect(address);
  absl::Status status;
  std::thread caller([&] {
    status = Get({.timeout = absl::Seconds(20), .wait_for_ready = true});
  });
  auto again = Server::Create({.port = port}, {service_.served()});
  ASSERT_OK(again);
  // Another process may have taken the port meanwhile.
  const absl::Status started = (*again)->Start();
  caller.join();
  if (started.ok()) {
    EXPECT_OK(status);
  } else {
    EXPECT_FALSE(status.ok());
  }
}

}  // namespace
}  // namespace opcon_snow::rpc
