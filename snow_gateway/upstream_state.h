#ifndef OPCON_SNOW_SNOW_GATEWAY_UPSTREAM_STATE_H_
#define OPCON_SNOW_SNOW_GATEWAY_UPSTREAM_STATE_H_

// What the traffic with an instance has shown of it: its health, what it said
// about rate limits, and until when this gateway leaves it alone. Confined to
// the loop's thread.

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/http/headers.h"
#include "servicenow/v1/instance.pb.h"
#include "snow_gateway/error_mapping.h"

namespace opcon_snow::snow {

class UpstreamState {
 public:
  // Learns from one answer. `headers` are the answer's, null if none came.
  // `now` is the time of day, `monotonic` the loop's.
  void Observe(const Verdict& verdict, const http::Headers* headers,
               absl::Time now, absl::Duration monotonic);

  // How much longer calls are held back; nothing if they are not.
  std::optional<absl::Duration> Blocked(absl::Duration monotonic) const;

  const ::servicenow::v1::InstanceHealth& health() const { return health_; }
  // `blocked_until_time` only while it lies ahead.
  ::servicenow::v1::RateLimitState RateLimit(absl::Time now,
                                             absl::Duration monotonic) const;

 private:
  void ObserveRateLimit(const http::Headers& headers);

  ::servicenow::v1::InstanceHealth health_;
  ::servicenow::v1::RateLimitState rate_limit_;
  absl::Duration blocked_until_ = -absl::InfiniteDuration();
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_UPSTREAM_STATE_H_
