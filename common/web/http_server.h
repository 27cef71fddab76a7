#ifndef OPCON_SNOW_COMMON_WEB_HTTP_SERVER_H_
#define OPCON_SNOW_COMMON_WEB_HTTP_SERVER_H_

// An HTTP/1.1 server, in plaintext or over TLS, with a bound on everything: one
// thread, one request of a connection at a time, keep-alive and pipelining.
//
// A connection costs a descriptor, its buffers and no thread, so that slow
// clients hold nothing but their own place. When all places are taken, the
// connection that has kept the server waiting longest, and for a second at
// least, makes room; until there is one, new ones wait in the system's queue.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/tls_files.h"
#include "common/web/message.h"
#include "common/web/request_reader.h"

namespace opcon_snow::web {

struct ServerOptions {
  // What its metrics call it, as the port file does.
  std::string name = "http";
  // Of errors.
  std::string domain = "http";
  std::string host = "127.0.0.1";  // an address, or "localhost" for 127.0.0.1
  int port = 0;                    // 0 takes a free one
  // Null: plaintext, which only a loopback address may have.
  std::shared_ptr<rpc::TlsFiles> tls{};
  ReaderLimits limits{};
  int max_connections = 100;
  // From the first byte of a request to the last. The TLS handshake has as
  // long once more.
  absl::Duration request_timeout = absl::Seconds(10);
  // Between two requests, and before the first.
  absl::Duration idle_timeout = absl::Minutes(1);
  // For the handler, and then once more for the client to take the answer.
  absl::Duration answer_timeout = absl::Seconds(30);
  // All answers that wait for their clients together; small ones apart.
  std::size_t max_answers_bytes = std::size_t{64} << 20;
  // For requests under way when the server stops.
  absl::Duration drain_timeout = absl::Seconds(10);
  // For the handler after that.
  absl::Duration cancel_timeout = absl::Seconds(5);
};

class HttpServer {
 public:
  // Nothing listens yet. The handler must outlive the server. INVALID_ARGUMENT
  // for a host that is no loopback address without TLS, and for TLS files that
  // OpenSSL does not take.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Create(
      ServerOptions options, Handler* handler);

  // Stops, if nobody did.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and accepts. Once. UNAVAILABLE if the address cannot be bound.
  absl::Status Start();

  // Accepts nothing more, lets requests under way end, closes. A second call
  // gets the first one's answer. DEADLINE_EXCEEDED: the handler has not
  // answered everything; what it uses must then not be destroyed.
  absl::Status Stop();

  // The port really bound; 0 before Start.
  int port() const;

 private:
  struct Core;
  explicit HttpServer(std::shared_ptr<Core> core);
  absl::Status StopOnce();

  // Shared with answers that are still to come.
  const std::shared_ptr<Core> core_;
  bool stopped_ = false;
  absl::Status stop_result_;
};

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_HTTP_SERVER_H_
