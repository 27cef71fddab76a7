#include "sandbox/servicenow/script/frames.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "absl/time/clock.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr std::size_t kLengthBytes = 4;

// Waits until the socket can be read (POLLIN) or written (POLLOUT).
FrameResult Await(int socket, short events, absl::Time deadline) {
  for (;;) {
    int milliseconds = -1;
    if (deadline != absl::InfiniteFuture()) {
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) return FrameResult::kLate;
      milliseconds = static_cast<int>(
          std::min<std::int64_t>(absl::ToInt64Milliseconds(left) + 1, 60'000));
    }
    pollfd waited{socket, events, 0};
    const int ready = poll(&waited, 1, milliseconds);
    if (ready > 0) return FrameResult::kOk;
    if (ready < 0 && errno != EINTR) return FrameResult::kClosed;
  }
}

FrameResult Send(int socket, const char* data, std::size_t size,
                 absl::Time deadline) {
  while (size > 0) {
    const FrameResult ready = Await(socket, POLLOUT, deadline);
    if (ready != FrameResult::kOk) return ready;
    const ssize_t sent = send(socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return FrameResult::kClosed;
    }
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return FrameResult::kOk;
}

FrameResult Receive(int socket, char* data, std::size_t size,
                    absl::Time deadline) {
  while (size > 0) {
    const FrameResult ready = Await(socket, POLLIN, deadline);
    if (ready != FrameResult::kOk) return ready;
    const ssize_t received = recv(socket, data, size, MSG_DONTWAIT);
    if (received == 0) return FrameResult::kClosed;
    if (received < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return FrameResult::kClosed;
    }
    data += received;
    size -= static_cast<std::size_t>(received);
  }
  return FrameResult::kOk;
}

}  // namespace

FrameResult WriteFrame(int socket, const std::string& text,
                       absl::Time deadline) {
  if (text.size() > kMaxFrameBytes) return FrameResult::kTooBig;
  std::array<char, kLengthBytes> length{};
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length[i] = static_cast<char>((text.size() >> (8 * i)) & 0xFFU);
  }
  const FrameResult sent = Send(socket, length.data(), length.size(), deadline);
  if (sent != FrameResult::kOk) return sent;
  return Send(socket, text.data(), text.size(), deadline);
}

FrameResult ReadFrame(int socket, std::string* text, absl::Time deadline) {
  std::array<char, kLengthBytes> length{};
  const FrameResult received =
      Receive(socket, length.data(), length.size(), deadline);
  if (received != FrameResult::kOk) return received;
  std::size_t size = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(length[i]))
            << (8 * i);
  }
  if (size > kMaxFrameBytes) return FrameResult::kTooBig;
  text->resize(size);
  return Receive(socket, text->data(), size, deadline);
}

}  // namespace opcon_snow::sandbox::servicenow
