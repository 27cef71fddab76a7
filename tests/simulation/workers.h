#ifndef OPCON_SNOW_TESTS_SIMULATION_WORKERS_H_
#define OPCON_SNOW_TESTS_SIMULATION_WORKERS_H_

// The processes that do the steps. One thread runs them all: at every call to
// an upstream and every commit the process may die, be held up until its claim
// has expired, or let other processes and the world go on meanwhile.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "incident_service/store/store.h"
#include "incident_service/watchers/recovery_watcher.h"
#include "incident_service/watchers/ticket_watcher.h"
#include "incident_service/workflow/engine_attempt.h"
#include "incident_service/workflow/step_runner.h"
#include "incident_service/workflow/steps.h"
#include "tests/simulation/world.h"

namespace opcon_snow::simulation {

// Puts something between the attempts and the steps.
using WrapSteps = std::function<std::unique_ptr<incident::StepRunner>(
    incident::StepRunner* steps)>;

// One at a time in a program: failpoints are global.
class Workers {
 public:
  // `world` must outlive the workers. `wrap` may be null.
  Workers(World* world, WrapSteps wrap);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Makes one attempt of a step that is due; false if none is.
  bool RunOne();
  // Until nothing is left that will happen by itself; false if that never
  // comes.
  bool RunAll();
  // One replica looks at the tickets that have moved and the jobs that have
  // become well; nobody does if that is switched off.
  void Look();
  // Nobody dies or is held up any more.
  void CalmDown() { calm_ = true; }

  // True if somebody was held up between the check of a claim and a call: what
  // it then wrote may have been out of date.
  bool somebody_was_held_up() const { return held_up_; }

 private:
  struct Process {
    std::string name;
    std::unique_ptr<incident::Steps> steps;
    std::unique_ptr<incident::StepRunner> wrapped;
  };
  struct Watchers {
    std::unique_ptr<incident::TicketWatcher> tickets;
    std::unique_ptr<incident::RecoveryWatcher> recoveries;
  };
  // Under way, the innermost last; a watcher's look has no job.
  struct Active {
    std::string job_key;
    incident::StepClaim claim;
  };

  void Start(Process* process);
  void Start(Watchers* watchers);
  void Die(Process* process);
  void Attempt(const Process& process, const incident::ClaimedStep& claimed);
  void CheckSerial(const incident::ClaimedStep& claimed);
  absl::Status AtCall(const std::string& rpc,
                      incident::FailurePlan::Moment moment);
  // Something else may happen here.
  void Interrupt(absl::string_view where);
  static void AtFailpoint(absl::string_view name);

  World* const world_;
  const WrapSteps wrap_;
  std::vector<Process> processes_;
  std::vector<Watchers> watchers_;
  std::vector<Active> active_;
  int last_name_ = 0;
  bool calm_ = false;
  bool held_up_ = false;
};

}  // namespace opcon_snow::simulation

#endif  // OPCON_SNOW_TESTS_SIMULATION_WORKERS_H_
