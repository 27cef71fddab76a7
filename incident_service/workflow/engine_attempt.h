#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_ATTEMPT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_ATTEMPT_H_

// One attempt of one step: from the claim to what is to be stored. Without
// threads and without a store that writes, so that the simulation goes through
// the same decisions as the engine.

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/retry_policy.h"
#include "incident_service/workflow/step_runner.h"

namespace opcon_snow::incident {

struct AttemptResult {
  // nullopt: the claim was lost, and there is nothing to commit.
  std::optional<StepCommit> commit;
  // What came of it, also if it will be tried again.
  absl::Status status;
};

// Adds an attempt that failed to the history of its step: to the last entry if
// it failed for the same reason, and within a bound.
void AddFailedAttempt(absl::Time now, ::incident::v1::Step* step);

// Thread-safe if `jitter` is. The pointers must outlive it.
class AttemptMaker {
 public:
  // `jitter` draws from [0, 1).
  AttemptMaker(RetryPolicy policy, StepRunner* runner, const Clock* clock,
               std::function<double()> jitter);

  // Runs the step. Whatever comes of it, the commit has what the attempt did
  // upstream for the audit; without a commit it stays in `claimed.audit`.
  AttemptResult Make(const ClaimedStep& claimed) const;

 private:
  StepCommit AfterFailure(const ClaimedStep& claimed,
                          const absl::Status& status) const;

  const RetryPolicy policy_;
  StepRunner* const runner_;
  const Clock* const clock_;
  const std::function<double()> jitter_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ENGINE_ATTEMPT_H_
