#include "sandbox/http/socket_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kHandshakeTime{10'000};
constexpr milliseconds kTransferTime{30'000};  // without one byte moving
constexpr milliseconds kIdleTime{75'000};
// A new connection gets this long for its first request although others wait.
constexpr milliseconds kFirstRequestTime{250};
constexpr milliseconds kIdleSlice{20};
constexpr std::size_t kMaxRequests = 1'000'000;  // on one connection
constexpr int kBacklog = 512;

thread_local Connection* current_connection = nullptr;

std::string TlsError() {
  char text[256] = "unknown error";
  const unsigned long code = ERR_get_error();
  if (code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return text;
}

void DescribeAddress(int (*get)(int, sockaddr*, socklen_t*), int fd,
                     std::string& ip, int& port) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (get(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    port = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    port = ntohs(v6->sin6_port);
  }
  ip = text;
}

}  // namespace

Connection::Connection(const SocketServer& server, int fd)
    : server_(server), fd_(fd) {
  current_connection = this;
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Connection::~Connection() {
  current_connection = nullptr;
  if (tls_ != nullptr && !aborted_) SSL_shutdown(tls_.get());
  tls_.reset();
  ::shutdown(fd_, SHUT_RDWR);
  ::close(fd_);
}

Connection* Connection::Current() { return current_connection; }

bool Connection::Handshake() {
  if (!server_.tls()) return true;
  tls_.reset(SSL_new(server_.context_.get()));
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), fd_) != 1) return false;
  const auto deadline = Clock::now() + kHandshakeTime;
  while (Clock::now() < deadline) {
    const int result = SSL_accept(tls_.get());
    if (result == 1) return true;
    if (!AwaitTls(result)) break;
  }
  ERR_clear_error();
  aborted_ = true;
  return false;
}

bool Connection::WaitForRequest() {
  if (aborted_ || close_after_answer_) return false;
  const auto start = Clock::now();
  const auto patience = served_one_ ? milliseconds(0) : kFirstRequestTime;
  served_one_ = true;
  while (true) {
    if (begin_ != end_) return true;
    if (tls_ != nullptr && SSL_pending(tls_.get()) > 0) return true;
    if (server_.stop_) return false;
    if (Poll(POLLIN, kIdleSlice)) return true;
    const auto idle = Clock::now() - start;
    if (idle > kIdleTime) return false;
    if (server_.waiting_ > 0 && idle > patience) return false;
  }
}

void Connection::Abort() {
  aborted_ = true;
  ::shutdown(fd_, SHUT_RDWR);
}

bool Connection::Poll(short events, milliseconds timeout) const {
  pollfd fds[2] = {{fd_, events, 0}, {server_.stop_event_, POLLIN, 0}};
  const int ready = ::poll(fds, 2, static_cast<int>(timeout.count()));
  if (ready <= 0) return false;
  return (fds[1].revents == 0 || server_.stop_event_ < 0) &&
         fds[0].revents != 0;
}

bool Connection::is_readable() const {
  return begin_ != end_ || (tls_ != nullptr && SSL_pending(tls_.get()) > 0) ||
         Poll(POLLIN, kTransferTime);
}

bool Connection::is_writable() const {
  return !aborted_ && Poll(POLLOUT, kTransferTime);
}

bool Connection::AwaitTls(int result) const {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Poll(POLLIN, kTransferTime);
    case SSL_ERROR_WANT_WRITE:
      return Poll(POLLOUT, kTransferTime);
    default:
      ERR_clear_error();
      return false;
  }
}

ssize_t Connection::ReadSome(char* data, std::size_t size) {
  while (!aborted_) {
    if (tls_ != nullptr) {
      const int count = SSL_read(tls_.get(), data, static_cast<int>(size));
      if (count > 0) return count;
      if (!AwaitTls(count)) return 0;
      continue;
    }
    const ssize_t count = ::recv(fd_, data, size, 0);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !Poll(POLLIN, kTransferTime)) return -1;
  }
  return -1;
}

