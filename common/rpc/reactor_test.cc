#include "common/rpc/reactor.h"

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/async/one_shot.h"
#include "common/async/task.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/test_service.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Stub = ServiceNowGateway::StubInterface;

// Suspends until the call is cancelled, as an HTTP request in flight would.
async::Task<void> AwaitCancelled(CallContext* call) {
  async::OneShot<bool> cancelled;
  const std::stop_callback on_stop(
      call->stop_token(), [cancelled]() mutable { cancelled.Set(true); });
  co_await cancelled.Wait();
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

// --- Unary ------------------------------------------------------------------

async::Task<absl::StatusOr<GetIncidentResponse>> Echo(
    CallContext&, const GetIncidentRequest& request) {
  GetIncidentResponse response;
  response.mutable_incident()->set_number(request.number());
  co_return response;
}

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
    EXPECT_THAT(call.PeerIdentities(), IsEmpty());
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
  EXPECT_THAT(seen, StatusIs(absl::StatusCode::kDeadlineExceeded));
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

// --- Server streaming -------------------------------------------------------

async::Task<absl::Status> WriteChunks(CallContext&,
                                      const ReadAttachmentRequest& request,
                                      Writer<ReadAttachmentResponse>& writer,
                                      std::size_t chunk_bytes,
                                      std::atomic<int>* written) {
  const int count = std::stoi(request.sys_id());
  for (int i = 0; i < count; ++i) {
    ReadAttachmentResponse message;
    if (i == 0) {
      message.mutable_header()->set_sys_id(request.sys_id());
    } else {
      message.set_chunk(std::string(chunk_bytes, static_cast<char>(i % 100)));
    }
    OPCON_SNOW_CO_RETURN_IF_ERROR(co_await writer.Write(std::move(message)));
    if (written != nullptr) ++*written;
  }
  co_return absl::OkStatus();
}

class ServerStreamTest : public ReactorTest {
 protected:
  absl::Status Read(int count, const CallOptions& options,
                    std::function<absl::Status(ReadAttachmentResponse&)> on) {
    ReadAttachmentRequest request;
    request.set_sys_id(std::to_string(count));
    return ReadStream<Stub, Stub>(*stub_, &Stub::ReadAttachment, request,
                                  options, std::move(on));
  }

  void StartWriting(std::size_t chunk_bytes) {
    Make().on_read = [this, chunk_bytes](
                         CallContext& call,
                         const ReadAttachmentRequest& request,
                         Writer<ReadAttachmentResponse>& writer) {
      return WriteChunks(call, request, writer, chunk_bytes, &written_);
    };
    Start();
  }

  std::atomic<int> written_ = 0;
};

TEST_F(ServerStreamTest, SendsEverythingInOrder) {
  StartWriting(10);
  int received = 0;
  ASSERT_OK(Read(1000, {}, [&](ReadAttachmentResponse& message) {
    if (received == 0) {
      EXPECT_TRUE(message.has_header());
    } else {
      EXPECT_EQ(message.chunk(),
                std::string(10, static_cast<char>(received % 100)));
    }
    ++received;
    return absl::OkStatus();
  }));
  EXPECT_EQ(received, 1000);
}

TEST_F(ServerStreamTest, MayBeEmpty) {
  StartWriting(10);
  EXPECT_OK(Read(0, {}, [](ReadAttachmentResponse&) {
    return absl::InternalError("there should be none");
  }));
}

TEST_F(ServerStreamTest, ASlowClientSlowsTheCoroutine) {
  StartWriting(64 << 10);
  constexpr int kCount = 1'000'000;  // 64 GB, if nobody held it back
  const absl::Status status = Read(kCount, {}, [&](ReadAttachmentResponse&) {
    // The writer stands still once what gRPC buffers is full.
    int before = -1;
    EXPECT_TRUE(Eventually([&] {
      const int now = written_;
      const bool stands = now == before;
      before = now;
      absl::SleepFor(absl::Milliseconds(50));
      return stands;
    }));
    EXPECT_LT(written_, 1000);
    return absl::AbortedError("seen enough");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted, "seen enough"));
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)))
      << "the coroutine saw that the client has gone";
}

