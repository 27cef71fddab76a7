#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCHEDULED_JOBS_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCHEDULED_JOBS_H_

// Scripts that run by the instance's clock: the records of sysauto_script with
// run_type periodically, daily, weekly, monthly or once (times in UTC), and
// those of sys_trigger that are ready (state 0) once their next_action has
// come. However far the clock moves, a job that is due runs once.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/script/script_run.h"

namespace opcon_snow::sandbox::servicenow {

// When a job of sysauto_script runs next, later than `after`; nullopt: never.
// `first_seen` is where periods begin that have no run_start.
std::optional<absl::Time> NextRun(const Record& job, absl::Time after,
                                  absl::Time first_seen);

// Thread-safe.
class ScheduledJobs {
 public:
  ScheduledJobs(RecordAccess* records, ScriptRunner* runner)
      : records_(records), runner_(runner) {}

  // Runs what is due. Returns how many ran.
  int RunDue();

  // Runs a job of sysauto_script by its name or sys_id now, whatever its
  // schedule says. NOT_FOUND, or the script's error.
  absl::StatusOr<ScriptResult> RunNow(const std::string& name);

  void Reset();

 private:
  struct Planned {
    std::string schedule;  // the columns that it was computed from
    absl::Time first_seen;
    std::optional<absl::Time> next;
  };

  // True if it is due; it is planned anew then.
  bool TakeDue(const Record& job, absl::Time now);
  absl::StatusOr<ScriptResult> Run(const Record& job);
  int RunTriggers(absl::Time now);

  RecordAccess* const records_;
  ScriptRunner* const runner_;
  std::mutex mutex_;
  std::map<std::string, Planned> planned_;  // by sys_id
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCHEDULED_JOBS_H_