ssize_t Connection::WriteSome(const char* data, std::size_t size) {
  while (!aborted_) {
    if (tls_ != nullptr) {
      const int count = SSL_write(tls_.get(), data, static_cast<int>(size));
      if (count > 0) return count;
      if (!AwaitTls(count)) return -1;
      continue;
    }
    const ssize_t count = ::send(fd_, data, size, MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !Poll(POLLOUT, kTransferTime)) return -1;
  }
  return -1;
}

ssize_t Connection::read(char* data, std::size_t size) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    // A large read goes past the buffer, one copy less.
    if (size >= buffer_.size()) return ReadSome(data, size);
    const ssize_t count = ReadSome(buffer_.data(), buffer_.size());
    if (count <= 0) return count;
    end_ = static_cast<std::size_t>(count);
  }
  const std::size_t count = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* data, std::size_t size) {
  std::size_t written = 0;
  while (written < size) {
    const std::size_t chunk = std::min(size - written, std::size_t{1} << 20);
    const ssize_t count = WriteSome(data + written, chunk);
    if (count <= 0) return -1;
    written += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(written);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  DescribeAddress(&::getpeername, fd_, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  DescribeAddress(&::getsockname, fd_, ip, port);
}

// Counts the connections that wait for a thread.
class SocketServer::Pool : public httplib::TaskQueue {
 public:
  Pool(SocketServer& server, std::size_t threads)
      : server_(server), pool_(threads) {}

  void enqueue(std::function<void()> fn) override {
    ++server_.waiting_;
    pool_.enqueue([this, fn = std::move(fn)] {
      --server_.waiting_;
      fn();
    });
  }

  void shutdown() override { pool_.shutdown(); }

 private:
  SocketServer& server_;
  httplib::ThreadPool pool_;
};

absl::StatusOr<std::unique_ptr<SocketServer>> SocketServer::Create(
    const std::string& certificate_file, const std::string& key_file,
    std::size_t threads) {
  std::unique_ptr<SocketServer> server(new SocketServer());
  server->stop_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (server->stop_event_ < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot make an event descriptor: ", strerror(errno)));
  }
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL.
  SocketServer* raw = server.get();
  server->new_task_queue = [raw, threads] { return new Pool(*raw, threads); };
  // httplib would also set SO_REUSEPORT: then a second process on the same
  // port takes part of the calls in silence.
  server->set_socket_options([](socket_t fd) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  // Only for the header that tells them to the client.
  server->set_keep_alive_max_count(kMaxRequests);
  server->set_keep_alive_timeout(kIdleTime.count() / 1000);
  if (certificate_file.empty() && key_file.empty()) return server;
  if (certificate_file.empty() || key_file.empty()) {
    return absl::InvalidArgumentError(
        "TLS needs a certificate and a key; only one of them is given");
  }
  server->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = server->context_.get();
  if (context == nullptr) return absl::InternalError(TlsError());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) !=
      1) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the certificate chain ", certificate_file,
                     ": ", TlsError()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(),
                                  SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot use the key ", key_file, " for the certificate ",
                     certificate_file, ": ", TlsError()));
  }
  return server;
}

SocketServer::~SocketServer() {
  if (stop_event_ >= 0) ::close(stop_event_);
}

absl::StatusOr<int> SocketServer::Bind(const std::string& host, int port) {
  int bound = port;
  if (port == 0) {
    bound = bind_to_any_port(host);
  } else if (!bind_to_port(host, port)) {
    bound = -1;
  }
  if (bound <= 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", host, ":",
                                               port, ": ", strerror(errno),
                                               "; is the port in use?"));
  }
  // httplib's own backlog is 5: a burst of connections would be slowed down.
  ::listen(svr_sock_, kBacklog);
  return bound;
}

void SocketServer::Shutdown() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  eventfd_write(stop_event_, 1);
  stop();
}

bool SocketServer::Sleep(milliseconds time) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return !stopped_.wait_for(lock, time, [this] { return stop_.load(); });
}

bool SocketServer::process_and_close_socket(socket_t fd) {
  Connection connection(*this, fd);
  if (!connection.Handshake()) return false;
  bool answered = false;
  while (connection.WaitForRequest()) {
    bool closed = false;
    answered = process_request(connection, /*close_connection=*/false, closed,
                               nullptr);
    if (!answered || closed) break;
  }
  return answered;
}

}  // namespace opcon_snow::sandbox
