#include "sandbox/opcon/opcon_model.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sandbox/opcon/job_properties.h"
#include "sandbox/opcon/wire_time.h"

namespace opcon_snow::sandbox::opcon {
namespace {

constexpr std::int64_t kFirstUid = 4711;
constexpr int kFirstJobNumber = 49'895;

// Characters that OpCon does not allow in a job's name.
constexpr absl::string_view kForbiddenInJobNames = "<>&'\"|;%()[]{}=\\!*?,";

std::size_t CharacterCount(absl::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string DefaultTermination(const DailyJob& job, JobState state) {
  if (state == JobState::kInitializationError) return "Initialization Error";
  if (state == JobState::kMissedStartTime) return "";
  const int code = state == JobState::kFinishedOk ? 0 : 1;
  return job.type.description == "UNIX" ? absl::StrFormat("+%09d:0000:N", code)
                                        : absl::StrFormat("%010d", code);
}

// The path an agent would give the file; unique to the run.
std::string LogPath(const DailyJob& job, const JobRun& run,
                    absl::string_view name) {
  const absl::CivilDay date = job.id.schedule.date;
  const std::string day =
      absl::StrFormat("%04d%02d%02d", date.year(), date.month(), date.day());
  const std::string folder =
      absl::StrFormat("%d_%d", run.job_number, run.number);
  return job.type.description == "UNIX"
             ? absl::StrCat("/usr/local/lsam/joboutput/", day, "/", folder, "/",
                            name)
             : absl::StrCat("C:\\ProgramData\\OpConxps\\MSLSAM\\JobOutput\\",
                            day, "\\", folder, "\\", name);
}

LogContent GeneratedLog(const DailyJob& job, const JobRun& run) {
  return absl::StrCat("Job ", job.id.job_name, " of ",
                      FormatIsoDate(job.id.schedule.date), ", job number ",
                      run.job_number, ", run ", run.number, "\r\nended with ",
                      run.termination, "\r\n");
}

absl::string_view EndTrigger(JobState state) {
  switch (state) {
    case JobState::kFinishedOk:
      return "Job Finished OK";
    case JobState::kInitializationError:
      return "Job Initialization Error";
    case JobState::kMissedStartTime:
      return "Job Missed Start Time";
    default:
      return "Job Failed";
  }
}

// What an operator's action leaves the job in, and the trigger it fires.
struct ActionEffect {
  JobState state;
  absl::string_view trigger;  // empty: none
};

ActionEffect EffectOf(JobActionKind kind) {
  switch (kind) {
    case JobActionKind::kHold:
      return {JobState::kOnHold, ""};
    case JobActionKind::kRelease:
      return {JobState::kWaitToStart, ""};
    case JobActionKind::kCancel:
      return {JobState::kCancelled, "Job Cancelled"};
    case JobActionKind::kSkip:
      return {JobState::kSkipped, "Job Skipped"};
    case JobActionKind::kKill:
      return {JobState::kJobRunningToBeTerminated, "Job to be Killed"};
    case JobActionKind::kMarkFinishedOk:
      return {JobState::kMarkedFinishedOk, "Job Marked Finished OK"};
    case JobActionKind::kMarkFailed:
      return {JobState::kMarkedFailed, "Job Marked Failed"};
    case JobActionKind::kMarkUnderReview:
      return {JobState::kUnderReview, "Job Under Review"};
    case JobActionKind::kMarkFixed:
      return {JobState::kFixed, "Job Fixed"};
    default:  // start and the restarts: see ApplyAction
      return {JobState::kJobRunning, ""};
  }
}

bool HasRunUnderWay(const DailyJob& job) {
  const JobRun* run = job.ShownRun();
  return run != nullptr && !run->end;
}

absl::Status NoSuchJob(const DailyJobId& id) {
  return absl::NotFoundError(
      absl::StrCat("Daily job ", id.ToString(), " not found"));
}

}  // namespace

OpConModel::OpConModel(ModelOptions options, Clock* clock, NotifyTable* notify)
    : options_(options), clock_(clock), notify_(notify) {
  Reset();
}

void OpConModel::Reset() {
  TouchAll();
  tables_ = Tables{};
  tables_.last_uid = kFirstUid - 1;
  tables_.last_job_number = kFirstJobNumber - 1;
  notify_->Clear();
}

absl::Status OpConModel::CheckDefinition(
    const JobDefinition& definition) const {
  const std::string& name = definition.id.job_name;
  if (name.empty() || CharacterCount(name) > kMaxJobNameCharacters) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a job's name has 1 to ", kMaxJobNameCharacters, " characters"));
  }
  if (name.find_first_of(std::string(kForbiddenInJobNames)) !=
      std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("OpCon does not allow any of ", kForbiddenInJobNames,
                     " in a job's name: ", name));
  }
  const JobCategory category = CategoryOf(definition.state);
  if (category != JobCategory::kHeld && category != JobCategory::kWaiting) {
    return absl::InvalidArgumentError(
        "a job begins in a status of the categories Held and Waiting; then "
        "start, finish or fail it");
  }
  if (definition.log.size() > kMaxLogBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a job log has at most ", kMaxLogBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<DailySchedule*> OpConModel::EnsureSchedule(
    const DailyScheduleId& id, const std::string& name) {
  if (name.empty() || CharacterCount(name) > kMaxScheduleNameCharacters) {
    return absl::InvalidArgumentError(
        absl::StrCat("a schedule's name has 1 to ", kMaxScheduleNameCharacters,
                     " characters"));
  }
  DailySchedule* schedule = FindSchedule(id);
  if (schedule != nullptr && schedule->name != name) {
    return absl::InvalidArgumentError(
        absl::StrCat("daily schedule ", id.ToString(), " has the name '",
                     schedule->name, "', not '", name, "'"));
  }
  if (schedule == nullptr) {
    schedule = &tables_.schedules[id];
    schedule->id = id;
    schedule->uid = ++tables_.last_uid;
    schedule->name = name;
  }
  return schedule;
}

absl::StatusOr<const DailyJob*> OpConModel::DefineJob(
    const JobDefinition& definition) {
  if (absl::Status status = CheckDefinition(definition); !status.ok()) {
    return status;
  }
  const bool exists = tables_.jobs.count(definition.id) != 0;
  if (exists && !definition.replace) {
    return absl::AlreadyExistsError(
        absl::StrCat("daily job ", definition.id.ToString(),
                     " exists; say \"replace\": true to build it anew"));
  }
  if (const auto schedule =
          EnsureSchedule(definition.id.schedule, definition.schedule_name);
      !schedule.ok()) {
    return schedule.status();
  }
  if (exists) tables_.jobs.erase(definition.id);
  const DailyScheduleId& schedule_id = definition.id.schedule;
  EnsureMachine(definition.machine, definition.type);
  EnsureDepartment(definition.department);

  DailyJob job;
  job.id = definition.id;
  job.uid = ++tables_.last_uid;
  job.unique_job_id = absl::StrFormat("%08x-0000-4000-a000-%012x",
                                      schedule_id.schedule_id, job.uid);
  job.frequency = definition.frequency;
  job.department = definition.department;
  job.machine = definition.machine;
  job.type = definition.type;
  job.priority = definition.priority;
  job.tags = definition.tags;
  job.properties = definition.properties;
  job.state = definition.state;
  job.state_since = Now();
  job.predecessors = definition.predecessors;
  job.sub_schedule = definition.sub_schedule;
  job.plan = definition.plan;
  job.job_number = ++tables_.last_job_number;
  job.default_log = definition.log;
  job.log_error = definition.log_error;
  if (!definition.documentation.empty() ||
      !definition.frequency_documentation.empty()) {
    SetDocumentation(job, definition.documentation,
                     definition.frequency_documentation);
  }
  Touch(schedule_id);
  return &tables_.jobs.emplace(job.id, std::move(job)).first->second;
}

void OpConModel::EnsureMachine(const std::string& name, const JobType& type) {
  if (name.empty() || FindMachine(name) != nullptr) return;
  const int id = static_cast<int>(tables_.machines.size()) + 1;
  tables_.machines.push_back({id, name, type});
}

void OpConModel::EnsureDepartment(const std::string& name) {
  if (DepartmentId(name) < 0) tables_.departments.push_back(name);
}

absl::Status OpConModel::StartJob(const DailyJobId& id) {
  DailyJob* job = FindJob(id);
  if (job == nullptr) return NoSuchJob(id);
  if (HasRunUnderWay(*job)) return absl::OkStatus();
  if (IsEnded(CategoryOf(job->state))) Restart(*job);
  Begin(*job);
  return absl::OkStatus();
}

absl::Status OpConModel::EndJob(const DailyJobId& id, const JobEnd& end) {
  DailyJob* job = FindJob(id);
  if (job == nullptr) return NoSuchJob(id);
  const bool runs = HasRunUnderWay(*job);
  if (!runs && IsEnded(CategoryOf(job->state))) Restart(*job);
  const bool never_ran = end.state == JobState::kInitializationError ||
                         end.state == JobState::kMissedStartTime;
  if (never_ran && !runs) {
    AddRun(*job);
  } else if (never_ran) {
    job->runs.back().start.reset();
  } else if (!runs) {
    Begin(*job);
  }
  job->termination = end.termination.empty()
                         ? DefaultTermination(*job, end.state)
                         : end.termination;
  FinishRun(*job, end.state);
  if (!never_ran) KeepLogs(*job, end);
  Reach(*job, end.state,
        end.processing_events.value_or(options_.processing_events));
  Notify(*job, EndTrigger(end.state));
  return absl::OkStatus();
}

absl::Status OpConModel::MarkLateToFinish(const DailyJobId& id) {
  DailyJob* job = FindJob(id);
  if (job == nullptr) return NoSuchJob(id);
  if (job->state != JobState::kJobRunning) return absl::OkStatus();
  Reach(*job, JobState::kJobRunningLateToFinish, absl::ZeroDuration());
  Notify(*job, "Job Late to Finish");
  return absl::OkStatus();
}

absl::Status OpConModel::ApplyAction(const DailyJobId& id, JobActionKind kind,
                                     absl::string_view reason) {
  DailyJob* job = FindJob(id);
  if (job == nullptr) return NoSuchJob(id);
  const std::string refusal = RefusalReason(
      kind, {job->state, job->IsProcessingEvents(Now()), job->IsContainer()});
  if (!refusal.empty()) return absl::FailedPreconditionError(refusal);

  job->change_reason = std::string(reason);
  switch (kind) {
    case JobActionKind::kStart:
      Begin(*job);
      return absl::OkStatus();
    case JobActionKind::kRestart:
    case JobActionKind::kForceRestart:
      Restart(*job);
      Begin(*job);
      return absl::OkStatus();
    case JobActionKind::kRestartOnHold:
      Restart(*job);
      Reach(*job, JobState::kOnHold, absl::ZeroDuration());
      return absl::OkStatus();
    default:
      break;
  }
  const ActionEffect effect = EffectOf(kind);
  if (IsEnded(CategoryOf(effect.state)) &&
      CategoryOf(job->state) == JobCategory::kRunning) {
    FinishRun(*job, effect.state);
  }
  Reach(*job, effect.state, options_.processing_events);
  if (!effect.trigger.empty()) Notify(*job, effect.trigger);
  return absl::OkStatus();
}

void OpConModel::AddRun(DailyJob& job) {
  JobRun run;
  run.number = static_cast<int>(job.runs.size()) + 1;
  run.job_number = job.job_number;
  job.runs.push_back(std::move(run));
  job.shows_last_run = true;
}

void OpConModel::Begin(DailyJob& job) {
  AddRun(job);
  job.runs.back().start = Now();
  job.termination.clear();
  Reach(job, JobState::kJobRunning, absl::ZeroDuration());
  Notify(job, "Job Running");
}

void OpConModel::Restart(DailyJob& job) {
  // A job that was cancelled or skipped before its first start has not used its
  // number yet.
  if (!job.runs.empty() &&
      options_.job_number_on_restart == JobNumberOnRestart::kNew) {
    job.job_number = ++tables_.last_job_number;
  }
  job.shows_last_run = false;
  job.termination.clear();
  Reach(job, JobState::kWaitToStart, absl::ZeroDuration());
  Notify(job, "Job Restarted");
}

void OpConModel::KeepLogs(DailyJob& job, const JobEnd& end) {
  if (!job.RunsOnAgent()) return;
  JobRun& run = job.runs.back();
  if (!end.logs) {
    run.logs.push_back(
        {LogPath(job, run, "Joblog.txt"),
         job.default_log.empty() ? GeneratedLog(job, run) : job.default_log});
    return;
  }
  for (const auto& [name, text] : *end.logs) {
    run.logs.push_back({LogPath(job, run, name), text});
  }
}

void OpConModel::Reach(DailyJob& job, JobState state,
                       absl::Duration processing_events) {
  job.state = state;
  job.state_since = Now();
  Touch(job.id.schedule);
  job.events_until =
      HasProcessingEventsForm(state) && processing_events > absl::ZeroDuration()
          ? Now() + processing_events
          : absl::InfinitePast();
}

void OpConModel::FinishRun(DailyJob& job, JobState state) {
  JobRun* run = job.ShownRun();
  if (run == nullptr || run->end) return;
  run->end = Now();
  run->state = state;
  run->termination = job.termination;
}

void OpConModel::Notify(const DailyJob& job, absl::string_view trigger) {
  const DailySchedule* schedule = FindSchedule(job.id.schedule);
  notify_->Add(trigger, JobProperties(job, *schedule, Now(), options_.zone));
}

}  // namespace opcon_snow::sandbox::opcon
