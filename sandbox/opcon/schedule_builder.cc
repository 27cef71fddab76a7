#include "sandbox/opcon/schedule_builder.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// One row of the daily tables that a master job becomes.
struct Copy {
  std::string name;
  std::string machine;
  std::vector<Property> properties;
};

std::string Numbered(absl::string_view name, int number) {
  return absl::StrFormat("%s$%04d", name, number);
}

std::string InstanceName(const std::string& name,
                         const std::vector<Property>& properties, int number) {
  return properties.empty() ? Numbered(name, number)
                            : absl::StrCat(name, "_", properties[0].value);
}

std::vector<Copy> CopiesOf(const MasterJob& job) {
  std::vector<Copy> instances;
  for (const std::vector<Property>& properties : job.instances) {
    const int number = static_cast<int>(instances.size()) + 1;
    instances.push_back(
        {InstanceName(job.name, properties, number), "", properties});
  }
  if (instances.empty()) instances.push_back({job.name, "", {}});
  std::vector<Copy> copies;
  for (Copy& instance : instances) {
    instance.properties.insert(instance.properties.end(),
                               job.properties.begin(), job.properties.end());
    if (job.machines.size() <= 1) {
      if (!job.machines.empty()) instance.machine = job.machines[0];
      copies.push_back(std::move(instance));
      continue;
    }
    for (const std::string& machine : job.machines) {
      copies.push_back({absl::StrCat(instance.name, "_", machine), machine,
                        instance.properties});
    }
  }
  return copies;
}

JobState FirstState(const MasterJob& job) {
  if (!job.predecessors.empty()) return JobState::kWaitJobDependency;
  return job.plan.start_after > absl::ZeroDuration() ? JobState::kWaitStartTime
                                                     : JobState::kWaitToStart;
}

// Predecessors are named as in the master tables; every copy counts.
std::vector<std::string> DailyPredecessors(const MasterSchedule& master,
                                           const MasterJob& job) {
  std::vector<std::string> names;
  for (const MasterJob& other : master.jobs) {
    if (std::find(job.predecessors.begin(), job.predecessors.end(),
                  other.name) == job.predecessors.end()) {
      continue;
    }
    for (Copy& copy : CopiesOf(other)) names.push_back(std::move(copy.name));
  }
  return names;
}

JobDefinition DefinitionOf(const MasterSchedule& master, const MasterJob& job,
                           const DailySchedule& schedule, const Copy& copy) {
  JobDefinition definition;
  definition.id = {schedule.id, copy.name};
  definition.schedule_name = schedule.name;
  definition.machine = copy.machine;
  definition.type = job.type;
  definition.frequency = job.frequency;
  definition.department = job.department;
  definition.priority = job.priority;
  definition.state = FirstState(job);
  definition.tags = job.tags;
  definition.properties = copy.properties;
  definition.documentation = job.documentation;
  definition.frequency_documentation = job.frequency_documentation;
  definition.log = job.log;
  definition.log_error = job.log_error;
  definition.predecessors = DailyPredecessors(master, job);
  definition.plan = job.plan;
  return definition;
}

int NextInstance(const OpConModel& model, absl::CivilDay date, int schedule) {
  int instance = 1;
  while (model.FindSchedule(DailyScheduleId{date, schedule, instance}) !=
         nullptr) {
    ++instance;
  }
  return instance;
}

class Builder {
 public:
  Builder(const BuildRequest& request, OpConModel& model)
      : request_(request), model_(model) {}

  absl::StatusOr<DailyScheduleId> Build(const MasterSchedule& master,
                                        const DailyScheduleId& id,
                                        const std::string& name) {
    const absl::Status status = BuildInto(master, id, name, std::nullopt, 0);
    if (status.ok()) return id;
    for (const DailyScheduleId& begun : begun_) model_.RemoveSchedule(begun);
    return status;
  }

 private:
  absl::Status BuildInto(const MasterSchedule& master,
                         const DailyScheduleId& id, const std::string& name,
                         std::optional<DailyJobId> container, int depth) {
    if (depth > kMaxSubScheduleDepth) {
      return absl::InvalidArgumentError(
          absl::StrCat("Schedule ", name, " lies too deep."));
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(DailySchedule * schedule,
                                model_.EnsureSchedule(id, name));
    begun_.push_back(id);
    schedule->properties = request_.properties;
    schedule->start = absl::FromCivil(absl::CivilSecond(request_.date),
                                      model_.options().zone) +
                      master.start_time;
    schedule->hold = container       ? ScheduleHold::kWaitsForContainer
                     : request_.hold ? ScheduleHold::kOnHold
                                     : ScheduleHold::kReleased;
    schedule->container = std::move(container);
    for (const MasterJob& job : master.jobs) {
      for (const Copy& copy : CopiesOf(job)) {
        JobDefinition definition = DefinitionOf(master, job, *schedule, copy);
        OPCON_SNOW_ASSIGN_OR_RETURN(
            definition.sub_schedule,
            BuildInside(job, definition.id, name, depth));
        OPCON_SNOW_RETURN_IF_ERROR(model_.DefineJob(definition).status());
      }
    }
    return absl::OkStatus();
  }

  // The schedule inside of a container job.
  absl::StatusOr<std::optional<DailyScheduleId>> BuildInside(
      const MasterJob& job, const DailyJobId& container,
      const std::string& parent, int depth) {
    if (job.sub_schedule.empty()) return std::optional<DailyScheduleId>();
    const MasterSchedule* sub = model_.FindMaster(job.sub_schedule);
    if (sub == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("Schedule ", job.sub_schedule, " not found."));
    }
    const DailyScheduleId id = {request_.date, sub->id,
                                NextInstance(model_, request_.date, sub->id)};
    OPCON_SNOW_RETURN_IF_ERROR(BuildInto(
        *sub, id,
        absl::StrCat(parent, "_", container.job_name, "[", sub->name, "]"),
        container, depth + 1));
    return std::optional<DailyScheduleId>(id);
  }