TEST_F(ServerStreamTest, WritesFailOnceTheCallIsCancelled) {
  std::mutex mutex;
  std::vector<absl::Status> seen;
  Make().on_read =
      [&](CallContext& call, const ReadAttachmentRequest&,
          Writer<ReadAttachmentResponse>& writer) -> async::Task<absl::Status> {
    CallContext* the_call = &call;
    Writer<ReadAttachmentResponse>* the_writer = &writer;
    ReadAttachmentResponse message;
    message.set_chunk("x");
    // Whether this one is still in time, nobody can say.
    absl::Status ignored = co_await the_writer->Write(message);
    ignored.IgnoreError();
    co_await AwaitCancelled(the_call);
    const absl::Status first = co_await the_writer->Write(message);
    const absl::Status second = co_await the_writer->Write(message);
    const std::lock_guard<std::mutex> lock(mutex);
    seen = {first, second};
    co_return absl::OkStatus();
  };
  Start();
  EXPECT_THAT(Read(1, {},
                   [](ReadAttachmentResponse&) {
                     return absl::AbortedError("enough");
                   }),
              StatusIs(absl::StatusCode::kAborted));
  ASSERT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
  const std::lock_guard<std::mutex> lock(mutex);
  EXPECT_THAT(seen, ElementsAre(IsOk(), StatusIs(absl::StatusCode::kCancelled),
                                StatusIs(absl::StatusCode::kCancelled)));
}

TEST_F(ServerStreamTest, ErrorsAfterMessagesArrive) {
  Make().on_read =
      [](CallContext&, const ReadAttachmentRequest&,
         Writer<ReadAttachmentResponse>& writer) -> async::Task<absl::Status> {
    Writer<ReadAttachmentResponse>* the_writer = &writer;
    ReadAttachmentResponse message;
    message.set_chunk("x");
    OPCON_SNOW_CO_RETURN_IF_ERROR(co_await the_writer->Write(message));
    co_return MakeError(absl::StatusCode::kDataLoss, "upstream broke off");
  };
  Start();
  int received = 0;
  EXPECT_THAT(Read(1, {},
                   [&](ReadAttachmentResponse&) {
                     ++received;
                     return absl::OkStatus();
                   }),
              StatusIs(absl::StatusCode::kDataLoss, "upstream broke off"));
  EXPECT_EQ(received, 1);
}

// --- Client streaming -------------------------------------------------------

async::Task<absl::StatusOr<AttachFileResponse>> CountBytes(
    CallContext& call, Reader<AttachFileRequest>& reader, int stop_after) {
  CallContext* the_call = &call;
  Reader<AttachFileRequest>* the_reader = &reader;
  std::int64_t bytes = 0;
  int messages = 0;
  for (;;) {
    std::optional<AttachFileRequest> message = co_await the_reader->Read();
    if (!message.has_value()) break;
    bytes += static_cast<std::int64_t>(message->chunk().size());
    if (++messages == stop_after) {
      co_return absl::OutOfRangeError("that is enough");
    }
  }
  // Reading beyond the end gives the end again.
  std::optional<AttachFileRequest> beyond = co_await the_reader->Read();
  EXPECT_FALSE(beyond.has_value());
  OPCON_SNOW_CO_RETURN_IF_ERROR(the_call->CheckCancelled());
  AttachFileResponse response;
  response.mutable_attachment()->set_size_bytes(bytes);
  co_return response;
}

class ClientStreamTest : public ReactorTest {
 protected:
  void StartReading(int stop_after = 0) {
    Make().on_attach = [stop_after](CallContext& call,
                                    Reader<AttachFileRequest>& reader) {
      return CountBytes(call, reader, stop_after);
    };
    Start();
  }

  absl::StatusOr<AttachFileResponse> Attach(
      std::function<absl::StatusOr<bool>(AttachFileRequest&)> next,
      const CallOptions& options = {}) {
    return WriteStream(*stub_, &Stub::AttachFile, options, std::move(next));
  }
};

