#ifndef OPCON_SNOW_COMMON_RPC_SERVER_H_
#define OPCON_SNOW_COMMON_RPC_SERVER_H_

// A gRPC server with the bounds and the life cycle that every server here has.
//
//   Create ──► Start ──► (serving) ──► Stop: drain ──► stopped
//
// Stop, in order: health becomes NOT_SERVING for every service; for
// `drain_delay` calls are still accepted, so that clients that watch health go
// elsewhere; then no new call is accepted, calls are told by their
// drain_token(), and have `shutdown_timeout` to end; then they are cancelled
// (their coroutines see IsCancelled()) and have `cancel_timeout`. Streams of
// gRPC's own services (health watches, reflection) do not hold it up as long as
// every service names its bridge. Stop is idempotent and returns in bounded
// time.
//
// Health is served for "" and for every service's full name, and server
// reflection for all of them; both to everybody who gets through TLS, because
// they hold nothing but the state of the server and the contract. GZIP and
// DEFLATE are disabled: gRPC 1.51 inflates a message before it checks its size.
// What gRPC itself has to say goes to our log.
//
// Connections are accepted here and handed to gRPC, whose own listener never
// accepts again once the process has run out of descriptors; see acceptor.h.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/rpc/tls_files.h"
#include "grpcpp/impl/service_type.h"

namespace opcon_snow::rpc {

struct ServerOptions {
  // "127.0.0.1", "::1", "localhost", "0.0.0.0", … The port 0 is any free one.
  std::string host = "127.0.0.1";
  int port = 0;
  bool use_tls = false;
  ServerTls tls{};
  // Who may call what; see Bridge::Guard. Without one everybody may call
  // everything, which only a loopback address may have.
  std::shared_ptr<auth::Authorizer> authorizer{};

  // Messages above these are refused with RESOURCE_EXHAUSTED.
  std::size_t max_receive_bytes = std::size_t{4} << 20;
  std::size_t max_send_bytes = std::size_t{16} << 20;
  std::size_t max_metadata_bytes = std::size_t{16} << 10;
  // Memory and threads that gRPC may use for this server.
  std::size_t max_memory_bytes = std::size_t{256} << 20;
  int max_threads = 16;
  int max_streams_per_connection = 100;
  // Connections at once, all together and from one address that is not this
  // machine's. More are closed as they come.
  int max_connections = 1000;
  int max_connections_per_peer = 250;

  absl::Duration handshake_timeout = absl::Seconds(3);
  // Pings to clients, so that a vanished one is noticed …
  absl::Duration keepalive_time = absl::Minutes(2);
  absl::Duration keepalive_timeout = absl::Seconds(20);
  // … and the shortest interval of theirs that is not an offence.
  absl::Duration min_client_ping_interval = absl::Seconds(30);
  absl::Duration max_connection_idle = absl::Minutes(30);
  absl::Duration max_connection_age = absl::Hours(2);
  absl::Duration max_connection_age_grace = absl::Minutes(5);

  absl::Duration drain_delay = absl::ZeroDuration();
  absl::Duration shutdown_timeout = absl::Seconds(20);
  absl::Duration cancel_timeout = absl::Seconds(5);
};

class Bridge;

struct ServedService {
  // ::opcon::v1::OpConGateway::service_full_name()
  std::string full_name{};
  // Both must outlive the server.
  grpc::Service* service = nullptr;
  // The bridge that its calls go through, if it has one.
  Bridge* bridge = nullptr;
};

class Server {
 public:
  // Checks the options and reads the TLS files; nothing listens yet. Errors:
  // INVALID_ARGUMENT for options out of range, for an address that is not
  // loopback without TLS or authorizer, and for a service without bridge with
  // one; INTERNAL for a method that the table of permissions lacks; what
  // TlsFiles::Load says.
  static absl::StatusOr<std::unique_ptr<Server>> Create(
      ServerOptions options, std::vector<ServedService> services);

  // Stops, if nobody did.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and accepts calls. Once. UNAVAILABLE if the address cannot be bound.
  absl::Status Start();

  // See above. From any thread but a gRPC handler or a signal handler; a
  // second caller waits for the first and gets the same answer.
  // OK: no handler of this server runs any more. DEADLINE_EXCEEDED: one did
  // not end although it was cancelled; then the process must not destroy what
  // handlers use, but exit.
  absl::Status Stop();

  // The port really bound; 0 before Start.
  int port() const;
  // "host:port" to dial.
  std::string address() const;

  // Reads the TLS files again, if there are any; they are also looked at
  // whenever a client connects. What it gives takes them over, for the next
  // connection.
  absl::StatusOr<std::function<void()>> PrepareTls() const;

  // Health of one service by its full name, or of "" (the server). Takes
  // effect between Start and Stop. Initially everything is serving.
  void SetServing(absl::string_view service, bool serving);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_SERVER_H_
