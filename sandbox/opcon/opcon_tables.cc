// The part of OpConModel that keeps rows and finds them; the rules by which
// jobs move are in opcon_model.cc.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sandbox/opcon/opcon_model.h"

namespace opcon_snow::sandbox::opcon {
namespace {

constexpr std::size_t kMaxPastJobs = 100'000;

}  // namespace

const IncidentTicket& OpConModel::AddTicket(DailyJob& job,
                                            absl::string_view ticket_id,
                                            absl::string_view ticket_url) {
  job.tickets.push_back(
      {++tables_.last_row_id, std::string(ticket_id), std::string(ticket_url)});
  return job.tickets.back();
}

absl::Status OpConModel::ReplaceTicket(DailyJob& job, int row,
                                       absl::string_view ticket_id,
                                       absl::string_view ticket_url) {
  for (IncidentTicket& ticket : job.tickets) {
    if (ticket.id != row) continue;
    ticket.ticket_id = std::string(ticket_id);
    ticket.ticket_url = std::string(ticket_url);
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("Incident ticket ", row, " not found"));
}

absl::Status OpConModel::RemoveTicket(DailyJob& job, int row) {
  const auto found =
      std::find_if(job.tickets.begin(), job.tickets.end(),
                   [row](const IncidentTicket& t) { return t.id == row; });
  if (found == job.tickets.end()) {
    return absl::NotFoundError(
        absl::StrCat("Incident ticket ", row, " not found"));
  }
  job.tickets.erase(found);
  return absl::OkStatus();
}

void OpConModel::SetDocumentation(DailyJob& job, absl::string_view text,
                                  absl::string_view frequency) {
  if (job.documentation.id == 0) job.documentation.id = ++tables_.last_row_id;
  job.documentation.job = std::string(text);
  job.documentation.frequency = std::string(frequency);
}

void OpConModel::RemoveSchedule(const DailyScheduleId& id) {
  const auto schedule = tables_.schedules.find(id);
  if (schedule == tables_.schedules.end()) return;
  const auto begin = tables_.jobs.lower_bound({id, ""});
  auto end = begin;
  for (; end != tables_.jobs.end() && end->first.schedule == id; ++end) {
    const std::vector<JobRun>& runs = end->second.runs;
    if (std::any_of(runs.begin(), runs.end(),
                    [](const JobRun& run) { return run.end.has_value(); })) {
      tables_.past_jobs.push_back(std::move(end->second));
    }
  }
  Touch(id);
  tables_.jobs.erase(begin, end);
  tables_.past_schedules.insert_or_assign(id, std::move(schedule->second));
  tables_.schedules.erase(schedule);
  while (tables_.past_jobs.size() > kMaxPastJobs) tables_.past_jobs.pop_front();
}

void OpConModel::Touch(const DailyScheduleId& id) {
  touched_.insert(id);
  const DailySchedule* schedule = FindSchedule(id);
  if (schedule != nullptr && schedule->container) {
    touched_.insert(schedule->container->schedule);
  }
}

void OpConModel::TouchAll() {
  for (const auto& [id, schedule] : tables_.schedules) touched_.insert(id);
}

absl::Status OpConModel::SetScheduleHold(const DailyScheduleId& id,
                                         ScheduleHold hold) {
  DailySchedule* schedule = FindSchedule(id);
  if (schedule == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("Daily schedule ", id.ToString(), " not found"));
  }
  schedule->hold = hold;
  schedule->hold_since = Now();
  Touch(id);
  return absl::OkStatus();
}

DailyJob* OpConModel::FindJob(const DailyJobId& id) {
  const auto found = tables_.jobs.find(id);
  return found == tables_.jobs.end() ? nullptr : &found->second;
}

DailyJob* OpConModel::FindJobByUid(std::int64_t uid) {
  for (auto& [id, job] : tables_.jobs) {
    if (job.uid == uid) return &job;
  }
  return nullptr;
}

const Machine* OpConModel::FindMachine(absl::string_view name) const {
  for (const Machine& machine : tables_.machines) {
    if (absl::EqualsIgnoreCase(machine.name, name)) return &machine;
  }
  return nullptr;
}

const DailySchedule* OpConModel::FindSchedule(const DailyScheduleId& id) const {
  const auto found = tables_.schedules.find(id);
  return found == tables_.schedules.end() ? nullptr : &found->second;
}

DailySchedule* OpConModel::FindSchedule(const DailyScheduleId& id) {
  const auto found = tables_.schedules.find(id);
  return found == tables_.schedules.end() ? nullptr : &found->second;
}

std::vector<const DailyJob*> OpConModel::JobsOf(
    const DailyScheduleId& id) const {
  std::vector<const DailyJob*> jobs;
  for (auto it = tables_.jobs.lower_bound({id, ""});
       it != tables_.jobs.end() && it->first.schedule == id; ++it) {
    jobs.push_back(&it->second);
  }
  return jobs;
}

const DailySchedule& OpConModel::ScheduleOf(const DailyJob& job) const {
  const DailySchedule* schedule = FindSchedule(job.id.schedule);
  return schedule != nullptr ? *schedule
                             : tables_.past_schedules.at(job.id.schedule);
}

const MasterSchedule* OpConModel::FindMaster(absl::string_view name) const {
  for (const auto& [id, master] : tables_.masters) {
    if (absl::EqualsIgnoreCase(master.name, name)) return &master;
  }
  return nullptr;
}

const MasterSchedule* OpConModel::FindMaster(int id) const {
  const auto found = tables_.masters.find(id);
  return found == tables_.masters.end() ? nullptr : &found->second;
}

int OpConModel::DepartmentId(absl::string_view name) const {
  if (name == "<General>") return 0;
  const auto found =
      std::find(tables_.departments.begin(), tables_.departments.end(), name);
  if (found == tables_.departments.end()) return -1;
  return static_cast<int>(found - tables_.departments.begin()) + 1;
}

OpConModel::RunOfJob OpConModel::FindRun(int job_number) const {
  const auto find_in = [&](const DailyJob& job) {
    RunOfJob found;
    for (const JobRun& run : job.runs) {
      if (run.job_number == job_number) found = {&job, &run};
    }
    return found;
  };
  for (const auto& [id, job] : tables_.jobs) {
    if (const RunOfJob found = find_in(job); found.run != nullptr) return found;
  }
  for (auto job = tables_.past_jobs.rbegin(); job != tables_.past_jobs.rend();
       ++job) {
    if (const RunOfJob found = find_in(*job); found.run != nullptr) {
      return found;
    }
  }
  return {};
}

}  // namespace opcon_snow::sandbox::opcon
