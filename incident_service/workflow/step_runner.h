#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_RUNNER_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_RUNNER_H_

// What the engine knows of steps.

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// Does steps, from several threads at once.
class StepRunner {
 public:
  virtual ~StepRunner() = default;

  // Does the claimed step and returns what is to be committed. An error is the
  // attempt's failure; the engine decides about the next one.
  virtual absl::StatusOr<StepCommit> Run(const ClaimedStep& claimed) = 0;

  // When the step is given up, `limit` being the workflow's own answer.
  virtual absl::Duration GiveUpAfter(const ClaimedStep& claimed,
                                     absl::Duration limit) const = 0;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_RUNNER_H_
