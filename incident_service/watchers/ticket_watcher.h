#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_TICKET_WATCHER_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_TICKET_WATCHER_H_

// Finds tickets that people have moved, and makes a report of each move, which
// the workflow then acts on. Only reads upstream. See
// docs/decisions/ticket-watcher.md.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/upstreams/upstreams.h"
#include "incident_service/watchers/round_loop.h"
#include "incident_service/workflow/instance_directory.h"

namespace opcon_snow::incident {

struct TicketWatcherOptions {
  // See config.v1.TicketWatcher.
  absl::Duration interval = absl::Seconds(30);
  absl::Duration overlap = absl::Minutes(1);
  absl::Duration verify_after = absl::Minutes(20);
  absl::Duration sweep_interval = absl::Hours(24);
  // A name that no other process has.
  std::string worker = "worker";
  // Of one query, and of one round, which goes on in the next.
  int page_size = 1000;
  int most_pages = 10;
};

// All pointers must outlive the watcher.
struct TicketWatcherDependencies {
  Store* store = nullptr;
  OpCon* opcon = nullptr;
  ServiceNow* servicenow = nullptr;
  // The templates as they are now.
  std::function<std::shared_ptr<const TemplateSet>()> templates;
  Clock* clock = nullptr;
};

class TicketWatcher {
 public:
  TicketWatcher(TicketWatcherOptions options,
                TicketWatcherDependencies dependencies);
  TicketWatcher(const TicketWatcher&) = delete;
  TicketWatcher& operator=(const TicketWatcher&) = delete;

  // Begins with a round at once.
  void Start() { loop_.Start(); }
  // Waits for the round under way, whose calls the caller should have
  // cancelled. Idempotent.
  void Stop() { loop_.Stop(); }

  // One round at each instance that a template says to watch. The error is that
  // of the first instance that failed; the others are looked at all the same.
  // For Start, and for tests instead of it.
  absl::Status Look();

 private:
  // A round at one instance.
  struct Round;

  absl::StatusOr<std::vector<std::string>> WatchedInstances();
  absl::Status LookAt(const std::string& instance);
  absl::Status LookAtChanges(Round* round);
  // At every open ticket.
  absl::Status Sweep(Round* round);
  absl::Status SweepSome(const std::vector<::incident::v1::TicketLink>& links,
                         Round* round);
  // Adds to the round's commit what is new about the incident.
  absl::Status Consider(const ::servicenow::v1::Incident& incident,
                        Round* round);
  std::optional<Store::NewReport> ReportOf(
      const ::incident::v1::TicketLink& link,
      const ::servicenow::v1::Incident& incident, const Round& round) const;
  absl::Status Commit(Round* round);

  const TicketWatcherOptions options_;
  const TicketWatcherDependencies d_;
  InstanceDirectory directory_;
  // The last: it ends before the rest.
  RoundLoop loop_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_TICKET_WATCHER_H_
