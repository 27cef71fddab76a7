#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_RECOVERY_WATCHER_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_RECOVERY_WATCHER_H_

// Finds jobs that have become well again while their tickets are open, and
// makes a report of each such run, which the workflow then tells the ticket.
// Only reads upstream. See docs/decisions/recovery.md.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
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

namespace opcon_snow::incident {

struct RecoveryWatcherOptions {
  // See config.v1.RecoveryWatcher.
  absl::Duration interval = absl::Minutes(1);
  // How long after its last change a link is looked at.
  absl::Duration look_back = absl::Hours(24 * 7);
  // A name that no other process has.
  std::string worker = "worker";
  // Up to so many jobs are asked for one by one, which costs OpCon least...
  std::size_t few_jobs = 10;
  // ...and more of them together: at most the gateway's bound for names.
  std::size_t jobs_at_once = 100;
  // Of one round at one OpCon instance; the next one goes on.
  std::size_t most_queries = 10;
};

// All pointers must outlive the watcher.
struct RecoveryWatcherDependencies {
  Store* store = nullptr;
  OpCon* opcon = nullptr;
  // The templates as they are now.
  std::function<std::shared_ptr<const TemplateSet>()> templates;
  Clock* clock = nullptr;
};

class RecoveryWatcher {
 public:
  RecoveryWatcher(RecoveryWatcherOptions options,
                  RecoveryWatcherDependencies dependencies);
  RecoveryWatcher(const RecoveryWatcher&) = delete;
  RecoveryWatcher& operator=(const RecoveryWatcher&) = delete;

  // Begins with a round at once.
  void Start() { loop_.Start(); }
  // Waits for the round under way, whose calls the caller should have
  // cancelled. Idempotent.
  void Stop() { loop_.Stop(); }

  // One round at all OpCon instances that have jobs to look at; none at all
  // while no template has `recovery`. The error is that of the first instance
  // that failed; the others are looked at all the same. For Start, and for
  // tests instead of it.
  absl::Status Look();

 private:
  // By the job, because one may have tickets at several destinations.
  using Waiting =
      std::multimap<std::string, ::incident::v1::TicketLink, std::less<>>;

  bool AnyTemplateRecovers() const;
  // The tickets whose jobs may become well, by OpCon instance.
  absl::StatusOr<std::map<std::string, Waiting>> FindWaiting();
  absl::Status LookAt(const std::string& opcon, const Waiting& waiting,
                      std::vector<Store::NewReport>* found);
  absl::Status Ask(::opcon::v1::ListDailyJobsRequest request,
                   const Waiting& waiting,
                   std::vector<Store::NewReport>* found);
  void Consider(const ::opcon::v1::DailyJob& job,
                const ::incident::v1::TicketLink& link,
                std::vector<Store::NewReport>* found) const;

  const RecoveryWatcherOptions options_;
  const RecoveryWatcherDependencies d_;
  // Only in Look: where the next round goes on, by OpCon instance, if one is
  // not enough; and what has been reported, so that it is not written again.
  std::map<std::string, std::size_t> next_;
  std::set<std::string> reported_;
  RoundLoop loop_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_RECOVERY_WATCHER_H_
