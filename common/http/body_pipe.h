#ifndef OPCON_SNOW_COMMON_HTTP_BODY_PIPE_H_
#define OPCON_SNOW_COMMON_HTTP_BODY_PIPE_H_

// File: body_pipe.h
//
// A bounded buffer of bytes between a gRPC stream and an HTTP transfer.
//
// `PipeSource` feeds a request from a client stream. The reactor calls `Write`
// for each message it reads and `Finish` at the end; when `Write` says the pipe
// is full, it calls `WhenWritable` to start its next read.
//
// `PipeSink` drains a response into a server stream. The reactor calls `Take`
// for a chunk; when there is none yet, it calls `WhenReadable` to try again.
//
// All methods may be called on any thread. A callback is called exactly once,
// on the loop thread or, if there is nothing to wait for, inside the call that
// gave it; never under a lock of the pipe. Only one may wait at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "common/http/body.h"

namespace opcon_snow::http {

class PipeSource final : public BodySource {
 public:
  // `capacity`: bytes buffered before Write reports full (> 0).
  explicit PipeSource(std::optional<std::int64_t> length,
                      std::size_t capacity = 256 * 1024);

  enum class WriteState {
    kMore,    // taken; write on
    kFull,    // taken; wait for `writable` before the next Write
    kClosed,  // dropped: nobody reads any more; stop writing
  };

  // Takes `data`, also beyond the capacity (a message is never split).
  WriteState Write(std::string data);
  // The body is complete.
  void Finish();
  // The body cannot be completed; the request fails with kSource.
  void Fail();

  // Calls `writable` as soon as the pipe is not full, or nobody reads any more;
  // the next Write tells which.
  void WhenWritable(std::function<void()> writable);

  std::optional<std::int64_t> length() const override { return length_; }
  void Open(std::function<void()> resume) override;
  ReadResult Read(char* buffer, std::size_t capacity) override;
  void Close() override;

 private:
  const std::optional<std::int64_t> length_;
  const std::size_t capacity_;
  std::mutex mutex_;
  // All below guarded by mutex_.
  std::string buffer_;
  std::size_t read_offset_ = 0;
  bool full_ = false;
  bool finished_ = false;
  bool failed_ = false;
  bool closed_ = false;
  std::function<void()> resume_;
  std::function<void()> writable_;
};

class PipeSink final : public BodySink {
 public:
  // `capacity`: bytes buffered before the transfer is paused (> 0). Answers
  // whose status is not 2xx are left to `Response::body`.
  explicit PipeSink(std::size_t capacity = 256 * 1024);

  enum class TakeState {
    kData,    // `data` holds at least one byte
    kWait,    // none yet: wait for `readable`
    kEnd,     // the whole body was taken
    kFailed,  // the transfer broke off, or there is no body to stream
  };
  struct TakeResult {
    TakeState state;
    std::string data;
  };

  // Moves out at most `max` bytes.
  TakeResult Take(std::size_t max);
  // The reader wants no more: what is buffered is dropped, and the transfer is
  // given up when it next delivers. To end one that is silent, request
  // Request::stop as well.
  void Cancel();
  // Calls `readable` as soon as Take would give something other than kWait.
  void WhenReadable(std::function<void()> readable);
  // For the owner, when Send has returned without the sink being opened (error
  // status, transport error): makes Take give kFailed. Harmless otherwise.
  void FinishUnopened();

  bool Open(int status, const Headers& headers,
            std::function<void()> resume) override;
  WriteResult Write(absl::string_view data) override;
  void Close(bool complete) override;

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  // All below guarded by mutex_.
  std::string buffer_;
  bool opened_ = false;
  bool paused_ = false;
  bool cancelled_ = false;
  bool closed_ = false;
  bool complete_ = false;
  std::function<void()> resume_;
  std::function<void()> readable_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_BODY_PIPE_H_
