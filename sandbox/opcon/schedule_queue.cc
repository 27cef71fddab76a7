#include "sandbox/opcon/schedule_queue.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::opcon {
namespace {

constexpr int kFirstBuildId = 77;
constexpr int kFirstActionId = 501;

constexpr std::pair<absl::string_view, ScheduleActionName> kActions[] = {
    {"release", {ScheduleActionKind::kRelease}},
    {"hold", {ScheduleActionKind::kHold}},
    {"start", {ScheduleActionKind::kStart}},
    {"close", {ScheduleActionKind::kClose}},
    {"cancelJobs", {ScheduleActionKind::kJobs, JobActionKind::kCancel}},
    {"forceRestartJobs",
     {ScheduleActionKind::kJobs, JobActionKind::kForceRestart}},
    {"holdJobs", {ScheduleActionKind::kJobs, JobActionKind::kHold}},
    {"killJobs", {ScheduleActionKind::kJobs, JobActionKind::kKill}},
    {"markJobsFailed", {ScheduleActionKind::kJobs, JobActionKind::kMarkFailed}},
    {"markJobsFinishedOk",
     {ScheduleActionKind::kJobs, JobActionKind::kMarkFinishedOk}},
    {"markJobsUnderReview",
     {ScheduleActionKind::kJobs, JobActionKind::kMarkUnderReview}},
    {"markJobsFixed", {ScheduleActionKind::kJobs, JobActionKind::kMarkFixed}},
    {"releaseJobs", {ScheduleActionKind::kJobs, JobActionKind::kRelease}},
    {"restartJobs", {ScheduleActionKind::kJobs, JobActionKind::kRestart}},
    {"restartJobsOnHold",
     {ScheduleActionKind::kJobs, JobActionKind::kRestartOnHold}},
    {"startJobs", {ScheduleActionKind::kJobs, JobActionKind::kStart}},
    {"skipJobs", {ScheduleActionKind::kJobs, JobActionKind::kSkip}},
    {"addJobs", {ScheduleActionKind::kAddJobs}},
    {"addJobsOnHold", {ScheduleActionKind::kAddJobsOnHold}},
};

template <typename Part>
ActionResult Together(const std::vector<Part>& parts) {
  const bool all = std::all_of(parts.begin(), parts.end(), [](const Part& p) {
    return p.result == ActionResult::kSuccess;
  });
  return all ? ActionResult::kSuccess : ActionResult::kFailed;
}

template <typename Part>
void Settle(Part& part, const absl::Status& status) {
  part.result = status.ok() ? ActionResult::kSuccess : ActionResult::kFailed;
  part.message = std::string(status.message());
}

}  // namespace

std::optional<ScheduleActionName> ParseScheduleAction(absl::string_view name) {
  for (const auto& [text, action] : kActions) {
    if (text == name) return action;
  }
  return std::nullopt;
}

ScheduleQueue::ScheduleQueue(ActionPolicy policy, OpConModel* model,
                             Clock* clock)
    : policy_(policy), model_(model), clock_(clock) {
  Reset();
}

void ScheduleQueue::Reset() {
  builds_.Clear();
  actions_.Clear();
  last_build_ = kFirstBuildId - 1;
  last_action_ = kFirstActionId - 1;
}

const ScheduleBuild& ScheduleQueue::Submit(ScheduleBuild build) {
  build.id = ++last_build_;
  build.submitted = clock_->Now();
  return builds_.Add(std::move(build));
}

const ScheduleAction& ScheduleQueue::Submit(ScheduleAction action) {
  action.id = ++last_action_;
  action.submitted = clock_->Now();
  return actions_.Add(std::move(action));
}

const ScheduleBuild* ScheduleQueue::PollBuild(int id) {
  return builds_.Poll(id, policy_, [this](auto& b) { CarryOut(b); });
}

const ScheduleAction* ScheduleQueue::PollAction(int id) {
  return actions_.Poll(id, policy_, [this](auto& a) { CarryOut(a); });
}

void ScheduleQueue::Advance() {
  const auto carry_out = [this](auto& action) { CarryOut(action); };
  builds_.Advance(clock_->Now(), policy_, carry_out);
  actions_.Advance(clock_->Now(), policy_, carry_out);
}