  const BuildRequest& request_;
  OpConModel& model_;
  std::vector<DailyScheduleId> begun_;
};

// A schedule and what runs inside of its containers.
void RemoveWithInside(const DailyScheduleId& id, OpConModel& model) {
  for (const DailyJob* job : model.JobsOf(id)) {
    if (job->sub_schedule) RemoveWithInside(*job->sub_schedule, model);
  }
  model.RemoveSchedule(id);
}

const MasterJob* FindJobIn(const MasterSchedule& master,
                           absl::string_view name) {
  for (const MasterJob& job : master.jobs) {
    if (absl::EqualsIgnoreCase(job.name, name)) return &job;
  }
  return nullptr;
}

absl::Status CheckJobs(const MasterSchedule& master, const OpConModel& model) {
  std::set<std::string> before;
  for (const MasterJob& job : master.jobs) {
    for (const std::string& predecessor : job.predecessors) {
      // Only jobs further up: so none can wait for itself.
      if (before.count(predecessor) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("after: '", predecessor, "' is no job before '",
                         job.name, "' in this schedule"));
      }
    }
    if (!before.insert(job.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the job '", job.name, "' is there twice"));
    }
    if (!job.sub_schedule.empty() &&
        model.FindMaster(job.sub_schedule) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("sub_schedule: define '", job.sub_schedule, "' first"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DailyScheduleId> BuildSchedule(const BuildRequest& request,
                                              OpConModel& model) {
  const MasterSchedule* master = model.FindMaster(request.schedule);
  if (master == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("Schedule ", request.schedule, " not found."));
  }
  DailyScheduleId id = {request.date, master->id, 1};
  std::string name = master->name;
  if (model.FindSchedule(id) != nullptr) {
    if (request.overwrite) {
      RemoveWithInside(id, model);
    } else if (!master->multi_instance) {
      return absl::AlreadyExistsError(
          absl::StrCat("Schedule ", master->name, " exists on that date."));
    } else {
      id.instance = NextInstance(model, request.date, master->id);
      name = InstanceName(name, request.properties, id.instance);
    }
  }
  if (master->multi_instance && !request.named_instance.empty()) {
    name = absl::StrCat(master->name, "_", request.named_instance);
  }
  // Of its own: what the build changes may not move it.
  const MasterSchedule copy = *master;
  return Builder(request, model).Build(copy, id, name);
}

absl::StatusOr<const DailyJob*> AddJob(const JobAddition& addition,
                                       OpConModel& model) {
  const DailySchedule* schedule = model.FindSchedule(addition.schedule);
  if (schedule == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        "Daily schedule ", addition.schedule.ToString(), " not found."));
  }
  if (schedule->hold == ScheduleHold::kClosed) {
    return absl::FailedPreconditionError(
        absl::StrCat("Schedule ", schedule->name, " is closed."));
  }
  const MasterSchedule* master =
      model.FindMaster(addition.schedule.schedule_id);
  const MasterJob* job =
      master == nullptr ? nullptr : FindJobIn(*master, addition.job);
  if (job == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("Job ", addition.job, " not found in schedule ",
                     master == nullptr ? schedule->name : master->name, "."));
  }
  if (!addition.frequency.empty() &&
      !absl::EqualsIgnoreCase(addition.frequency, job->frequency)) {
    return absl::NotFoundError(absl::StrCat("Frequency ", addition.frequency,
                                            " not found for job ", job->name,
                                            "."));
  }
  Copy copy = {job->name, job->machines.empty() ? "" : job->machines[0],
               addition.properties};
  if (job->multi_instance) {
    copy.name = InstanceName(job->name, addition.properties, 1);
    for (int number = 1; addition.properties.empty() &&
                         model.FindJob({schedule->id, copy.name}) != nullptr;
         ++number) {
      copy.name = Numbered(job->name, number);
    }
  }
  copy.properties.insert(copy.properties.end(), job->properties.begin(),
                         job->properties.end());
  JobDefinition definition = DefinitionOf(*master, *job, *schedule, copy);
  if (addition.on_hold) definition.state = JobState::kOnHold;
  if (model.FindJob(definition.id) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat(
        "Job ", copy.name, " exists in schedule ", schedule->name, "."));
  }
  return model.DefineJob(definition);
}

absl::Status DefineMaster(MasterSchedule master, OpConModel& model) {
  if (master.name.empty()) {
    return absl::InvalidArgumentError("name is required");
  }
  const MasterSchedule* same = model.FindMaster(master.name);
  if (same != nullptr && same->id != master.id) {
    return absl::InvalidArgumentError(
        absl::StrCat("the schedule '", master.name, "' has the id ", same->id));
  }
  OPCON_SNOW_RETURN_IF_ERROR(CheckJobs(master, model));
  model.masters().insert_or_assign(master.id, std::move(master));
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::opcon
