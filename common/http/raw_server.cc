#include "common/http/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace opcon_snow::http {
namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::perror(what);
  std::abort();
}

std::size_t ContentLength(absl::string_view header) {
  for (absl::string_view line : absl::StrSplit(header, "\r\n")) {
    std::size_t length = 0;
    if (absl::StartsWithIgnoreCase(line, "content-length:") &&
        absl::SimpleAtoi(line.substr(15), &length)) {
      return length;
    }
  }
  return 0;
}

bool IsChunked(absl::string_view header) {
  return absl::StrContains(absl::AsciiStrToLower(header),
                           "transfer-encoding: chunked");
}

}  // namespace

std::string RawServer::Connection::ReadSome(std::size_t max) {
  if (!buffer_.empty()) {
    std::string data = buffer_.substr(0, max);
    buffer_.erase(0, data.size());
    return data;
  }
  std::string data(max, '\0');
  const ssize_t size = recv(fd_, data.data(), max, 0);
  data.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return data;
}

std::optional<std::string> RawServer::Connection::ReadHeader() {
  std::string received;
  std::size_t end = std::string::npos;
  while ((end = received.find("\r\n\r\n")) == std::string::npos) {
    std::string more = ReadSome(65536);
    if (more.empty()) return std::nullopt;
    received += more;
  }
  buffer_ = received.substr(end + 4) + buffer_;
  ++server_->requests_;
  {
    std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->changed_.notify_all();
  }
  return received.substr(0, end + 4);
}

std::optional<std::string> RawServer::Connection::ReadRequest() {
  std::optional<std::string> header = ReadHeader();
  if (!header) return std::nullopt;
  std::string body;
  const std::size_t length = ContentLength(*header);
  auto complete = [&] {
    return IsChunked(*header) ? absl::EndsWith(body, "0\r\n\r\n")
                              : body.size() >= length;
  };
  while (!complete()) {
    std::string more = ReadSome(65536);
    if (more.empty()) break;
    body += more;
  }
  return *header + body;
}

bool RawServer::Connection::Write(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t size = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void RawServer::Connection::Reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void RawServer::Connection::WaitForClose() {
  while (!ReadSome(65536).empty()) {
  }
}

void RawServer::Connection::WaitForRelease() {
  std::unique_lock<std::mutex> lock(server_->mutex_);
  server_->changed_.wait(
      lock, [&] { return server_->released_ || server_->stopping_; });
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Require(listener_ >= 0, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  Require(bind(listener_, generic, sizeof address) == 0, "bind");
  Require(listen(listener_, 64) == 0, "listen");
  socklen_t size = sizeof address;
  Require(getsockname(listener_, generic, &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

RawServer::~RawServer() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (int fd : open_) shutdown(fd, SHUT_RDWR);
    changed_.notify_all();
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& script : scripts_) script.join();
  close(listener_);
}

std::string RawServer::Url(absl::string_view path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

void RawServer::WaitForRequests(int count) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return requests_.load() >= count || stopping_; });
}

void RawServer::Release() {
  std::lock_guard<std::mutex> lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

void RawServer::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int number = accepted_++;
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    open_.push_back(fd);
    scripts_.emplace_back([this, fd, number] {
      Connection connection(fd, number, this);
      script_(connection);
      // Under the lock, so that the destructor shuts down no stranger's
      // descriptor of the same number.
      std::lock_guard<std::mutex> closing(mutex_);
      std::erase(open_, fd);
      close(fd);
    });
  }
}

}  // namespace opcon_snow::http
