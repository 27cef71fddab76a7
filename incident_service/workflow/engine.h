#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_H_

// Takes steps from the store as they fall due and has them done by a bounded
// number of workers, detached from the calls that reported them.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/retry_policy.h"
#include "incident_service/workflow/step_runner.h"

namespace opcon_snow::incident {

struct EngineOptions {
  int workers = 16;
  RetryPolicy retry;
};

class Engine {
 public:
  // All pointers must outlive the engine.
  Engine(EngineOptions options, Store* store, StepRunner* runner, Clock* clock);
  // Stops, if nobody did.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void Start();
  // Something may be due: a report was stored or retried. Any thread.
  void Wake();
  // No new steps; waits for those under way, which the caller should have cut
  // short by cancelling their calls. What is not finished is taken up again
  // after the next start. Idempotent.
  void Stop();

 private:
  void Dispatch();
  void Work();
  // Claims what is due; returns when there may be more.
  absl::Time ClaimDue(int limit);
  void RunStep(const ClaimedStep& claimed);
  // False if the commit is refused or the engine stops.
  bool CommitUntilStored(const StepCommit& commit);
  bool Stopping();
  // What to store after a failed attempt: another one later, or the end.
  StepCommit AfterFailure(const ClaimedStep& claimed,
                          const absl::Status& status);
  double Jitter();

  const EngineOptions options_;
  Store* const store_;
  StepRunner* const runner_;
  Clock* const clock_;

  std::mutex mutex_;
  std::condition_variable dispatcher_wakes_;
  std::condition_variable worker_wakes_;
  std::condition_variable store_retries_;
  // Guarded by mutex_.
  std::deque<ClaimedStep> queue_;
  int busy_ = 0;
  bool woken_ = false;
  bool stopping_ = false;
  std::mt19937_64 random_;

  std::vector<std::thread> threads_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_H_
