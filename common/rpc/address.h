#ifndef OPCON_SNOW_COMMON_RPC_ADDRESS_H_
#define OPCON_SNOW_COMMON_RPC_ADDRESS_H_

// Addresses and PEM files, as servers and channels both need them. Portable.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::rpc {

// Whether `host` is four numbers of at most 255: "127.0.0.1".
bool IsIpv4Address(absl::string_view host);

// Whether `host` is this machine: 127.0.0.0/8, ::1 (also in brackets) or
// "localhost". Nothing is resolved.
bool IsLoopbackHost(absl::string_view host);

// The same for a gRPC target: "host:port", "dns:///host:port",
// "ipv4:127.0.0.1:1", "ipv6:[::1]:1", "unix:PATH".
bool IsLoopbackTarget(absl::string_view target);

struct HostPort {
  std::string host;  // without brackets
  int port = 0;
};

// Takes "host:port" apart: "localhost:50051", "10.0.0.1:0", "[::1]:443".
// INVALID_ARGUMENT says what is wrong with it.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address);

// "host:port", with brackets around an IPv6 address.
std::string JoinHostPort(absl::string_view host, int port);

// A PEM file of at most 1 MiB. Errors name `purpose` and the path: NOT_FOUND,
// PERMISSION_DENIED, INVALID_ARGUMENT if it is empty, too long, or holds no
// "-----BEGIN ".
absl::StatusOr<std::string> ReadPemFile(const std::string& path,
                                        absl::string_view purpose);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_ADDRESS_H_
