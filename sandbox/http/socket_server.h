#ifndef OPCON_SNOW_SANDBOX_HTTP_SOCKET_SERVER_H_
#define OPCON_SNOW_SANDBOX_HTTP_SOCKET_SERVER_H_

// cpp-httplib's server with connections of our own, because its stock ones
// cannot be cut off in the middle, notice a stop only after their keep-alive
// time, and let idle clients starve the others of threads.

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "httplib.h"

namespace opcon_snow::sandbox {

class SocketServer;

// One accepted connection; used only by the thread that serves it.
class Connection : public httplib::Stream {
 public:
  Connection(const SocketServer& server, int fd);
  ~Connection() override;

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The one that the calling thread serves. Never null inside a handler.
  static Connection* Current();

  // TLS if the server has it. False: give the connection up.
  bool Handshake();

  // Waits for the first byte of the next request. False: the peer has gone,
  // the server stops, it has been idle for too long, or others need the thread.
  bool WaitForRequest();

  // Sends nothing more and closes at once, in the middle of an answer or
  // before it.
  void Abort();

  // Closes after the answer under way.
  void CloseAfterAnswer() { close_after_answer_ = true; }

  bool aborted() const { return aborted_; }

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return fd_; }

 private:
  // False on a timeout, an error or a stop of the server.
  bool Poll(short events, std::chrono::milliseconds timeout) const;
  ssize_t ReadSome(char* data, std::size_t size);
  ssize_t WriteSome(const char* data, std::size_t size);
  // Waits as OpenSSL asks after `result`; false: give up.
  bool AwaitTls(int result) const;

  const SocketServer& server_;
  const int fd_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, &SSL_free};
  bool aborted_ = false;
  bool close_after_answer_ = false;
  bool served_one_ = false;

  // httplib reads header lines byte by byte.
  std::array<char, 16384> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class SocketServer : public httplib::Server {
 public:
  // Certificate and key both empty: no TLS.
  static absl::StatusOr<std::unique_ptr<SocketServer>> Create(
      const std::string& certificate_file, const std::string& key_file,
      std::size_t threads);

  ~SocketServer() override;

  // Returns the port. Connections queue up from now on.
  absl::StatusOr<int> Bind(const std::string& host, int port);

  // Wakes and ends every connection; the thread in listen_after_bind() returns
  // once they are gone.
  void Shutdown();

  // False if the server was stopped before the time had passed.
  bool Sleep(std::chrono::milliseconds time) const;

  bool tls() const { return context_ != nullptr; }

 private:
  friend class Connection;
  class Pool;

  SocketServer() = default;

  bool process_and_close_socket(socket_t fd) override;

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr,
                                                             &SSL_CTX_free};
  // Connections accepted that no thread serves yet.
  std::atomic<int> waiting_{0};

  mutable std::mutex mutex_;
  mutable std::condition_variable stopped_;
  std::atomic<bool> stop_{false};
  int stop_event_ = -1;  // readable once stopped
};

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_SOCKET_SERVER_H_
