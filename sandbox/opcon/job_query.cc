#include "sandbox/opcon/job_query.h"

#include <algorithm>
#include <compare>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/text_match.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// In any case, as OpCon's database compares.
bool IsOneOfTexts(const std::vector<std::string>& wanted,
                  absl::string_view value) {
  return wanted.empty() ||
         std::any_of(wanted.begin(), wanted.end(), [&](const auto& want) {
           return absl::EqualsIgnoreCase(want, value);
         });
}

template <typename T>
bool IsOneOf(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() ||
         std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool TagMatches(const std::vector<std::string>& wanted, const DailyJob& job) {
  if (wanted.empty()) return true;
  for (const std::string& want : wanted) {
    for (const std::string& tag : job.tags) {
      if (OverMatches(want, tag)) return true;
    }
  }
  return false;
}

bool TypeMatches(const std::string& wanted, const JobType& type) {
  return wanted.empty() || wanted == absl::StrCat(type.id) ||
         OverMatches(wanted, type.description);
}

constexpr std::pair<absl::string_view, JobColumn> kColumns[] = {
    {"name", JobColumn::kName},
    {"machine", JobColumn::kMachine},
    {"jobtype", JobColumn::kJobType},
    {"priority", JobColumn::kPriority},
    {"date", JobColumn::kDate},
    {"path", JobColumn::kScheduleName},
    {"status", JobColumn::kStatus},
    {"start", JobColumn::kStart},
    {"end", JobColumn::kEnd},
    {"duration", JobColumn::kDuration},
    {"termdesc", JobColumn::kTermination},
    {"documentation", JobColumn::kDocumentation},
    {"schedulestatus", JobColumn::kScheduleStatus},
};

absl::Time StartOf(const DailyJob& job) {
  const JobRun* run = job.ShownRun();
  return run != nullptr && run->start ? *run->start : absl::InfinitePast();
}

absl::Time EndOf(const DailyJob& job) {
  const JobRun* run = job.ShownRun();
  return run != nullptr && run->end ? *run->end : absl::InfinitePast();
}

absl::Duration DurationOf(const DailyJob& job) {
  const JobRun* run = job.ShownRun();
  return run != nullptr && run->start && run->end ? *run->end - *run->start
                                                  : absl::ZeroDuration();
}

template <typename T>
int Compare(const T& a, const T& b) {
  if (a < b) return -1;
  return b < a ? 1 : 0;
}

int CompareText(absl::string_view a, absl::string_view b) {
  return Compare(absl::AsciiStrToLower(a), absl::AsciiStrToLower(b));
}

int CompareBy(JobColumn column, const OpConModel& model, const DailyJob& a,
              const DailyJob& b) {
  switch (column) {
    case JobColumn::kName:
      return CompareText(a.id.job_name, b.id.job_name);
    case JobColumn::kMachine:
      return CompareText(a.machine, b.machine);
    case JobColumn::kJobType:
      return CompareText(a.type.description, b.type.description);
    case JobColumn::kPriority:
      return Compare(a.priority, b.priority);
    case JobColumn::kDate:
      return Compare(a.id.schedule.date, b.id.schedule.date);
    case JobColumn::kScheduleName:
      return CompareText(model.FindSchedule(a.id.schedule)->name,
                         model.FindSchedule(b.id.schedule)->name);
    case JobColumn::kStatus:
      return Compare(StatusId(a.state), StatusId(b.state));
    case JobColumn::kStart:
      return Compare(StartOf(a), StartOf(b));
    case JobColumn::kEnd:
      return Compare(EndOf(a), EndOf(b));
    case JobColumn::kDuration:
      return Compare(DurationOf(a), DurationOf(b));
    case JobColumn::kTermination:
      return CompareText(a.termination, b.termination);
    case JobColumn::kDocumentation:
      return CompareText(a.documentation.job, b.documentation.job);
    case JobColumn::kScheduleStatus:
      return Compare(StatusOf(model, a.id.schedule).id,
                     StatusOf(model, b.id.schedule).id);
  }
  return 0;
}

}  // namespace

std::optional<JobColumn> ParseJobColumn(absl::string_view name) {
  for (const auto& [text, column] : kColumns) {
    if (absl::EqualsIgnoreCase(text, name)) return column;
  }
  return std::nullopt;
}

namespace {

bool IsInSchedules(const JobFilter& filter, const OpConModel& model,
                   const DailySchedule& schedule) {
  if (IsOneOfTexts(filter.schedule_ids, schedule.id.ToString())) return true;
  if (!filter.include_sub_schedules || !schedule.container) return false;
  const DailySchedule* around =
      model.FindSchedule(schedule.container->schedule);
  return around != nullptr && IsInSchedules(filter, model, *around);
}

}  // namespace

