#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SYNC_DESK_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SYNC_DESK_H_

// SyncTicket: looks at a job's ticket now, and has what there is to do done by
// a report, as the ticket watcher does. The desk begins and looks after it; the
// waiting is the caller's.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/service/queries.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {

// All pointers must outlive the desk.
struct SyncDeskOptions {
  Store* store = nullptr;
  const Queries* queries = nullptr;
  // Steps::PreviewFollow.
  std::function<absl::StatusOr<FollowPreview>(
      const ::incident::v1::TicketLink& link)>
      preview;
  // A name that no other process has.
  std::string worker;
  Clock* clock = nullptr;
};

// Thread-safe. Its methods wait for the disk, Begin for the gateways too.
class SyncDesk {
 public:
  explicit SyncDesk(SyncDeskOptions options);

  // The whole answer, or, if it has a report_id, one with PENDING: a report has
  // been made, on behalf of `actor`.
  absl::StatusOr<::incident::v1::SyncTicketResponse> Begin(
      const ::incident::v1::SyncTicketRequest& request,
      const std::string& actor);

  // Looks how far the report of such an answer is, and fills the answer in;
  // true once there is nothing to wait for. An error if the report needs a
  // person.
  absl::StatusOr<bool> Look(::incident::v1::SyncTicketResponse* answer) const;

 private:
  // Writes what was found, with a report if there is something to do; false if
  // the link has changed meanwhile.
  absl::StatusOr<bool> Record(const FollowPreview& preview,
                              const std::string& actor,
                              ::incident::v1::SyncTicketResponse* answer);
  std::string NewRequestId();

  const SyncDeskOptions options_;
  std::atomic<std::uint64_t> last_request_{0};
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SYNC_DESK_H_
