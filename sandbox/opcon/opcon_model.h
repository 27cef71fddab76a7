#ifndef OPCON_SNOW_SANDBOX_OPCON_OPCON_MODEL_H_
#define OPCON_SNOW_SANDBOX_OPCON_OPCON_MODEL_H_

// OpCon's daily tables and the rules by which jobs move: what the schedule
// activity monitor, an agent and an operator do to them.
//
// Everything that happens to a job also adds the row to NOTIFY that its
// notification trigger would add. Ids and uids are counted up from fixed
// numbers, so that two runs of one test see the same ones.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "sandbox/opcon/daily_tables.h"
#include "sandbox/opcon/ids.h"
#include "sandbox/opcon/job_action_rules.h"
#include "sandbox/opcon/log_content.h"
#include "sandbox/opcon/master_tables.h"
#include "sandbox/opcon/notify_table.h"

namespace opcon_snow::sandbox::opcon {

// Nobody outside knows which the product does, so both can be had.
enum class JobNumberOnRestart { kNew, kSame };

struct ModelOptions {
  JobNumberOnRestart job_number_on_restart = JobNumberOnRestart::kNew;
  // OpCon's own zone: of the times it writes and of its properties.
  absl::TimeZone zone = absl::UTCTimeZone();
  // How long an ended job is shown with "; Processing Events".
  absl::Duration processing_events = absl::ZeroDuration();
};

// What POST /_sandbox/jobs says.
struct JobDefinition {
  DailyJobId id;
  std::string schedule_name;
  std::string machine;  // empty: none
  JobType type = {3, "Windows"};
  std::string frequency = "AllDays";
  std::string department = "<General>";
  int priority = 0;
  JobState state = JobState::kWaitToStart;  // Held or Waiting
  std::vector<std::string> tags;
  std::vector<Property> properties;
  std::string documentation;
  std::string frequency_documentation;
  LogContent log;
  std::string log_error;
  std::vector<std::string> predecessors;
  std::optional<DailyScheduleId> sub_schedule;
  JobPlan plan;
  // Take the place of a job with the same id, as a rebuilt schedule does: new
  // uid, no runs, no tickets.
  bool replace = false;
};

// What an agent (or, without a run, OpCon itself) reports at the end of a job.
struct JobEnd {
  // kFinishedOk, kFailed, kInitializationError or kMissedStartTime; the last
  // two mean that the job never ran: no log.
  JobState state = JobState::kFailed;
  std::string termination;  // empty: one that fits the job's type
  // Files of this run, name (last part of the path) and text. None: one file
  // with the job's default log.
  std::optional<std::vector<std::pair<std::string, LogContent>>> logs;
  // Instead of ModelOptions::processing_events.
  std::optional<absl::Duration> processing_events;
  // When it ended, and began if it has not been started before; nullopt: now.
  // Whoever calls EndJob makes it so.
  std::optional<absl::Time> time{};
};

// Not thread-safe. `clock` and `notify` are not owned and must outlive this.
class OpConModel {
 public:
  OpConModel(ModelOptions options, Clock* clock, NotifyTable* notify);

  // Empties all tables, NOTIFY too; numbers start again.
  void Reset();

  // ALREADY_EXISTS, INVALID_ARGUMENT (a name that OpCon would not allow, a
  // schedule that has another name or a state in which no job can begin).
  absl::StatusOr<const DailyJob*> DefineJob(const JobDefinition& definition);

  // The daily schedule, made if there is none. INVALID_ARGUMENT if it exists
  // with another name or the name is too long.
  absl::StatusOr<DailySchedule*> EnsureSchedule(const DailyScheduleId& id,
                                                const std::string& name);

  // Takes a daily schedule and its jobs out of the daily tables. Their ended
  // runs stay in the history. Nothing if there is no such schedule.
  void RemoveSchedule(const DailyScheduleId& id);

  // NOT_FOUND.
  absl::Status SetScheduleHold(const DailyScheduleId& id, ScheduleHold hold);

  // What an agent reports. A job that waits is started first; one that has
  // ended begins a new run, as if an operator had restarted it.
  // NOT_FOUND.
  absl::Status StartJob(const DailyJobId& id);
  absl::Status EndJob(const DailyJobId& id, const JobEnd& end);

  // A job that runs takes longer than it should. NOT_FOUND.
  absl::Status MarkLateToFinish(const DailyJobId& id);

