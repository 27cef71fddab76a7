#ifndef OPCON_SNOW_COMMON_HTTP_UPSTREAM_METRICS_H_
#define OPCON_SNOW_COMMON_HTTP_UPSTREAM_METRICS_H_

// File: upstream_metrics.h
//
// What a gateway counts of one instance of its upstream: its limiter and its
// requests. All are labelled `upstream` ("opcon", "servicenow") and
// `upstream_instance`, which is a name of the configuration.

#include <memory>
#include <string>

#include "common/http/transport.h"
#include "common/metrics/metrics.h"

namespace opcon_snow::http {

// Of a Limiter; see LimiterOptions::metrics. Gauges are changed by differences:
// after a reload two limiters of one instance exist for a while, and count
// together.
struct LimiterMetrics {
  metrics::Gauge in_use;
  metrics::Gauge limit;
  metrics::Gauge queued;
  // The queue was full, or somebody more urgent took the place.
  metrics::Counter refused_queue_full;
  // The requests of the hour were used up.
  metrics::Counter refused_hour;
  // The deadline passed before it was the call's turn.
  metrics::Counter refused_timeout;
};

// Lives as long as the process; the same for the same labels.
const LimiterMetrics* LimiterMetricsOf(const std::string& upstream,
                                       const std::string& instance);

// Counts and times what goes through `inner`: each request at each address.
std::shared_ptr<Transport> MeasuredTransport(const std::string& upstream,
                                             const std::string& instance,
                                             std::shared_ptr<Transport> inner);

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_UPSTREAM_METRICS_H_
