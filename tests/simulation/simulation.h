#ifndef OPCON_SNOW_TESTS_SIMULATION_SIMULATION_H_
#define OPCON_SNOW_TESTS_SIMULATION_SIMULATION_H_

// One life of the workflow, from a seed: the real steps on a store in memory,
// a clock that jumps, upstreams that fail, processes that die, people who
// interfere. In the end everything calms down, dead letters are replayed, and
// what is then to be seen in OpCon and ServiceNow must be what the rules say.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/workers.h"

namespace opcon_snow::simulation {

struct SimulationOptions {
  std::uint64_t seed = 1;
  // Fills `trace`.
  bool traced = false;
  WrapSteps wrap = nullptr;
};

struct SimulationResult {
  // Empty if all is well.
  std::vector<std::string> violations;
  // What happened, a line each.
  std::vector<std::string> trace;
  int reports = 0;
  int failed_runs = 0;
};

// Same options, same result.
SimulationResult Simulate(const SimulationOptions& options);

}  // namespace opcon_snow::simulation

#endif  // OPCON_SNOW_TESTS_SIMULATION_SIMULATION_H_
