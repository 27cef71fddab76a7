#ifndef OPCON_SNOW_COMMON_METRICS_LISTENER_METRICS_H_
#define OPCON_SNOW_COMMON_METRICS_LISTENER_METRICS_H_

// What listeners count of their connections.

#include <string>

#include "common/metrics/metrics.h"

namespace opcon_snow::metrics {

struct ListenerMetrics {
  // "grpc", "http", "metrics": the names of the port file.
  explicit ListenerMetrics(const std::string& listener)
      : open(GetGauge("opcon_snow_connections_open",
                      "Connections that are open, by listener.",
                      {{"listener", listener}})),
        accepted(GetCounter("opcon_snow_connections_accepted_total",
                            "Connections that were accepted, by listener.",
                            {{"listener", listener}})),
        refused(GetCounter(
            "opcon_snow_connections_refused_total",
            "Connections that were closed because there were too many.",
            {{"listener", listener}})) {}

  Gauge open;
  Counter accepted;
  Counter refused;
};

}  // namespace opcon_snow::metrics

#endif  // OPCON_SNOW_COMMON_METRICS_LISTENER_METRICS_H_