  // Does what an operator asked for. NOT_FOUND, or FAILED_PRECONDITION with
  // the reason if the job's status forbids it.
  absl::Status ApplyAction(const DailyJobId& id, JobActionKind kind,
                           absl::string_view reason);

  // Tickets of a job, in the order they were added. NOT_FOUND if there is no
  // such row.
  const IncidentTicket& AddTicket(DailyJob& job, absl::string_view ticket_id,
                                  absl::string_view ticket_url);
  absl::Status ReplaceTicket(DailyJob& job, int row,
                             absl::string_view ticket_id,
                             absl::string_view ticket_url);
  absl::Status RemoveTicket(DailyJob& job, int row);

  // Writes both texts; there is documentation from then on.
  void SetDocumentation(DailyJob& job, absl::string_view text,
                        absl::string_view frequency);

  // nullptr if there is none.
  DailyJob* FindJob(const DailyJobId& id);
  DailyJob* FindJobByUid(std::int64_t uid);
  const Machine* FindMachine(absl::string_view name) const;
  const DailySchedule* FindSchedule(const DailyScheduleId& id) const;
  DailySchedule* FindSchedule(const DailyScheduleId& id);
  // In the order of their names.
  std::vector<const DailyJob*> JobsOf(const DailyScheduleId& id) const;
  // Also of a job in the history.
  const DailySchedule& ScheduleOf(const DailyJob& job) const;
  const MasterSchedule* FindMaster(absl::string_view name) const;
  const MasterSchedule* FindMaster(int id) const;
  // 0 for "<General>", the others are counted up as they come.
  int DepartmentId(absl::string_view name) const;

  // The run that a job number belongs to: of several with the same number the
  // latest. `job` is set if `run` is; a number that no run has yet gives
  // neither.
  struct RunOfJob {
    const DailyJob* job = nullptr;
    const JobRun* run = nullptr;
  };
  RunOfJob FindRun(int job_number) const;

  // The daily tables, to be read and, by a restored state, replaced.
  struct Tables {
    std::map<DailyScheduleId, DailySchedule> schedules;
    std::map<DailyJobId, DailyJob> jobs;
    std::vector<Machine> machines;
    std::vector<std::string> departments;  // ids 1, 2, …
    // In no daily schedule any more, with their ended runs: the oldest first,
    // bounded.
    std::deque<DailyJob> past_jobs;
    std::map<DailyScheduleId, DailySchedule> past_schedules;
    std::map<int, MasterSchedule> masters;
    std::map<int, GlobalProperty> global_properties;
    // The last number given of each kind.
    std::int64_t last_uid = 0;
    int last_job_number = 0;
    int last_row_id = 0;
  };
  const Tables& tables() const { return tables_; }
  void Restore(Tables tables) {
    tables_ = std::move(tables);
    TouchAll();
  }

  // The tables that have no rules of their own, to be written.
  std::map<int, MasterSchedule>& masters() { return tables_.masters; }
  std::map<int, GlobalProperty>& global_properties() {
    return tables_.global_properties;
  }
  int NextRowId() { return ++tables_.last_row_id; }

  // The daily schedules, or sub-schedules of theirs, in which something has
  // changed that could change what happens next, since this was asked last.
  // Some may be gone.
  std::set<DailyScheduleId> TakeTouched() { return std::move(touched_); }

  const ModelOptions& options() const { return options_; }
  absl::Time Now() const { return clock_->Now(); }

 private:
  absl::Status CheckDefinition(const JobDefinition& definition) const;
  void EnsureMachine(const std::string& name, const JobType& type);
  void EnsureDepartment(const std::string& name);
  void AddRun(DailyJob& job);
  void Begin(DailyJob& job);
  void Restart(DailyJob& job);
  void KeepLogs(DailyJob& job, const JobEnd& end);
  void Reach(DailyJob& job, JobState state, absl::Duration processing_events);
  void FinishRun(DailyJob& job, JobState state);
  void Notify(const DailyJob& job, absl::string_view trigger);
  void Touch(const DailyScheduleId& id);
  void TouchAll();

  const ModelOptions options_;
  Clock* const clock_;
  NotifyTable* const notify_;
  Tables tables_;
  std::set<DailyScheduleId> touched_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_OPCON_MODEL_H_
