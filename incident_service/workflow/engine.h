#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_H_

// Takes steps from the store as they fall due and has them done by a bounded
// number of workers, detached from the calls that reported them.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/engine_attempt.h"
#include "incident_service/workflow/retry_policy.h"
#include "incident_service/workflow/step_runner.h"

namespace opcon_snow::incident {

struct EngineOptions {
  int workers = 16;
  RetryPolicy retry;
  // How long a claim lasts when its process is gone; renewed three times in
  // that time.
  absl::Duration lease = absl::Minutes(1);
  // A name that no other process has; empty to make one up.
  std::string worker{};
};

// A name that no other process has: host, process, and a random number.
std::string MakeWorkerName();

class Engine {
 public:
  // All pointers must outlive the engine.
  Engine(EngineOptions options, Store* store, StepRunner* runner, Clock* clock);
  // Stops, if nobody did.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void Start();
  // Something may be due. The store tells of its own accord; this is for
  // whoever knows better. Any thread.
  void Wake();
  // No new steps; waits for those under way, which the caller should have cut
  // short by cancelling their calls. What is not finished is given back to the
  // store, for other processes or the next start. Idempotent.
  void Stop();

 private:
  void Dispatch();
  void Work();
  // Keeps the claims alive.
  void Renew();
  // Claims what is due; returns when there may be more.
  absl::Duration ClaimDue(ClaimRequest request);
  // Returns the step that the worker takes up next, if there is one.
  std::optional<ClaimedStep> RunStep(const ClaimedStep& claimed);
  void LogOutcome(const ClaimedStep& claimed, const AttemptResult& result);
  // Until the store takes it. False if it refuses or the engine stops.
  bool UntilStored(const std::string& report_id,
                   const std::function<absl::Status()>& write);
  bool Stopping();
  double Jitter();
  // What to ask the store for, for so many workers. `mutex_` is held.
  ClaimRequest ClaimFor(int workers) const;

  const EngineOptions options_;
  const std::string worker_;
  Store* const store_;
  Clock* const clock_;
  const AttemptMaker attempts_;

  std::mutex mutex_;
  std::condition_variable dispatcher_wakes_;
  std::condition_variable worker_wakes_;
  std::condition_variable stop_wakes_;
  // Guarded by mutex_.
  std::deque<ClaimedStep> queue_;
  std::map<std::string, StepClaim> held_;  // by report and kind
  RetryBudget budget_;
  int busy_ = 0;
  bool woken_ = false;
  bool stopping_ = false;
  bool released_ = true;
  std::mt19937_64 random_;

  std::unique_ptr<StoreSubscription> subscription_;
  std::vector<std::thread> threads_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_H_