TEST_F(ClientStreamTest, ReceivesEverything) {
  StartReading();
  int sent = 0;
  ASSERT_OK_AND_ASSIGN(const AttachFileResponse response,
                       Attach([&](AttachFileRequest& message) {
                         message.set_chunk(std::string(1000, 'x'));
                         return sent++ < 1000;
                       }));
  EXPECT_EQ(response.attachment().size_bytes(), 1'000'000);
}

TEST_F(ClientStreamTest, MayBeEmpty) {
  StartReading();
  ASSERT_OK_AND_ASSIGN(const AttachFileResponse response,
                       Attach([](AttachFileRequest&) { return false; }));
  EXPECT_EQ(response.attachment().size_bytes(), 0);
}

TEST_F(ClientStreamTest, MayBeAnsweredBeforeItsEnd) {
  StartReading(3);
  EXPECT_THAT(Attach([](AttachFileRequest& message) {
                message.set_chunk("x");
                return true;
              }),
              StatusIs(absl::StatusCode::kOutOfRange, "that is enough"));
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
}

TEST_F(ClientStreamTest, EndsWhenTheClientBreaksOff) {
  StartReading();
  int sent = 0;
  EXPECT_THAT(Attach([&](AttachFileRequest& message) -> absl::StatusOr<bool> {
                message.set_chunk("x");
                if (sent++ < 10) return true;
                return absl::DataLossError("the file is gone");
              }),
              StatusIs(absl::StatusCode::kDataLoss, "the file is gone"));
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
}

TEST_F(ClientStreamTest, EndsWhenTheDeadlinePasses) {
  StartReading();
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  EXPECT_THAT(Attach(
                  [&](AttachFileRequest& message) {
                    message.set_chunk(std::string(1000, 'x'));
                    return absl::Now() < give_up;
                  },
                  {.timeout = absl::Milliseconds(100)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
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

// --- Load -------------------------------------------------------------------

TEST_F(ReactorTest, SurvivesManyCallsAndCancellationsAtOnce) {
  TestService& service = Make();
  service.on_get = &Echo;
  service.on_read = [](CallContext& call, const ReadAttachmentRequest& request,
                       Writer<ReadAttachmentResponse>& writer) {
    return WriteChunks(call, request, writer, 1000, nullptr);
  };
  service.on_attach = [](CallContext& call, Reader<AttachFileRequest>& reader) {
    return CountBytes(call, reader, 0);
  };
  Start();
  std::atomic<int> wrong = 0;
  const auto client = [&](int id) {
    for (int i = 0; i < 100; ++i) {
      CallOptions options;
      // Every third call ends somewhere in the middle.
      if (i % 3 == 0) options.timeout = absl::Microseconds(100 * (i % 40));
      const bool may_fail = i % 3 == 0;
      ReadAttachmentRequest read;
      read.set_sys_id("20");
      int left = 20;
      absl::Status status;
      switch ((i + id) % 3) {
        case 0:
          status = Get("INC1", options).status();
          break;
        case 1:
          status = ReadStream<Stub, Stub, ReadAttachmentRequest,
                              ReadAttachmentResponse>(
              *stub_, &Stub::ReadAttachment, read, options,
              [](ReadAttachmentResponse&) { return absl::OkStatus(); });
          break;
        default:
          status =
              WriteStream<Stub, Stub, AttachFileRequest, AttachFileResponse>(
                  *stub_, &Stub::AttachFile, options,
                  [&](AttachFileRequest& message) {
                    message.set_chunk("x");
                    return left-- > 0;
                  })
                  .status();
      }
      if (!status.ok() && !may_fail) ++wrong;
    }
  };
  std::vector<std::thread> clients;
  for (int id = 0; id < 8; ++id) clients.emplace_back(client, id);
  for (std::thread& thread : clients) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
  EXPECT_EQ(bridge().active_calls(), 0);
}

}  // namespace
}  // namespace opcon_snow::rpc
