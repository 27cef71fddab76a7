#ifndef OPCON_SNOW_DEMO_MAIN_JOB_H_
#define OPCON_SNOW_DEMO_MAIN_JOB_H_

// The main job end to end: a job fails in OpCon, a ServiceNow incident exists.

#include "absl/status/status.h"
#include "demo/narrator.h"
#include "tests/harness/suite.h"

namespace opcon_snow::demo {

// Plays it on a suite that has just been started. What does not hold is told
// to the narrator; an error means that it could not be played to the end.
absl::Status PlayMainJob(harness::Suite& suite, Narrator& narrator);

}  // namespace opcon_snow::demo

#endif  // OPCON_SNOW_DEMO_MAIN_JOB_H_
