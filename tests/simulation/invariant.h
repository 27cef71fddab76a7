#ifndef OPCON_SNOW_TESTS_SIMULATION_INVARIANT_H_
#define OPCON_SNOW_TESTS_SIMULATION_INVARIANT_H_

// What must hold, seen from outside: in the incidents, the jobs and the
// reports.

#include "tests/simulation/world.h"

namespace opcon_snow::simulation {

// After everything that was reported has been dealt with: nothing lost, nothing
// doubled, for incidents, work notes, documentation lines and attachments.
// `held_up`: a process was held up in the middle of a call for longer than its
// claim lasted, so a description may be out of date.
void CheckAfterTrouble(World* world, bool held_up);

// After every job has failed once more without any trouble: in addition, every
// job shows its ticket and every ticket the last failure.
void CheckAtTheEnd(World* world);

}  // namespace opcon_snow::simulation

#endif  // OPCON_SNOW_TESTS_SIMULATION_INVARIANT_H_
