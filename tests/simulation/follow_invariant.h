#ifndef OPCON_SNOW_TESTS_SIMULATION_FOLLOW_INVARIANT_H_
#define OPCON_SNOW_TESTS_SIMULATION_FOLLOW_INVARIANT_H_

// What must hold between tickets and jobs that follow each other: "No loops" of
// the architecture.

#include "tests/simulation/world.h"

namespace opcon_snow::simulation {

// Once everything has been seen and done: the job is in step with the state
// that a person has left its ticket in, and the ticket of a job that is well
// again knows.
void CheckFollowing(World* world);

// At any time: markings at most once per move of a ticket (or failure under one
// in progress), restart and cancel at most once per run, nothing done to a job
// that is well, and nothing done because of our own changes.
void CheckActions(World* world);

}  // namespace opcon_snow::simulation

#endif  // OPCON_SNOW_TESTS_SIMULATION_FOLLOW_INVARIANT_H_
