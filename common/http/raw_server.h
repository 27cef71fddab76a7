#ifndef OPCON_SNOW_COMMON_HTTP_RAW_SERVER_H_
#define OPCON_SNOW_COMMON_HTTP_RAW_SERVER_H_

// File: raw_server.h
//
// A TCP server for tests that misbehave on purpose: the test says byte by byte
// what each connection does.
//
//   RawServer server([](RawServer::Connection& c) {
//     c.ReadRequest();
//     c.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
//   });                                    // then the connection is closed
//
// The script runs on a thread of its own for each connection.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::http {

class RawServer {
 public:
  class Connection {
   public:
    // `number` counts the connections from 0.
    Connection(int fd, int number, RawServer* server)
        : fd_(fd), number_(number), server_(server) {}

    int number() const { return number_; }

    // Header and body (by Content-Length or chunks, as on the wire) of the next
    // request; nothing if the peer has closed.
    std::optional<std::string> ReadRequest();
    // The header alone, for bodies to be read slowly or not at all.
    std::optional<std::string> ReadHeader();
    // At most `max` further bytes; empty if the peer has closed.
    std::string ReadSome(std::size_t max);
    // False if the peer is gone.
    bool Write(absl::string_view data);
    // Ends the connection with RST instead of FIN.
    void Reset();
    // Blocks until the client closes; for answers that never come.
    void WaitForClose();
    // Blocks until the test calls RawServer::Release (or stops the server).
    void WaitForRelease();

   private:
    const int fd_;
    const int number_;
    RawServer* const server_;
    std::string buffer_;
  };
  using Script = std::function<void(Connection&)>;

  // Listens on 127.0.0.1, on a free port. Fatal if it cannot.
  explicit RawServer(Script script);
  // Closes everything and waits for the scripts.
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  // "http://127.0.0.1:port" + path.
  std::string Url(absl::string_view path) const;

  int accepted() const { return accepted_.load(); }
  // Requests (or headers) read so far by all scripts.
  int requests() const { return requests_.load(); }
  // Blocks until that many requests were read.
  void WaitForRequests(int count);
  void Release();

 private:
  void Accept();

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool released_ = false;
  bool stopping_ = false;
  std::vector<int> open_;
  std::vector<std::thread> scripts_;
  std::thread acceptor_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_RAW_SERVER_H_
