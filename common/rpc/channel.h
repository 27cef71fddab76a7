#ifndef OPCON_SNOW_COMMON_RPC_CHANNEL_H_
#define OPCON_SNOW_COMMON_RPC_CHANNEL_H_

// Client channels. Portable.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/bearer_token.h"
#include "grpcpp/channel.h"

namespace opcon_snow::rpc {

// Files in PEM form.
struct ChannelTls {
  // Certificates that may sign the server's; empty: those of the system.
  std::string ca_file{};
  // For mutual TLS: both or neither.
  std::string certificate_file{};
  std::string private_key_file{};
  // The name expected in the server's certificate, if it is not the host that
  // is dialled; empty: the host. The certificate is always verified.
  std::string server_name{};
};

struct ChannelOptions {
  // "host:port", "ipv4:…", "ipv6:[::1]:1", "dns:///host:port", "unix:PATH".
  std::string target{};
  bool use_tls = false;
  ChannelTls tls{};
  // Sent with every call, as `authorization: Bearer …`, whatever the token is
  // then; null for none.
  std::shared_ptr<const auth::BearerToken> token{};
  // Looks at the TLS files every now and then, on a thread of gRPC's, and takes
  // what has changed for the next connection: for processes that live long.
  bool watch_tls_files = false;
  // Without TLS only loopback and unix targets are dialled, unless this is
  // set, which says that something else protects the way.
  bool allow_plaintext = false;
  // Pings on a connection that is in use, so that a dead peer is noticed. The
  // servers here allow one every 30 s.
  absl::Duration keepalive_time = absl::Minutes(5);
  absl::Duration keepalive_timeout = absl::Seconds(20);
  // Longest time between two attempts to connect.
  absl::Duration max_reconnect_backoff = absl::Seconds(10);
  std::size_t max_receive_bytes = std::size_t{16} << 20;
  std::size_t max_send_bytes = std::size_t{16} << 20;
  // Put in front of gRPC's own user agent.
  std::string user_agent{};
};

// Creates the channel; it connects on its first call. No compression and no
// retries inside gRPC: one layer retries, and it is not this one. Errors:
// INVALID_ARGUMENT for options that contradict each other and for plaintext to
// a host that is not loopback; NOT_FOUND or PERMISSION_DENIED with the path for
// files that cannot be read.
absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const ChannelOptions& options);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_CHANNEL_H_
