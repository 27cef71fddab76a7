#ifndef OPCON_SNOW_SANDBOX_OPCON_JOB_QUERY_H_
#define OPCON_SNOW_SANDBOX_OPCON_JOB_QUERY_H_

// Which rows of the daily tables a GET asks for, in which order.
//
// Text filters over-match on purpose (see text_match.h), as OpCon's do.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "sandbox/opcon/daily_tables.h"
#include "sandbox/opcon/opcon_model.h"

namespace opcon_snow::sandbox::opcon {

// An empty list or text asks for nothing in particular.
struct JobFilter {
  std::vector<std::string> ids;  // whole, in any case
  std::vector<std::int64_t> uids;
  std::vector<std::string> schedule_ids;  // whole
  std::vector<absl::CivilDay> dates;
  std::vector<std::string> categories;  // whole, in any case
  std::vector<std::string> tags;        // one of them over-matches one tag
  std::string name;
  std::string schedule_name;
  std::string machine;
  std::string status;           // the description
  std::string schedule_status;  // the description
  std::string job_type;         // the id, or the description
  std::string termination;
  std::string path;               // of the schedule: its whole daily name
  std::string reason;             // of the last change of status
  std::string alternate_machine;  // jobs here have none
  std::optional<int> job_number;
  std::optional<int> priority;
  std::vector<std::int64_t> department_ids;
  std::vector<std::int64_t> access_code_ids;  // all have 0, "<General>"
  // With schedule_ids: also the jobs inside of their containers.
  bool include_sub_schedules = false;
};

enum class JobColumn {
  kName,
  kMachine,
  kJobType,
  kPriority,
  kDate,
  kScheduleName,
  kStatus,
  kStart,
  kEnd,
  kDuration,
  kTermination,
  kDocumentation,
  kScheduleStatus,
};

struct JobOrder {
  JobColumn column = JobColumn::kName;
  bool descending = false;
};

// The column that sortBy names, in any case.
std::optional<JobColumn> ParseJobColumn(absl::string_view name);

bool Matches(const JobFilter& filter, const OpConModel& model,
             const DailyJob& job);

// All that match. Without an order: by id.
std::vector<const DailyJob*> SelectJobs(const OpConModel& model,
                                        const JobFilter& filter,
                                        const std::vector<JobOrder>& order);

// How a daily schedule stands, computed from its jobs.
struct ScheduleStatus {
  int id = 0;
  std::string description;
  std::string category;
  bool contains_failed_jobs = false;
  std::optional<absl::Time> first_start;
  std::optional<absl::Time> last_end;  // only if every job has ended
};
ScheduleStatus StatusOf(const OpConModel& model, const DailyScheduleId& id);

struct ScheduleFilter {
  std::vector<std::string> ids;
  std::vector<std::int64_t> uids;
  std::vector<absl::CivilDay> dates;
  std::vector<std::string> categories;
  std::string name;
  std::string path;  // the whole daily name
  std::string status;
  std::optional<bool> failed_jobs;
};

std::vector<const DailySchedule*> SelectSchedules(const OpConModel& model,
                                                  const ScheduleFilter& filter);

// Runs that have ended, of all jobs, in the order they ended.
struct HistoryFilter {
  std::vector<std::string> unique_job_ids;  // whole, in any case
  std::string job_name;
  std::string schedule_name;
  std::optional<absl::CivilDay> from;  // of the schedule's date, inclusive
  std::optional<absl::CivilDay> to;
};

struct HistoryRow {
  const DailyJob* job = nullptr;
  const JobRun* run = nullptr;
};

std::vector<HistoryRow> SelectHistory(const OpConModel& model,
                                      const HistoryFilter& filter);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_JOB_QUERY_H_
