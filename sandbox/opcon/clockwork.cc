#include "sandbox/opcon/clockwork.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/schedule_builder.h"

namespace opcon_snow::sandbox::opcon {
namespace {

bool IsOver(JobCategory category) {
  return category == JobCategory::kFinishedOk ||
         category == JobCategory::kFixed || category == JobCategory::kSkipped ||
         category == JobCategory::kCancelled;
}

// A job that waits for something that time alone brings.
bool WaitsToStart(const DailyJob& job) {
  return CategoryOf(job.state) == JobCategory::kWaiting &&
         job.state != JobState::kUnderConstruction &&
         job.state != JobState::kPrerunFailed &&
         job.state != JobState::kJobToBeSkipped;
}

const PlannedRun& PlanOf(const DailyJob& job, std::size_t run) {
  return job.plan.runs[std::min(run, job.plan.runs.size()) - 1];
}

bool EndsWithoutStart(const PlannedRun& run) {
  return run.end == JobState::kInitializationError ||
         run.end == JobState::kMissedStartTime;
}

JobEnd EndFrom(const PlannedRun& run) {
  JobEnd end;
  end.state = run.end;
  end.termination = run.termination;
  if (run.log) end.logs.emplace().emplace_back("Joblog.txt", *run.log);
  return end;
}

}  // namespace

Clockwork::Clockwork(int keep_days, OpConModel* model, SteppedClock* clock)
    : keep_days_(keep_days), model_(model), clock_(clock) {
  Reset();
}

void Clockwork::Reset() {
  events_.clear();
  queue_.clear();
  day_ = absl::ToCivilDay(clock_->Now(), model_->options().zone);
  for (const auto& [id, schedule] : model_->tables().schedules) {
    const Event next = NextOf(schedule);
    events_[id] = next;
    queue_.emplace(next.time, id);
  }
  (void)model_->TakeTouched();
}

absl::Time Clockwork::NextMidnight() const {
  return absl::FromCivil(absl::CivilSecond(day_ + 1), model_->options().zone);
}

void Clockwork::Refresh() {
  for (const DailyScheduleId& id : model_->TakeTouched()) {
    const auto known = events_.find(id);
    if (known != events_.end()) {
      queue_.erase({known->second.time, id});
      events_.erase(known);
    }
    const DailySchedule* schedule =
        static_cast<const OpConModel*>(model_)->FindSchedule(id);
    if (schedule == nullptr) continue;
    const Event next = NextOf(*schedule);
    if (next.time == absl::InfiniteFuture()) continue;
    events_[id] = next;
    queue_.emplace(next.time, id);
  }
}

absl::Time Clockwork::NextDue() {
  Refresh();
  const absl::Time midnight = NextMidnight();
  return queue_.empty() ? midnight : std::min(midnight, queue_.begin()->first);
}

int Clockwork::Advance() {
  const absl::Time now = clock_->Now();
  int happened = 0;
  for (absl::Time due = NextDue(); due <= now; due = NextDue()) {
    // Nothing happens before the time at which it became possible, but a
    // changed table may make something possible in the past.
    const SteppedClock::Moment moment(clock_, due);
    if (due == NextMidnight()) {
      RollDay();
    } else {
      // A copy: what happens changes the map.
      const Event event = events_.at(queue_.begin()->second);
      Happen(event);
    }
    ++happened;
  }
  return happened;
}

Clockwork::Event Clockwork::NextOf(const DailySchedule& schedule) const {
  Event next;
  for (const DailyJob* job : model_->JobsOf(schedule.id)) {
    const Event event = EventOf(schedule, *job);
    if (event.time < next.time) next = event;
  }
  return next;
}

Clockwork::Event Clockwork::EventOf(const DailySchedule& schedule,
                                    const DailyJob& job) const {
  const bool planned = !job.plan.runs.empty();
  if (!planned && !job.sub_schedule) return {};
  if (WaitsToStart(job)) return StartOf(schedule, job);
  const JobRun* run = job.ShownRun();
  if (CategoryOf(job.state) != JobCategory::kRunning || run == nullptr ||
      !run->start || run->end) {
    return {};
  }
  if (job.state == JobState::kJobRunningToBeTerminated) {
    return {job.state_since, EventKind::kEnd, job.id};
  }
  if (job.sub_schedule) return EndOfContainer(job);
  const PlannedRun& plan = PlanOf(job, static_cast<std::size_t>(run->number));
  if (plan.late_after && *plan.late_after < plan.run_time &&
      job.state == JobState::kJobRunning) {
    return {*run->start + *plan.late_after, EventKind::kLate, job.id};
  }
  return {*run->start + plan.run_time, EventKind::kEnd, job.id};
}

Clockwork::Event Clockwork::StartOf(const DailySchedule& schedule,
                                    const DailyJob& job) const {
  if (schedule.hold != ScheduleHold::kReleased) return {};
  absl::Time ready =
      std::max({job.state_since, schedule.start, schedule.hold_since});
  for (const std::string& name : job.predecessors) {
    const DailyJob* before = model_->FindJob({schedule.id, name});
    if (before == nullptr) continue;  // taken out: nothing to wait for
    if (!IsOver(CategoryOf(before->state))) return {};
    ready = std::max(ready, before->state_since);
  }
  return {ready + job.plan.start_after, EventKind::kStart, job.id};
}

Clockwork::Event Clockwork::EndOfContainer(const DailyJob& job) const {
  const DailySchedule* inside =
      static_cast<const OpConModel*>(model_)->FindSchedule(*job.sub_schedule);
  absl::Time ended = job.state_since;
  if (inside == nullptr) return {ended, EventKind::kEnd, job.id};
  if (inside->hold == ScheduleHold::kWaitsForContainer) {
    return {ended, EventKind::kRelease, job.id};
  }
  for (const DailyJob* part : model_->JobsOf(inside->id)) {
    if (!IsOver(CategoryOf(part->state))) return {};
    ended = std::max(ended, part->state_since);
  }
  return {ended, EventKind::kEnd, job.id};
}

void Clockwork::Happen(const Event& event) {
  const DailyJob& job = *model_->FindJob(event.job);
  switch (event.kind) {
    case EventKind::kStart:
      return Start(job);
    case EventKind::kLate:
      (void)model_->MarkLateToFinish(event.job);
      return;
    case EventKind::kEnd:
      return End(job);
    case EventKind::kRelease:
      (void)model_->SetScheduleHold(*job.sub_schedule, ScheduleHold::kReleased);
      return;
  }
}

void Clockwork::Start(const DailyJob& job) {
  if (!job.plan.runs.empty()) {
    const PlannedRun& plan = PlanOf(job, job.runs.size() + 1);
    if (EndsWithoutStart(plan)) {
      (void)model_->EndJob(job.id, EndFrom(plan));
      return;
    }
  }
  (void)model_->StartJob(job.id);
}

void Clockwork::End(const DailyJob& job) {
  JobEnd end;
  if (job.state == JobState::kJobRunningToBeTerminated) {
    end.state = JobState::kFailed;
  } else if (job.sub_schedule) {
    end.state = JobState::kFinishedOk;
  } else {
    end = EndFrom(PlanOf(job, job.runs.size()));
    // One that was to end without a start has been started by hand: it fails.
    if (EndsWithoutStart(PlanOf(job, job.runs.size()))) {
      end.state = JobState::kFailed;
    }
  }
  (void)model_->EndJob(job.id, end);
}

void Clockwork::RollDay() {
  ++day_;
  // Copies: what happens changes the maps.
  const std::map<int, MasterSchedule> masters = model_->tables().masters;
  for (const auto& [id, master] : masters) {
    if (!master.auto_build_days_in_advance) continue;
    BuildRequest request;
    request.schedule = master.name;
    request.date = day_ + *master.auto_build_days_in_advance;
    if (model_->FindSchedule(DailyScheduleId{request.date, id, 1}) == nullptr) {
      (void)BuildSchedule(request, *model_);
    }
  }
  if (keep_days_ == 0) return;
  std::vector<DailyScheduleId> old;
  for (const auto& [id, schedule] : model_->tables().schedules) {
    if (id.date + keep_days_ >= day_) break;  // in the order of the dates
    const std::vector<const DailyJob*> jobs = model_->JobsOf(id);
    if (std::none_of(jobs.begin(), jobs.end(), [](const DailyJob* job) {
          return CategoryOf(job->state) == JobCategory::kRunning;
        })) {
      old.push_back(id);
    }
  }
  for (const DailyScheduleId& id : old) model_->RemoveSchedule(id);
}

}  // namespace opcon_snow::sandbox::opcon
