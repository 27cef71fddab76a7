#include "common/web/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace opcon_snow::web {

RawClient::RawClient(int port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // Only ever waited for in full when something is broken.
  const timeval patience = {.tv_sec = 120, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // If it fails, so does what follows.
  static_cast<void>(
      ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
}

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::Send(absl::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::FinishSending() const { ::shutdown(fd_, SHUT_WR); }

bool RawClient::ReadSome() {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  pending_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<RawClient::Reply> RawClient::Read(bool to_head) {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadSome()) return std::nullopt;
  }
  Reply reply;
  reply.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  if (!absl::SimpleAtoi(reply.head.substr(9, 3), &reply.status)) {
    return std::nullopt;
  }
  const std::string lower = absl::AsciiStrToLower(reply.head);
  constexpr absl::string_view kLength = "\r\ncontent-length: ";
  const std::size_t at = lower.find(std::string(kLength));
  std::size_t length = 0;
  if (!to_head && at != std::string::npos) {
    const std::size_t begin = at + kLength.size();
    if (!absl::SimpleAtoi(lower.substr(begin, lower.find('\r', begin) - begin),
                          &length)) {
      return std::nullopt;
    }
  }
  while (pending_.size() < length) {
    if (!ReadSome()) return std::nullopt;
  }
  reply.body = pending_.substr(0, length);
  pending_.erase(0, length);
  return reply;
}

bool RawClient::IsClosed() { return pending_.empty() && !ReadSome(); }

}  // namespace opcon_snow::web
