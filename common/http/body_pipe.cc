#include "common/http/body_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace opcon_snow::http {
namespace {

// Dropping what was read from the front costs a copy of the rest; do it only
// when at least this much, and half of the buffer, is gone.
constexpr std::size_t kCompactAfter = 64 * 1024;

}  // namespace

PipeSource::PipeSource(std::optional<std::int64_t> length, std::size_t capacity)
    : length_(length), capacity_(std::max<std::size_t>(capacity, 1)) {}

PipeSource::WriteState PipeSource::Write(std::string data) {
  std::function<void()> resume;
  WriteState state = WriteState::kMore;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_ || finished_ || failed_) return WriteState::kClosed;
    if (buffer_.empty()) {
      buffer_ = std::move(data);
    } else {
      buffer_ += data;
    }
    full_ = buffer_.size() - read_offset_ >= capacity_;
    if (full_) state = WriteState::kFull;
    resume = resume_;
  }
  if (resume) resume();
  return state;
}

void PipeSource::Finish() {
  std::function<void()> resume;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
    resume = resume_;
  }
  if (resume) resume();
}

void PipeSource::Fail() {
  std::function<void()> resume;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    failed_ = true;
    resume = resume_;
  }
  if (resume) resume();
}

void PipeSource::WhenWritable(std::function<void()> writable) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (full_ && !closed_) {
      writable_ = std::move(writable);
      return;
    }
  }
  writable();
}

void PipeSource::Open(std::function<void()> resume) {
  std::lock_guard<std::mutex> lock(mutex_);
  resume_ = std::move(resume);
}

BodySource::ReadResult PipeSource::Read(char* buffer, std::size_t capacity) {
  std::function<void()> writable;
  ReadResult result{State::kPending};
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (failed_) return {State::kError};
    const std::size_t size = std::min(capacity, buffer_.size() - read_offset_);
    if (size == 0) return {finished_ ? State::kEnd : State::kPending};
    std::memcpy(buffer, buffer_.data() + read_offset_, size);
    read_offset_ += size;
    if (read_offset_ == buffer_.size()) {
      buffer_.clear();
      read_offset_ = 0;
    } else if (read_offset_ >= kCompactAfter &&
               read_offset_ * 2 >= buffer_.size()) {
      buffer_.erase(0, read_offset_);
      read_offset_ = 0;
    }
    if (full_ && buffer_.size() - read_offset_ < capacity_) {
      full_ = false;
      writable = std::exchange(writable_, nullptr);
    }
    result = {State::kData, size};
  }
  if (writable) writable();
  return result;
}

void PipeSource::Close() {
  std::function<void()> writable;
  std::function<void()> resume;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    closed_ = true;
    writable = std::exchange(writable_, nullptr);
    resume = std::exchange(resume_, nullptr);
    buffer_.clear();
    read_offset_ = 0;
  }
  if (writable) writable();
}

PipeSink::PipeSink(std::size_t capacity)
    : capacity_(std::max<std::size_t>(capacity, 1)) {}

PipeSink::TakeResult PipeSink::Take(std::size_t max) {
  std::function<void()> resume;
  TakeResult result{TakeState::kWait, {}};
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!buffer_.empty()) {
      const std::size_t size = std::min(max, buffer_.size());
      if (size == buffer_.size()) {
        result.data = std::exchange(buffer_, std::string());
      } else {
        result.data = buffer_.substr(0, size);
        buffer_.erase(0, size);
      }
      result.state = TakeState::kData;
      if (paused_ && buffer_.size() < capacity_) {
        paused_ = false;
        resume = resume_;
      }
    } else if (closed_ || cancelled_) {
      result.state =
          closed_ && complete_ ? TakeState::kEnd : TakeState::kFailed;
    }
  }
  if (resume) resume();
  return result;
}

void PipeSink::Cancel() {
  std::function<void()> resume;
  std::function<void()> readable;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    buffer_.clear();
    // A paused transfer must offer its data again to learn of it.
    paused_ = false;
    resume = resume_;
    readable = std::exchange(readable_, nullptr);
  }
  if (resume) resume();
  if (readable) readable();
}

void PipeSink::WhenReadable(std::function<void()> readable) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (buffer_.empty() && !closed_ && !cancelled_) {
      readable_ = std::move(readable);
      return;
    }
  }
  readable();
}

void PipeSink::FinishUnopened() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (opened_) return;
  }
  Close(false);
}

bool PipeSink::Open(int status, const Headers& /*headers*/,
                    std::function<void()> resume) {
  if (status < 200 || status > 299) return false;
  std::lock_guard<std::mutex> lock(mutex_);
  opened_ = true;
  resume_ = std::move(resume);
  return true;
}

BodySink::WriteResult PipeSink::Write(absl::string_view data) {
  std::function<void()> readable;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (cancelled_) return WriteResult::kAbort;
    if (buffer_.size() >= capacity_) {
      paused_ = true;
      return WriteResult::kPaused;
    }
    buffer_.append(data.data(), data.size());
    readable = std::exchange(readable_, nullptr);
  }
  if (readable) readable();
  return WriteResult::kTaken;
}

void PipeSink::Close(bool complete) {
  std::function<void()> readable;
  std::function<void()> resume;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    closed_ = true;
    complete_ = complete;
    readable = std::exchange(readable_, nullptr);
    resume = std::exchange(resume_, nullptr);
  }
  if (readable) readable();
}

}  // namespace opcon_snow::http
