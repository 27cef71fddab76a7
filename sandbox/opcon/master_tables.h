#ifndef OPCON_SNOW_SANDBOX_OPCON_MASTER_TABLES_H_
#define OPCON_SNOW_SANDBOX_OPCON_MASTER_TABLES_H_

// What daily schedules are built from, and what the clockwork does with a job.

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/log_content.h"

namespace opcon_snow::sandbox::opcon {

struct JobType {
  int id = 0;
  std::string description;
};

struct Property {
  std::string key;
  std::string value;
};

// How one run of a job goes.
struct PlannedRun {
  absl::Duration run_time = absl::ZeroDuration();
  // After so long it is shown as late to finish.
  std::optional<absl::Duration> late_after;
  // kFinishedOk, kFailed, or an end without a start: kInitializationError,
  // kMissedStartTime.
  JobState end = JobState::kFinishedOk;
  std::string termination;        // empty: one that fits
  std::optional<LogContent> log;  // none: the job's own
};

struct JobPlan {
  // From when nothing stands in the job's way any more.
  absl::Duration start_after = absl::ZeroDuration();
  // The first run, the second one (after a restart), …; the last one also
  // stands for all that follow. Empty: the clockwork leaves the job alone.
  std::vector<PlannedRun> runs;
};

struct MasterJob {
  std::string name;
  JobType type = {3, "Windows"};
  // None: no machine. Several: a machine group, one copy of the job for each.
  std::vector<std::string> machines;
  std::string frequency = "AllDays";
  std::string department = "<General>";
  int priority = 0;
  std::vector<std::string> tags;
  std::vector<Property> properties;
  std::string documentation;
  std::string frequency_documentation;
  LogContent log;
  std::string log_error;
  std::vector<std::string> predecessors;  // names of jobs in this schedule
  // A container: the name of the master schedule that runs inside.
  std::string sub_schedule;
  // May be there more than once. `instances` are built with the schedule, each
  // with these properties; further ones are added by hand.
  bool multi_instance = false;
  std::vector<std::vector<Property>> instances;
  JobPlan plan;
};

struct MasterSchedule {
  int id = 0;
  std::string name;
  bool multi_instance = false;
  // Jobs start at this time of the schedule's day, in OpCon's zone.
  absl::Duration start_time = absl::ZeroDuration();
  // Built by itself at midnight for the day so many days ahead.
  std::optional<int> auto_build_days_in_advance;
  std::vector<MasterJob> jobs;
};

struct GlobalProperty {
  int id = 0;
  std::string name;
  std::string value;
  std::string documentation;
  bool encrypted = false;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_MASTER_TABLES_H_
