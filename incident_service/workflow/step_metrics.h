#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_METRICS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_METRICS_H_

// What the engine counts of the attempts that it makes.

#include "absl/time/time.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/engine_attempt.h"

namespace opcon_snow::incident {

// Makes them visible, with 0. Before the first attempt.
void ExposeStepMetrics();

// Once for each attempt, after its result is stored or the claim was lost.
// `now` is the time of day.
void CountAttempt(const ClaimedStep& claimed, const AttemptResult& result,
                  absl::Duration elapsed, absl::Time now);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_METRICS_H_
