#ifndef OPCON_SNOW_SANDBOX_OPCON_DAILY_TABLES_H_
#define OPCON_SNOW_SANDBOX_OPCON_DAILY_TABLES_H_

// The rows of OpCon's daily tables, as plain values. Who changes them by which
// rule is in opcon_model.h.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sandbox/opcon/ids.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/log_content.h"
#include "sandbox/opcon/master_tables.h"

namespace opcon_snow::sandbox::opcon {

// The largest job log an agent hands out (Windows agent, MaxJorsFileSize).
inline constexpr std::size_t kMaxLogBytes = 52'428'800;

// "No restriction" of a name: OpCon's own limits for the daily tables.
inline constexpr std::size_t kMaxJobNameCharacters = 128;
inline constexpr std::size_t kMaxScheduleNameCharacters = 255;

// "Windows", "UNIX", "Null Job", "Container", … in any case.
std::optional<JobType> FindJobType(absl::string_view description);

struct Machine {
  int id = 0;
  std::string name;
  JobType type;
};

// Whether the jobs of a daily schedule may start.
enum class ScheduleHold { kReleased, kOnHold, kWaitsForContainer, kClosed };

struct DailySchedule {
  DailyScheduleId id;
  std::int64_t uid = 0;
  std::string name;
  std::vector<Property> properties;
  ScheduleHold hold = ScheduleHold::kReleased;
  absl::Time hold_since = absl::InfinitePast();
  // The clockwork starts none of its jobs before that.
  absl::Time start = absl::InfinitePast();
  // Of a sub-schedule: the job that it runs inside of. It waits until that job
  // starts.
  std::optional<DailyJobId> container;
};

// A file that an agent keeps of a run.
struct LogFile {
  std::string name;
  LogContent data;
};

// One start of a job on its machine, or one end without a start.
struct JobRun {
  int number = 0;  // 1, 2, … within the daily job
  int job_number = 0;
  std::optional<absl::Time> start;  // none: it never reached the agent
  std::optional<absl::Time> end;    // none: it still runs
  JobState state = JobState::kJobRunning;
  std::string termination;
  std::vector<LogFile> logs;
};

struct IncidentTicket {
  int id = 0;  // unique in the sandbox
  std::string ticket_id;
  std::string ticket_url;
};

struct Documentation {
  int id = 0;  // 0: there is none
  std::string job;
  std::string frequency;
};

struct DailyJob {
  DailyJobId id;
  std::int64_t uid = 0;
  std::string unique_job_id;
  std::string frequency;
  std::string department;
  std::string machine;  // empty: none
  JobType type;
  int priority = 0;
  std::vector<std::string> tags;
  std::vector<Property> properties;
  Documentation documentation;
  std::vector<IncidentTicket> tickets;

  JobState state = JobState::kWaitToStart;
  absl::Time state_since = absl::InfinitePast();
  // Until then the state is shown with "; Processing Events".
  absl::Time events_until = absl::InfinitePast();
  std::string change_reason;

  // $JOBID: the number that the next start, or the run under way, goes by.
  int job_number = 0;
  std::string termination;

  // In the order they began. The last one is what the job shows as its times if
  // `shows_last_run`; a job restarted on hold shows none until it is released.
  std::vector<JobRun> runs;
  bool shows_last_run = false;

  // What its runs print unless the end of a run says otherwise.
  LogContent default_log;
  // If not empty, every request for its logs fails with this message.
  std::string log_error;

  // Jobs of the same daily schedule that must have ended well before this one
  // starts.
  std::vector<std::string> predecessors;
  // Of a container that was built with its sub-schedule.
  std::optional<DailyScheduleId> sub_schedule;
  JobPlan plan;

  bool IsContainer() const { return type.description == "Container"; }
  bool RunsOnAgent() const {
    return !machine.empty() && type.id != -1 && !IsContainer();
  }
  bool IsProcessingEvents(absl::Time now) const {
    return now < events_until && HasProcessingEventsForm(state);
  }
  const JobRun* ShownRun() const {
    return shows_last_run && !runs.empty() ? &runs.back() : nullptr;
  }
  JobRun* ShownRun() {
    return shows_last_run && !runs.empty() ? &runs.back() : nullptr;
  }
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_DAILY_TABLES_H_
