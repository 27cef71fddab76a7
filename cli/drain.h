#ifndef OPCON_SNOW_CLI_DRAIN_H_
#define OPCON_SNOW_CLI_DRAIN_H_

// Delivers what waits in the spool.

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/spool.h"
#include "common/clock/clock.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {

// Makes one attempt, with a deadline of its own. `traceparent` is what was kept
// with the report.
using SendReport =
    std::function<absl::StatusOr<::incident::v1::ReportJobEventResponse>(
        const ::incident::v1::ReportJobEventRequest& request,
        const std::string& traceparent)>;

struct DrainLimits {
  // How many entries are sent or set aside.
  std::size_t max_entries = 50;
  // No attempt begins after this.
  SteadyTime until = SteadyTime::max();
};

struct DrainResult {
  std::size_t delivered = 0;
  // Moved to the refused ones.
  std::size_t refused = 0;
  // Still waiting when it ended.
  std::size_t left = 0;
  // Of these, seen to be of a format that only a newer version reads.
  std::size_t newer = 0;
  // Another process is delivering; nothing was done.
  bool busy = false;
  // Why entries were left, other than for the limits: the last error of the
  // service, and the first one of the disk.
  absl::Status service;
  absl::Status disk;
};

// One process drains at a time. Entries are tried once each, oldest first, and
// marked as spooled. It stops at an error that the next entry would get as
// well.
DrainResult Drain(Spool& spool, const SendReport& send,
                  const DrainLimits& limits, const Clock& clock);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_DRAIN_H_
