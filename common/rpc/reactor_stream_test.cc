// Streams through common/rpc/reactor.h, and everything at once.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/rpc/call.h"
#include "common/rpc/reactor.h"
#include "common/rpc/reactor_fixture.h"
#include "common/rpc/test_service.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::ElementsAre;

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
  absl::Status Read(
      int count, const CallOptions& options,
      const std::function<absl::Status(ReadAttachmentResponse&)>& on) {
    ReadAttachmentRequest request;
    request.set_sys_id(std::to_string(count));
    return ReadStream<Stub, Stub>(*stub_, &Stub::ReadAttachment, request,
                                  options, on);
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
  EXPECT_THAT(seen, ElementsAre(StatusIs(absl::StatusCode::kCancelled),
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
      const std::function<absl::StatusOr<bool>(AttachFileRequest&)>& next,
      const CallOptions& options = {}) {
    return WriteStream(*stub_, &Stub::AttachFile, options, next);
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
  clients.reserve(8);
  for (int id = 0; id < 8; ++id) clients.emplace_back(client, id);
  for (std::thread& thread : clients) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(bridge().AwaitIdle(absl::Seconds(20)));
  EXPECT_EQ(bridge().active_calls(), 0);
}

}  // namespace
}  // namespace opcon_snow::rpc
