#include "common/rpc/reactor.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/async/one_shot.h"
#include "common/async/task.h"
#include "common/rpc/call.h"
#include "common/rpc/reactor_fixture.h"
#include "common/rpc/server.h"
#include "common/rpc/test_service.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// --- Unary ------------------------------------------------------------------

TEST_F(ReactorTest, UnaryAnswersWithTheValue) {
  std::atomic<bool> was_in_loop = false;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest& request) {
    was_in_loop = loop_.InLoopThread();
    return Echo(call, request);
  };
  Start();
  ASSERT_OK_AND_ASSIGN(const GetIncidentResponse response, Get("INC1"));
  EXPECT_EQ(response.incident().number(), "INC1");
  EXPECT_TRUE(was_in_loop);
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(10)));
}

TEST_F(ReactorTest, UnaryErrorsKeepTheirDetails) {
  Make().on_get = [](CallContext&, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    ErrorDetails details;
    details.reason = "INCIDENT_NOT_FOUND";
    details.metadata["http_status_code"] = "404";
    details.retry_after = absl::Seconds(3);
    co_return MakeError(absl::StatusCode::kNotFound, "no such incident",
                        details);
  };
  Start();
  const auto result = Get("INC1");
  EXPECT_THAT(result,
              StatusIs(absl::StatusCode::kNotFound, "no such incident"));
  const auto details = GetErrorDetails(result.status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, "INCIDENT_NOT_FOUND");
  EXPECT_EQ(details->domain, "test.opcon-snow");
  EXPECT_EQ(details->metadata.at("http_status_code"), "404");
  EXPECT_EQ(details->retry_after, absl::Seconds(3));
}

TEST_F(ReactorTest, ExceptionsBecomeInternal) {
  // A Task lets no exception out, but a handler may throw before it makes one.
  Make().on_get = [](CallContext&, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    throw std::runtime_error("bug");
  };
  Start();
  const auto result = Get("INC1");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal, HasSubstr("bug")));
  EXPECT_THAT(result, HasReason("HANDLER_EXCEPTION"));
}

TEST(StatusOfCurrentExceptionTest, KnowsAnyException) {
  absl::Status status;
  try {
    throw std::runtime_error("bug");
  } catch (...) {
    status = internal::StatusOfCurrentException();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, HasSubstr("bug")));
  EXPECT_THAT(status, HasReason("HANDLER_EXCEPTION"));
  try {
    throw 7;
  } catch (...) {
    status = internal::StatusOfCurrentException();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
}

TEST_F(ReactorTest, RunsInlineWithoutExecutor) {
  service_ = std::make_unique<TestService>(BridgeOptions{});
  service_->on_get = &Echo;
  Start();
  ASSERT_OK_AND_ASSIGN(const GetIncidentResponse response, Get("INC2"));
  EXPECT_EQ(response.incident().number(), "INC2");
}

TEST_F(ReactorTest, TellsTheHandlerAboutItsCall) {
  std::mutex mutex;
  std::string method;
  std::optional<std::string> metadata;
  std::optional<std::string> absent;
  absl::Time deadline;
  SteadyTime steady_deadline;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest& request) {
    const std::lock_guard<std::mutex> lock(mutex);
    method = call.method();
    metadata = call.Metadata("x-request-id");
    absent = call.Metadata("x-absent");
    deadline = call.deadline();
    steady_deadline = call.steady_deadline();
    EXPECT_THAT(call.peer(), HasSubstr("127.0.0.1"));
    EXPECT_THAT(call.ShownCredentials().certificate_names, IsEmpty());
    EXPECT_EQ(call.caller().name, "");
    EXPECT_FALSE(call.IsCancelled());
    EXPECT_OK(call.CheckCancelled());
    return Echo(call, request);
  };
  Start();
  CallOptions options;
  options.timeout = absl::Minutes(10);
  options.metadata = {{"x-request-id", "r-1"}};
  const absl::Time before = absl::Now();
  ASSERT_OK(Get("INC1", options));
  const std::lock_guard<std::mutex> lock(mutex);
  EXPECT_EQ(method, "servicenow.v1.ServiceNowGateway/GetIncident");
  EXPECT_EQ(metadata, "r-1");
  EXPECT_FALSE(absent.has_value());
  EXPECT_GT(deadline, before + absl::Minutes(9));
  EXPECT_LT(deadline, absl::Now() + absl::Minutes(11));
  EXPECT_NE(steady_deadline, SteadyTime::max());
}

