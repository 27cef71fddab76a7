#ifndef OPCON_SNOW_COMMON_HTTP_UPSTREAM_CONFIG_H_
#define OPCON_SNOW_COMMON_HTTP_UPSTREAM_CONFIG_H_

// From the configuration of an upstream to the options of its transport and its
// limiter; both gateways have upstreams.

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/http/curl_transport.h"
#include "common/http/limiter.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::http {

// Each adds the faults of its message; `field` is its path, such as
// "instances[0].limits".
void ValidateUpstreamLimits(const ::config::v1::UpstreamLimits& limits,
                            absl::string_view field, config::Faults* faults);
void ValidateClientTls(const ::config::v1::ClientTls& tls,
                       absl::string_view field, config::Faults* faults);
void ValidateProxy(const ::config::v1::Proxy& proxy, absl::string_view field,
                   config::Faults* faults);

// The bounds with their defaults filled in.
struct UpstreamBounds {
  absl::Duration call_timeout;
  absl::Duration connect_timeout;
  LimiterOptions limiter;
  std::size_t max_response_bytes = 0;
};

// For limits without fault.
UpstreamBounds UpstreamBoundsFrom(const ::config::v1::UpstreamLimits& limits,
                                  absl::Duration default_call_timeout);

// For messages without fault; `tls` and `proxy` may be empty messages. Reads
// the proxy's password file; its errors name the file.
absl::StatusOr<CurlTransportOptions> TransportOptionsFrom(
    const ::config::v1::ClientTls& tls, const ::config::v1::Proxy& proxy,
    const UpstreamBounds& bounds, bool allow_http);

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_UPSTREAM_CONFIG_H_
