#include "common/rpc/server_config.h"

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/config/validate.h"
#include "common/rpc/address.h"
#include "common/rpc/server.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::rpc {
namespace {

using config::CheckRange;
using config::CheckRequired;
using config::FieldPath;

constexpr std::int64_t kDefaultRequestBytes = std::int64_t{1} << 20;
constexpr std::int64_t kMaxRequestBytes = std::int64_t{16} << 20;
constexpr int kDefaultCalls = 200;
constexpr int kMaxCalls = 10'000;
constexpr absl::Duration kDefaultDrain = absl::Seconds(10);

}  // namespace

void ValidateListener(const ::config::v1::Listener& listener,
                      absl::string_view field, config::Faults* faults) {
  const std::string address = FieldPath(field, "address");
  CheckRequired(address, listener.address(), faults);
  if (!listener.address().empty()) {
    const absl::StatusOr<HostPort> parsed = ParseHostPort(listener.address());
    if (!parsed.ok()) {
      faults->Add(address, parsed.status().message());
    } else if (!listener.has_tls() && !IsLoopbackHost(parsed->host)) {
      faults->Add(address,
                  "other machines can reach this address, so it needs tls; or "
                  "listen on 127.0.0.1");
    }
  }
  if (listener.has_tls()) {
    const std::string tls = FieldPath(field, "tls");
    CheckRequired(FieldPath(tls, "certificate_file"),
                  listener.tls().certificate_file(), faults);
    CheckRequired(FieldPath(tls, "key_file"), listener.tls().key_file(),
                  faults);
  }
  CheckRange(FieldPath(field, "max_request_bytes"),
             listener.max_request_bytes(), 1, kMaxRequestBytes, faults);
  CheckRange(FieldPath(field, "max_concurrent_calls"),
             listener.max_concurrent_calls(), 1, kMaxCalls, faults);
  if (listener.has_drain_timeout()) {
    CheckRange(FieldPath(field, "drain_timeout"), listener.drain_timeout(),
               absl::ZeroDuration(), absl::Minutes(5), faults);
  }
}

ServerOptions ServerOptionsFrom(const ::config::v1::Listener& listener) {
  ServerOptions options;
  const absl::StatusOr<HostPort> address = ParseHostPort(listener.address());
  if (address.ok()) {
    options.host = address->host;
    options.port = address->port;
  }
  if (listener.has_tls()) {
    options.use_tls = true;
    options.tls.certificate_file = listener.tls().certificate_file();
    options.tls.private_key_file = listener.tls().key_file();
    options.tls.client_ca_file = listener.tls().client_ca_file();
  }
  const std::int64_t request_bytes = listener.max_request_bytes();
  options.max_receive_bytes = static_cast<std::size_t>(
      request_bytes > 0 ? request_bytes : kDefaultRequestBytes);
  options.shutdown_timeout = listener.has_drain_timeout()
                                 ? config::ToDuration(listener.drain_timeout())
                                 : kDefaultDrain;
  return options;
}

int MaxConcurrentCalls(const ::config::v1::Listener& listener) {
  return listener.max_concurrent_calls() > 0 ? listener.max_concurrent_calls()
                                             : kDefaultCalls;
}

}  // namespace opcon_snow::rpc
