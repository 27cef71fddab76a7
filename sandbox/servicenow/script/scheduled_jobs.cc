#include "sandbox/servicenow/script/scheduled_jobs.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr absl::Duration kShortestPeriod = absl::Seconds(1);

const Actor& System() {
  static const auto* const kSystem = new Actor{"", "system", true, "admin"};
  return *kSystem;
}

std::optional<absl::Time> TimeIn(const Record& record, const char* column) {
  absl::Time time;
  if (!ParseTimestamp(record.Get(column), absl::ZeroDuration(), &time)) {
    return std::nullopt;
  }
  return time;
}

// A duration is kept as a time counted from 1970.
std::optional<absl::Duration> PeriodIn(const Record& record,
                                       const char* column) {
  const std::optional<absl::Time> time = TimeIn(record, column);
  if (!time.has_value() || *time - absl::UnixEpoch() < kShortestPeriod) {
    return std::nullopt;
  }
  return *time - absl::UnixEpoch();
}

int NumberIn(const Record& record, const char* column, int otherwise) {
  int number = 0;
  return absl::SimpleAtoi(record.Get(column), &number) ? number : otherwise;
}

// The first `start + n * period` later than `after`.
absl::Time InPeriods(absl::Time start, absl::Duration period,
                     absl::Time after) {
  if (after < start) return start;
  return start + period * ((after - start) / period + 1);
}

bool IsDay(const Record& job, const std::string& type, absl::CivilDay day) {
  if (type == "daily") return true;
  if (type == "weekly") {
    // 1 is Monday, as Abseil's 0 is.
    return static_cast<int>(absl::GetWeekday(day)) + 1 ==
           NumberIn(job, "run_dayofweek", 1);
  }
  // A month that is too short has it on its last day.
  const int wanted = NumberIn(job, "run_dayofmonth", 1);
  const bool last = absl::CivilMonth(day) != absl::CivilMonth(day + 1);
  return day.day() == wanted || (last && wanted > day.day());
}

std::optional<absl::Time> OnDays(const Record& job, const std::string& type,
                                 absl::Time after) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Duration time_of_day =
      TimeIn(job, "run_time").value_or(absl::UnixEpoch()) - absl::UnixEpoch();
  constexpr int kLongestWait = 62;
  absl::CivilDay day = absl::ToCivilDay(after, utc);
  for (int i = 0; i < kLongestWait; ++i, ++day) {
    const absl::Time time = absl::FromCivil(day, utc) + time_of_day;
    if (time > after && IsDay(job, type, day)) return time;
  }
  return std::nullopt;
}

}  // namespace

std::optional<absl::Time> NextRun(const Record& job, absl::Time after,
                                  absl::Time first_seen) {
  const std::string& type = job.Get("run_type");
  if (type == "periodically") {
    const std::optional<absl::Duration> period = PeriodIn(job, "run_period");
    if (!period.has_value()) return std::nullopt;
    return InPeriods(TimeIn(job, "run_start").value_or(first_seen + *period),
                     *period, after);
  }
  if (type == "once") {
    const std::optional<absl::Time> start = TimeIn(job, "run_start");
    if (!start.has_value() || *start <= after) return std::nullopt;
    return start;
  }
  if (type == "daily" || type == "weekly" || type == "monthly") {
    return OnDays(job, type, after);
  }
  return std::nullopt;
}

bool ScheduledJobs::TakeDue(const Record& job, absl::Time now) {
  std::string schedule;
  for (const char* column : {"run_type", "run_period", "run_start", "run_time",
                             "run_dayofweek", "run_dayofmonth"}) {
    absl::StrAppend(&schedule, job.Get(column), "|");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto [it, is_new] = planned_.try_emplace(job.sys_id());
  Planned& planned = it->second;
  if (is_new || planned.schedule != schedule) {
    planned = {schedule, now, NextRun(job, now, now)};
  }
  if (!planned.next.has_value() || *planned.next > now) return false;
  planned.next = NextRun(job, now, planned.first_seen);
  return true;
}

absl::StatusOr<ScriptResult> ScheduledJobs::Run(const Record& job) {
  const std::optional<Actor> user = records_->User(job.Get("run_as"));
  return runner_->Run(
      {.name = absl::StrCat("scheduled job ", job.Get("name")),
       .script = job.Get("script"),
       .condition =
           job.Get("conditional") == "true" ? job.Get("condition") : "",
       .scope = job.Get("sys_scope"),
       .actor = user.value_or(records_->User("admin").value_or(System()))});
}

int ScheduledJobs::RunTriggers(absl::Time now) {
  int ran = 0;
  for (const Record& trigger : records_->Query(
           "sys_trigger",
           absl::StrCat("state=0^next_actionISNOTEMPTY^next_action<=",
                        FormatTimestamp(now)),
           0, System())) {
    const std::optional<absl::Duration> repeat = PeriodIn(trigger, "repeat");
    const std::optional<absl::Time> due = TimeIn(trigger, "next_action");
    const RecordAccess::WriteOptions quietly{.actor = System(),
                                             .run_hooks = false};
    // Before it runs, so that it cannot come again whatever the script does.
    if (repeat.has_value() && due.has_value() &&
        trigger.Get("trigger_type") == "1") {
      (void)records_->Update(
          "sys_trigger", trigger.sys_id(),
          {{"next_action", FormatTimestamp(InPeriods(*due, *repeat, now))}},
          quietly);
    } else {
      (void)records_->Delete("sys_trigger", trigger.sys_id(), quietly);
    }
    (void)Run(trigger);
    ++ran;
  }
  return ran;
}

int ScheduledJobs::RunDue() {
  const absl::Time now = records_->Now();
  int ran = 0;
  for (const Record& job : records_->Query(
           "sysauto_script", "active=true^run_type!=on_demand", 0, System())) {
    if (!TakeDue(job, now)) continue;
    // The script's error is in the log.
    (void)Run(job);
    ++ran;
  }
  return ran + RunTriggers(now);
}

absl::StatusOr<ScriptResult> ScheduledJobs::RunNow(const std::string& name) {
  std::optional<Record> job = records_->Find("sysauto_script", name);
  if (!job.has_value()) {
    for (Record& record :
         records_->Query("sysauto_script", "nameISNOTEMPTY", 0, System())) {
      if (record.Get("name") == name) job = std::move(record);
    }
  }
  if (!job.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        "table sysauto_script has no job with the name or sys_id ", name));
  }
  return Run(*job);
}

void ScheduledJobs::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  planned_.clear();
}

}  // namespace opcon_snow::sandbox::servicenow
