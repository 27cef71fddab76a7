#ifndef OPCON_SNOW_TESTS_BENCH_REPORT_LOAD_H_
#define OPCON_SNOW_TESTS_BENCH_REPORT_LOAD_H_

// Reports failures to an incident service from outside its process, many at
// once, and notes when each was acknowledged. The calls are gRPC's over HTTP/2
// by nghttp2: a client of gRPC would take as much of the machine as the service
// that is measured.

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::bench {

struct LoadOptions {
  // host:port, with an IPv4 address.
  std::string server;
  int connections = 8;
  // Calls under way at once, over all connections.
  int in_flight = 160;
  // Reports a second, evenly; 0: as fast as they are acknowledged.
  double rate = 0;
};

struct LoadResult {
  // From the first call to the last acknowledgement.
  absl::Duration took;
  // Time of day of each acknowledgement, by request_id.
  std::map<std::string, absl::Time> acknowledged;
};

// An error if one report is not acknowledged.
absl::StatusOr<LoadResult> SendReports(
    const LoadOptions& options,
    const std::vector<::incident::v1::ReportJobEventRequest>& reports);

}  // namespace opcon_snow::bench

#endif  // OPCON_SNOW_TESTS_BENCH_REPORT_LOAD_H_
