#ifndef OPCON_SNOW_SANDBOX_OPCON_SCHEDULE_BUILDER_H_
#define OPCON_SNOW_SANDBOX_OPCON_SCHEDULE_BUILDER_H_

// From the master tables to the daily tables.
//
// Names follow OpCon's: a copy of a job for a machine of its group is
// `Job_Machine`; a further instance of a job or a schedule ends in the value of
// its first property, `Job_<value>`, or, without one, in its number,
// `Job$0002`; a sub-schedule is `Parent_ContainerJob[Sub]`.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "sandbox/opcon/ids.h"
#include "sandbox/opcon/master_tables.h"
#include "sandbox/opcon/opcon_model.h"

namespace opcon_snow::sandbox::opcon {

// How deep schedules may lie within schedules.
inline constexpr int kMaxSubScheduleDepth = 5;

struct BuildRequest {
  std::string schedule;  // its name in the master tables, in any case
  absl::CivilDay date;
  std::vector<Property> properties;
  std::string named_instance;  // of a multi-instance schedule
  bool overwrite = false;
  bool hold = false;
};

// Puts a schedule with its jobs and sub-schedules into the daily tables.
// NOT_FOUND without such a master schedule; ALREADY_EXISTS if it is there, may
// not be there twice and is not to be overwritten; INVALID_ARGUMENT for names
// that come out too long. What was built before an error is taken out again.
absl::StatusOr<DailyScheduleId> BuildSchedule(const BuildRequest& request,
                                              OpConModel& model);

struct JobAddition {
  DailyScheduleId schedule;
  std::string job;        // its name in the master schedule
  std::string frequency;  // empty: its own
  std::vector<Property> properties;
  bool on_hold = false;
};

// Adds a job of the master schedule to a daily schedule. NOT_FOUND without the
// schedule, the job or the frequency; ALREADY_EXISTS if it is there and is no
// multi-instance job; FAILED_PRECONDITION if the schedule is closed.
absl::StatusOr<const DailyJob*> AddJob(const JobAddition& addition,
                                       OpConModel& model);

// Puts a schedule into the master tables, in the place of one with the same
// id. INVALID_ARGUMENT: a name that is taken or empty, a job twice, a
// predecessor or a sub-schedule that is not there, jobs that wait for each
// other.
absl::Status DefineMaster(MasterSchedule master, OpConModel& model);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_SCHEDULE_BUILDER_H_