bool Matches(const JobFilter& filter, const OpConModel& model,
             const DailyJob& job) {
  const DailySchedule& schedule = *model.FindSchedule(job.id.schedule);
  if (filter.job_number && *filter.job_number != job.job_number) return false;
  if (filter.priority && *filter.priority != job.priority) return false;
  return IsOneOfTexts(filter.ids, job.id.ToString()) &&
         IsOneOf(filter.uids, job.uid) &&
         IsInSchedules(filter, model, schedule) &&
         IsOneOf(filter.department_ids,
                 std::int64_t{model.DepartmentId(job.department)}) &&
         IsOneOf(filter.access_code_ids, std::int64_t{0}) &&
         IsOneOf(filter.dates, schedule.id.date) &&
         IsOneOfTexts(filter.categories, CategoryName(CategoryOf(job.state))) &&
         TagMatches(filter.tags, job) &&
         OverMatches(filter.name, job.id.job_name) &&
         OverMatches(filter.schedule_name, schedule.name) &&
         OverMatches(filter.machine, job.machine) &&
         OverMatches(filter.status,
                     StateDescription(job.state,
                                      job.IsProcessingEvents(model.Now()))) &&
         TypeMatches(filter.job_type, job.type) &&
         OverMatches(filter.termination, job.termination) &&
         OverMatches(filter.path, schedule.name) &&
         OverMatches(filter.reason, job.change_reason) &&
         OverMatches(filter.alternate_machine, "") &&
         (filter.schedule_status.empty() ||
          OverMatches(filter.schedule_status,
                      StatusOf(model, schedule.id).description));
}

std::vector<const DailyJob*> SelectJobs(const OpConModel& model,
                                        const JobFilter& filter,
                                        const std::vector<JobOrder>& order) {
  std::vector<const DailyJob*> jobs;
  for (const auto& [id, job] : model.tables().jobs) {
    if (Matches(filter, model, job)) jobs.push_back(&job);
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [&](const DailyJob* a, const DailyJob* b) {
                     for (const JobOrder& by : order) {
                       const int result = CompareBy(by.column, model, *a, *b);
                       if (result != 0) return (result < 0) != by.descending;
                     }
                     return false;
                   });
  return jobs;
}

ScheduleStatus StatusOf(const OpConModel& model, const DailyScheduleId& id) {
  const DailySchedule* schedule = model.FindSchedule(id);
  // Only in the history any more.
  if (schedule == nullptr)
    return {900, "Completed", "Finished Ok", false, {}, {}};
  ScheduleStatus status;
  bool any_began = false;
  bool all_over = true;
  for (const DailyJob* job : model.JobsOf(id)) {
    const JobCategory category = CategoryOf(job->state);
    status.contains_failed_jobs |= category == JobCategory::kFailed;
    // A failed job keeps its schedule open until somebody deals with it.
    all_over &= IsEnded(category) && category != JobCategory::kFailed &&
                category != JobCategory::kUnderReview;
    any_began |= !job->runs.empty() || IsEnded(category);
    for (const JobRun& run : job->runs) {
      if (run.start &&
          (!status.first_start || *run.start < *status.first_start))
        status.first_start = run.start;
      if (run.end && (!status.last_end || *status.last_end < *run.end))
        status.last_end = run.end;
    }
  }
  if (schedule->hold == ScheduleHold::kClosed || (any_began && all_over)) {
    status.id = 900;
    status.description = "Completed";
    status.category = "Finished Ok";
    return status;
  }
  status.last_end.reset();
  if (schedule->hold == ScheduleHold::kOnHold) {
    status.id = 50;
    status.description = "On Hold";
    status.category = "Held";
  } else if (!any_began) {
    status = {0, "Wait to Start", "Waiting", false, {}, {}};
  } else {
    status.id = 200;
    status.description = "In Process";
    status.category = "Running";
  }
  return status;
}

std::vector<const DailySchedule*> SelectSchedules(
    const OpConModel& model, const ScheduleFilter& filter) {
  std::vector<const DailySchedule*> schedules;
  for (const auto& [id, schedule] : model.tables().schedules) {
    if (!IsOneOfTexts(filter.ids, id.ToString()) ||
        !IsOneOf(filter.uids, schedule.uid) ||
        !IsOneOf(filter.dates, id.date) ||
        !OverMatches(filter.name, schedule.name) ||
        !OverMatches(filter.path, schedule.name)) {
      continue;
    }
    const ScheduleStatus status = StatusOf(model, id);
    if (IsOneOfTexts(filter.categories, status.category) &&
        OverMatches(filter.status, status.description) &&
        (!filter.failed_jobs ||
         *filter.failed_jobs == status.contains_failed_jobs)) {
      schedules.push_back(&schedule);
    }
  }
  return schedules;
}

std::vector<HistoryRow> SelectHistory(const OpConModel& model,
                                      const HistoryFilter& filter) {
  std::vector<HistoryRow> rows;
  const auto add = [&](const DailyJob& job) {
    const absl::CivilDay date = job.id.schedule.date;
    if ((filter.from && date < *filter.from) ||
        (filter.to && date > *filter.to) ||
        !IsOneOfTexts(filter.unique_job_ids, job.unique_job_id) ||
        !OverMatches(filter.job_name, job.id.job_name) ||
        !OverMatches(filter.schedule_name, model.ScheduleOf(job).name)) {
      return;
    }
    for (const JobRun& run : job.runs) {
      if (run.end) rows.push_back({&job, &run});
    }
  };
  for (const DailyJob& job : model.tables().past_jobs) add(job);
  for (const auto& [id, job] : model.tables().jobs) add(job);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const HistoryRow& a, const HistoryRow& b) {
                     return *a.run->end < *b.run->end;
                   });
  return rows;
}

}  // namespace opcon_snow::sandbox::opcon
