#include "tests/simulation/simulation.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/follow_invariant.h"
#include "tests/simulation/invariant.h"

namespace opcon_snow::simulation {
namespace {

namespace v1 = ::incident::v1;

// Rounds of replaying dead letters: one may wait for another.
constexpr int kReplays = 4;

void LiveOn(World* world, Workers* workers) {
  Random& random = world->random;
  for (int left = random.Between(8, 32); left > 0; --left) {
    if (random.Percent(50)) world->Happen();
    world->Deliver();
    if (random.Percent(30)) workers->Look();
    bool idle = false;
    for (int attempts = random.Below(6); attempts > 0 && !idle; --attempts) {
      idle = !workers->RunOne();
    }
    if (!idle) continue;
    const auto next = world->store.TimeToNextStep();
    const absl::Duration most = absl::Seconds(random.Between(1, 300));
    world->clock.Advance(next.ok() ? std::min(*next, most) : most);
  }
}

void Replay(World* world, Workers* workers) {
  for (int round = 0;; ++round) {
    if (!workers->RunAll()) {
      world->Violation("the work never ends");
      return;
    }
    if (round == kReplays) return;
    const auto dead = world->store.ListReports(
        {.states = {v1::REPORT_STATE_DEAD_LETTER}}, "", 1000);
    if (!dead.ok()) world->Violation(dead.status().ToString());
    if (!dead.ok() || dead->reports.empty()) return;
    for (const v1::Report& report : dead->reports) {
      const auto retried = world->store.RetryReport(
          report.report_id(), {"operator", "all is well again"});
      if (!retried.ok()) world->Violation(retried.status().ToString());
    }
  }
}

// Longer than a watcher's lease, any grace period, and the time that is left to
// rules.
constexpr absl::Duration kLongEnough = absl::Minutes(3);

void LookUntilNothingMoves(World* world, Workers* workers) {
  if (!world->watched) return;
  for (int round = 0; round < 3; ++round) {
    world->clock.Advance(kLongEnough);
    workers->Look();
    Replay(world, workers);
  }
}

}  // namespace

SimulationResult Simulate(const SimulationOptions& options) {
  World world(options.seed, options.traced);
  Workers workers(&world, options.wrap);
  LiveOn(&world, &workers);
  workers.CalmDown();
  world.CalmDown();
  Replay(&world, &workers);
  LookUntilNothingMoves(&world, &workers);
  world.NoteState();
  CheckAfterTrouble(&world, workers.somebody_was_held_up());
  if (world.watched) CheckFollowing(&world);
  world.FailEverything();
  Replay(&world, &workers);
  CheckAtTheEnd(&world);
  if (world.watched) CheckActions(&world);

  SimulationResult result;
  const auto all = world.store.ListReports({}, "", 100000);
  result.reports = all.ok() ? static_cast<int>(all->reports.size()) : -1;
  result.failed_runs = static_cast<int>(world.runs.size());
  result.violations = std::move(world.violations);
  result.trace = std::move(world.trace);
  return result;
}

}  // namespace opcon_snow::simulation