TEST_F(ReactorTest, CallsWithoutDeadlineHaveNone) {
  std::atomic<bool> infinite = false;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest& request) {
    infinite = call.deadline() == absl::InfiniteFuture() &&
               call.steady_deadline() == SteadyTime::max();
    return Echo(call, request);
  };
  Start();
  ASSERT_OK(Get("INC1", {.timeout = absl::InfiniteDuration()}));
  EXPECT_TRUE(infinite);
}

TEST_F(ReactorTest, TheClientsCancellationReachesTheCoroutine) {
  std::atomic<bool> entered = false;
  async::OneShot<absl::Status> seen;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    CallContext* the_call = &call;
    entered = true;
    co_await AwaitCancelled(the_call);
    const absl::Status status = the_call->CheckCancelled();
    seen.Set(status);
    co_return status;
  };
  Start();
  std::stop_source stop;
  std::thread canceller([&] {
    EXPECT_TRUE(Eventually([&] { return entered.load(); }));
    stop.request_stop();
  });
  CallOptions options;
  options.cancel = stop.get_token();
  EXPECT_THAT(Get("INC1", options), StatusIs(absl::StatusCode::kCancelled));
  canceller.join();
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
  ASSERT_TRUE(seen.IsSet());
}

TEST_F(ReactorTest, ThePassingOfTheDeadlineReachesTheCoroutine) {
  std::mutex mutex;
  absl::Status seen;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    CallContext* the_call = &call;
    co_await AwaitCancelled(the_call);
    const std::lock_guard<std::mutex> lock(mutex);
    seen = the_call->CheckCancelled();
    co_return seen;
  };
  Start();
  EXPECT_THAT(Get("INC1", {.timeout = absl::Milliseconds(100)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
  const std::lock_guard<std::mutex> lock(mutex);
  // CANCELLED if the client's clock was a moment ahead of the server's.
  EXPECT_THAT(seen, AnyOf(StatusIs(absl::StatusCode::kDeadlineExceeded),
                          StatusIs(absl::StatusCode::kCancelled)));
}

TEST_F(ReactorTest, RefusesMoreCallsThanItsLimit) {
  BridgeOptions options;
  options.max_active_calls = 1;
  std::atomic<bool> entered = false;
  Make(options).on_get = [&](CallContext& call, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    CallContext* the_call = &call;
    entered = true;
    co_await AwaitCancelled(the_call);
    co_return absl::CancelledError("");
  };
  Start();
  std::stop_source stop;
  std::thread first([&] {
    CallOptions call_options;
    call_options.cancel = stop.get_token();
    EXPECT_THAT(Get("INC1", call_options),
                StatusIs(absl::StatusCode::kCancelled));
  });
  ASSERT_TRUE(Eventually([&] { return entered.load(); }));
  const auto refused = Get("INC2");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(refused, HasReason("TOO_MANY_CALLS"));
  EXPECT_TRUE(IsRetryable(refused.status()));
  stop.request_stop();
  first.join();
}

TEST_F(ReactorTest, AsksForAdmissionAndTellsAboutTheEnd) {
  std::mutex mutex;
  std::vector<std::string> finished;
  std::atomic<int> handled = 0;
  BridgeOptions options;
  options.admit = [](const CallContext& call) {
    return call.Metadata("authorization") == "Bearer right"
               ? absl::OkStatus()
               : MakeError(absl::StatusCode::kUnauthenticated, "who are you?");
  };
  options.on_finished = [&](const FinishedCall& call) {
    const std::lock_guard<std::mutex> lock(mutex);
    EXPECT_GE(call.elapsed, absl::ZeroDuration());
    finished.push_back(call.call->method() + " " +
                       absl::StatusCodeToString(call.status.code()));
  };
  TestService& service = Make(options);
  service.on_get = [&](CallContext& call, const GetIncidentRequest& request) {
    ++handled;
    return Echo(call, request);
  };
  Start();
  EXPECT_THAT(Get("INC1"), StatusIs(absl::StatusCode::kUnauthenticated));
  const absl::Status read =
      ReadStream<Stub, Stub, ReadAttachmentRequest, ReadAttachmentResponse>(
          *stub_, &Stub::ReadAttachment, {}, {},
          [](ReadAttachmentResponse&) { return absl::OkStatus(); });
  EXPECT_THAT(read, StatusIs(absl::StatusCode::kUnauthenticated));
  const auto attached =
      WriteStream<Stub, Stub, AttachFileRequest, AttachFileResponse>(
          *stub_, &Stub::AttachFile, {},
          [](AttachFileRequest&) { return false; });
  EXPECT_THAT(attached, StatusIs(absl::StatusCode::kUnauthenticated));
  CallOptions right;
  right.metadata = {{"authorization", "Bearer right"}};
  EXPECT_OK(Get("INC1", right));
  EXPECT_EQ(handled, 1);
  const std::string service_name = "servicenow.v1.ServiceNowGateway/";
  const std::lock_guard<std::mutex> lock(mutex);
  EXPECT_THAT(finished,
              ElementsAre(service_name + "GetIncident UNAUTHENTICATED",
                          service_name + "ReadAttachment UNAUTHENTICATED",
                          service_name + "AttachFile UNAUTHENTICATED",
                          service_name + "GetIncident OK"));
}

// --- Shutdown ---------------------------------------------------------------

TEST_F(ReactorTest, DrainLetsRunningCallsEnd) {
  std::atomic<bool> entered = false;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    CallContext* the_call = &call;
    async::OneShot<bool> draining;
    const std::stop_callback on_drain(
        the_call->drain_token(), [draining]() mutable { draining.Set(true); });
    entered = true;
    co_await draining.Wait();
    EXPECT_FALSE(the_call->IsCancelled());
    co_return GetIncidentResponse();
  };
  Start();
  std::thread caller([&] { EXPECT_OK(Get("INC1")); });
  ASSERT_TRUE(Eventually([&] { return entered.load(); }));
  EXPECT_OK(server_->Stop());
  caller.join();
  EXPECT_EQ(bridge().active_calls(), 0);
}

TEST_F(ReactorTest, ShutdownCancelsCallsThatDoNotEnd) {
  std::atomic<bool> entered = false;
  Make().on_get = [&](CallContext& call, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    CallContext* the_call = &call;
    entered = true;
    co_await AwaitCancelled(the_call);
    co_return absl::CancelledError("");
  };
  Start({.shutdown_timeout = absl::Milliseconds(50)});
  std::thread caller([&] { EXPECT_FALSE(Get("INC1").ok()); });
  ASSERT_TRUE(Eventually([&] { return entered.load(); }));
  EXPECT_OK(server_->Stop());
  caller.join();
  EXPECT_EQ(bridge().active_calls(), 0);
}

TEST_F(ReactorTest, StopIsBoundedEvenIfAHandlerHangs) {
  async::OneShot<bool> release;
  std::atomic<bool> entered = false;
  Make().on_get = [&](CallContext&, const GetIncidentRequest&)
      -> async::Task<absl::StatusOr<GetIncidentResponse>> {
    entered = true;
    co_await release.Wait();
    co_return GetIncidentResponse();
  };
  Start({.shutdown_timeout = absl::Milliseconds(50),
         .cancel_timeout = absl::Milliseconds(50)});
  std::thread caller([&] { EXPECT_FALSE(Get("INC1").ok()); });
  ASSERT_TRUE(Eventually([&] { return entered.load(); }));
  EXPECT_THAT(server_->Stop(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  caller.join();
  // What a real process must not do: go on after that. Here the handler is let
  // go before what it uses is destroyed.
  release.Set(true);
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
  EXPECT_THAT(server_->Stop(), StatusIs(absl::StatusCode::kDeadlineExceeded))
      << "the same answer again";
  server_.reset();
}

}  // namespace
}  // namespace opcon_snow::rpc