absl::Time ScheduleQueue::NextDue() const {
  return std::min(builds_.NextDue(policy_), actions_.NextDue(policy_));
}

void ScheduleQueue::CarryOut(ScheduleBuild& build) {
  for (ScheduleBuildItem& item : build.items) {
    BuildRequest request;
    request.schedule = item.name;
    request.date = item.date;
    request.properties = build.properties;
    request.named_instance = build.named_instance;
    request.overwrite = build.overwrite;
    request.hold = build.hold;
    const absl::StatusOr<DailyScheduleId> id = BuildSchedule(request, *model_);
    Settle(item, id.status());
    if (!id.ok()) continue;
    item.schedule_id = id->schedule_id;
    item.message = "Completed";
  }
  build.result = Together(build.items);
}

void ScheduleQueue::CarryOut(ScheduleAction& action) {
  for (ScheduleActionItem& item : action.items) CarryOutItem(action, item);
  action.result = Together(action.items);
}

void ScheduleQueue::CarryOutItem(const ScheduleAction& action,
                                 ScheduleActionItem& item) {
  const ScheduleActionKind kind = action.action.kind;
  switch (kind) {
    case ScheduleActionKind::kJobs:
      return ActOnJobs(action, item);
    case ScheduleActionKind::kAddJobs:
    case ScheduleActionKind::kAddJobsOnHold:
      return AddJobs(kind == ScheduleActionKind::kAddJobsOnHold, item);
    default:
      Settle(item, ActOnSchedule(kind, item.id));
  }
}

absl::Status ScheduleQueue::ActOnSchedule(ScheduleActionKind kind,
                                          const DailyScheduleId& id) {
  DailySchedule* schedule = model_->FindSchedule(id);
  if (schedule == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("Daily schedule ", id.ToString(), " not found"));
  }
  if (schedule->hold == ScheduleHold::kClosed) {
    return absl::FailedPreconditionError(
        absl::StrCat("Schedule ", schedule->name, " is closed"));
  }
  switch (kind) {
    case ScheduleActionKind::kHold:
      return model_->SetScheduleHold(id, ScheduleHold::kOnHold);
    case ScheduleActionKind::kStart:
      schedule->start = clock_->Now();
      return model_->SetScheduleHold(id, ScheduleHold::kReleased);
    case ScheduleActionKind::kClose:
      for (const DailyJob* job : model_->JobsOf(id)) {
        if (CategoryOf(job->state) == JobCategory::kRunning) {
          return absl::FailedPreconditionError(
              absl::StrCat("Job ", job->id.job_name, " is running"));
        }
      }
      return model_->SetScheduleHold(id, ScheduleHold::kClosed);
    default:
      return model_->SetScheduleHold(id, ScheduleHold::kReleased);
  }
}

void ScheduleQueue::ActOnJobs(const ScheduleAction& action,
                              ScheduleActionItem& item) {
  std::vector<DailyJobId> chosen;
  for (const DailyJob* job : model_->JobsOf(item.id)) {
    const JobCategory category = CategoryOf(job->state);
    const std::vector<JobCategory>& states =
        action.states.empty() ? AllowedFrom(action.action.job_action)
                              : action.states;
    if (std::find(states.begin(), states.end(), category) != states.end()) {
      chosen.push_back(job->id);
    }
  }
  for (const DailyJobId& id : chosen) {
    ScheduleActionJob job;
    job.id = id.ToString();
    job.uid = model_->FindJob(id)->uid;
    Settle(job,
           model_->ApplyAction(id, action.action.job_action, action.reason));
    item.jobs.push_back(std::move(job));
  }
  item.result = Together(item.jobs);
}

void ScheduleQueue::AddJobs(bool on_hold, ScheduleActionItem& item) {
  for (ScheduleActionJob& job : item.jobs) {
    const absl::StatusOr<const DailyJob*> added = AddJob(
        {item.id, job.id, job.frequency, job.properties, on_hold}, *model_);
    Settle(job, added.status());
    if (!added.ok()) continue;
    job.id = (*added)->id.ToString();
    job.uid = (*added)->uid;
  }
  item.result = Together(item.jobs);
}

}  // namespace opcon_snow::sandbox::opcon
