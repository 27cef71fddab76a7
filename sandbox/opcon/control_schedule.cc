// POST /_sandbox/schedules, and what it has in common with POST /_sandbox/jobs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/control_api.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

// The first id given to a schedule whose definition does not say one.
constexpr int kFirstScheduleId = 16;

constexpr int kDayMs = 24 * 3600 * 1000;
constexpr std::size_t kMaxJobs = 10'000;
constexpr std::size_t kMaxCopies = 1000;

absl::StatusOr<absl::Duration> ReadMilliseconds(const JsonFields& fields,
                                                absl::string_view name) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const int ms,
                              ReadInt(fields, name, 0, 0, 7 * kDayMs));
  return absl::Milliseconds(ms);
}

absl::StatusOr<PlannedRun> ReadRun(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown(
      {"run_ms", "late_after_ms", "end", "termination", "log", "log_size"}));
  PlannedRun run;
  OPCON_SNOW_ASSIGN_OR_RETURN(run.run_time, ReadMilliseconds(fields, "run_ms"));
  if (fields.Find("late_after_ms") != nullptr) {
    OPCON_SNOW_ASSIGN_OR_RETURN(run.late_after,
                                ReadMilliseconds(fields, "late_after_ms"));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string end, fields.Text("end"));
  const std::optional<JobState> state =
      end.empty() ? JobState::kFinishedOk : ParseState(end);
  if (state != JobState::kFinishedOk && state != JobState::kFailed &&
      state != JobState::kInitializationError &&
      state != JobState::kMissedStartTime) {
    return absl::InvalidArgumentError(
        absl::StrCat("end must be Finished OK, Failed, Initialization Error or "
                     "Missed Start Time, not '",
                     end, "'"));
  }
  run.end = *state;
  OPCON_SNOW_ASSIGN_OR_RETURN(run.termination, fields.Text("termination"));
  OPCON_SNOW_ASSIGN_OR_RETURN(run.log, ReadLog(fields));
  return run;
}

absl::StatusOr<std::vector<std::vector<Property>>> ReadInstances(
    const JsonFields& fields) {
  std::vector<std::vector<Property>> instances;
  const json* list = fields.Find("instances");
  if (list == nullptr) return instances;
  if (!list->is_array() || list->size() > kMaxCopies) {
    return absl::InvalidArgumentError(
        absl::StrCat("instances must be an array of at most ", kMaxCopies));
  }
  for (const json& element : *list) {
    const json wrapped = {{"properties", element}};
    OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields entry,
                                JsonFields::Of(wrapped));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::vector<Property> properties,
                                ReadProperties(entry, "properties", "key"));
    instances.push_back(std::move(properties));
  }
  return instances;
}

absl::StatusOr<std::vector<std::string>> ReadMachines(
    const JsonFields& fields) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::vector<std::string> machines,
                              fields.Texts("machines"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::string machine, fields.Text("machine"));
  if (!machine.empty() && !machines.empty()) {
    return absl::InvalidArgumentError("either machine or machines, not both");
  }
  if (!machine.empty()) machines.push_back(std::move(machine));
  if (machines.size() > kMaxCopies) {
    return absl::InvalidArgumentError(
        absl::StrCat("machines must be at most ", kMaxCopies));
  }
  return machines;
}

absl::StatusOr<MasterJob> ReadMasterJob(const json& value) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(value));
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown({"name",
                                                "job_type",
                                                "machine",
                                                "machines",
                                                "frequency",
                                                "department",
                                                "priority",
                                                "tags",
                                                "properties",
                                                "documentation",
                                                "frequency_documentation",
                                                "log",
                                                "log_size",
                                                "log_error",
                                                "after",
                                                "start_after_ms",
                                                "runs",
                                                "sub_schedule",
                                                "multi_instance",
                                                "instances"}));
  MasterJob job;
  OPCON_SNOW_ASSIGN_OR_RETURN(job.name, fields.Text("name"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.type, ReadJobType(fields));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.machines, ReadMachines(fields));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string frequency,
                              fields.Text("frequency"));
  if (!frequency.empty()) job.frequency = frequency;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string department,
                              fields.Text("department"));
  if (!department.empty()) job.department = department;
  OPCON_SNOW_ASSIGN_OR_RETURN(job.priority,
                              ReadInt(fields, "priority", 0, 0, 9999));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.tags, fields.Texts("tags"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.properties,
                              ReadProperties(fields, "properties", "key"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.documentation, fields.Text("documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.frequency_documentation,
                              fields.Text("frequency_documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<LogContent> log, ReadLog(fields));
  if (log) job.log = *std::move(log);
  OPCON_SNOW_ASSIGN_OR_RETURN(job.log_error, fields.Text("log_error"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.predecessors, fields.Texts("after"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.plan, ReadPlan(fields));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.sub_schedule, fields.Text("sub_schedule"));
  if (!job.sub_schedule.empty()) job.type = *FindJobType("Container");
  OPCON_SNOW_ASSIGN_OR_RETURN(job.multi_instance,
                              fields.Flag("multi_instance"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.instances, ReadInstances(fields));
  if (job.instances.size() * std::max<std::size_t>(job.machines.size(), 1) >
      kMaxCopies) {
    return absl::InvalidArgumentError(
        absl::StrCat("a job has at most ", kMaxCopies, " copies"));
  }
  return job;
}

absl::StatusOr<absl::Duration> ReadTimeOfDay(const std::string& text) {
  absl::CivilSecond second;
  if (text.empty()) return absl::ZeroDuration();
  if (!absl::ParseCivilTime(absl::StrCat("1970-01-01T", text), &second)) {
    return absl::InvalidArgumentError(
        absl::StrCat("start_time must be HH:MM:SS, not '", text, "'"));
  }
  return absl::Seconds(second - absl::CivilSecond(1970, 1, 1));
}

}  // namespace

absl::StatusOr<int> ReadInt(const JsonFields& fields, absl::string_view name,
                            int otherwise, int lowest, int highest) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<std::int64_t> value,
                              fields.Integer(name));
  if (!value) return otherwise;
  if (*value < lowest || *value > highest) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " must be ", lowest, " to ", highest));
  }
  return static_cast<int>(*value);
}

absl::StatusOr<std::optional<LogContent>> ReadLog(const JsonFields& fields) {
  const bool has_log = fields.Find("log") != nullptr;
  OPCON_SNOW_ASSIGN_OR_RETURN(std::string log, fields.Text("log"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const int size,
      ReadInt(fields, "log_size", -1, 0, static_cast<int>(kMaxLogBytes)));
  if (size >= 0) {
    return std::optional<LogContent>(
        LogContent::Repeated(std::move(log), static_cast<std::size_t>(size)));
  }
  return has_log ? std::optional<LogContent>(std::move(log)) : std::nullopt;
}

absl::StatusOr<JobType> ReadJobType(const JsonFields& fields) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string text, fields.Text("job_type"));
  const std::optional<JobType> type =
      FindJobType(text.empty() ? "Windows" : text);
  if (!type) {
    return absl::InvalidArgumentError(
        absl::StrCat("job_type '", text, "' is not known"));
  }
  return *type;
}

absl::StatusOr<JobPlan> ReadPlan(const JsonFields& fields) {
  JobPlan plan;
  OPCON_SNOW_ASSIGN_OR_RETURN(plan.start_after,
                              ReadMilliseconds(fields, "start_after_ms"));
  const json* runs = fields.Find("runs");
  if (runs == nullptr) return plan;
  if (!runs->is_array() || runs->size() > kMaxCopies) {
    return absl::InvalidArgumentError(
        absl::StrCat("runs must be an array of at most ", kMaxCopies));
  }
  for (const json& element : *runs) {
    OPCON_SNOW_ASSIGN_OR_RETURN(PlannedRun run, ReadRun(element));
    plan.runs.push_back(std::move(run));
  }
  return plan;
}

int ScheduleIdFor(const OpConModel& model, const std::string& name) {
  const MasterSchedule* master = model.FindMaster(name);
  if (master != nullptr) return master->id;
  int next = kFirstScheduleId;
  for (const auto& [id, schedule] : model.tables().schedules) {
    if (schedule.name == name) return id.schedule_id;
    next = std::max(next, id.schedule_id + 1);
  }
  for (const auto& [id, other] : model.tables().masters) {
    next = std::max(next, id + 1);
  }
  return next;
}

absl::StatusOr<MasterSchedule> ParseMasterSchedule(const json& body,
                                                   const OpConModel& model) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  OPCON_SNOW_RETURN_IF_ERROR(
      fields.CheckKnown({"name", "schedule_id", "multi_instance", "start_time",
                         "auto_build_days", "jobs"}));
  MasterSchedule master;
  OPCON_SNOW_ASSIGN_OR_RETURN(master.name, fields.Text("name"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      master.id, ReadInt(fields, "schedule_id",
                         ScheduleIdFor(model, master.name), 1, 1'000'000'000));
  OPCON_SNOW_ASSIGN_OR_RETURN(master.multi_instance,
                              fields.Flag("multi_instance"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string start,
                              fields.Text("start_time"));
  OPCON_SNOW_ASSIGN_OR_RETURN(master.start_time, ReadTimeOfDay(start));
  if (fields.Find("auto_build_days") != nullptr) {
    OPCON_SNOW_ASSIGN_OR_RETURN(master.auto_build_days_in_advance,
                                ReadInt(fields, "auto_build_days", 0, 0, 30));
  }
  const json* jobs = fields.Find("jobs");
  if (jobs == nullptr) return master;
  if (!jobs->is_array() || jobs->size() > kMaxJobs) {
    return absl::InvalidArgumentError(
        absl::StrCat("jobs must be an array of at most ", kMaxJobs));
  }
  for (const json& element : *jobs) {
    OPCON_SNOW_ASSIGN_OR_RETURN(MasterJob job, ReadMasterJob(element));
    master.jobs.push_back(std::move(job));
  }
  return master;
}

absl::StatusOr<absl::Duration> ParseClockStep(const json& body,
                                              absl::Duration until_midnight) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown({"advance_ms", "next_day"}));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool next_day, fields.Flag("next_day"));
  if (next_day) return until_midnight;
  OPCON_SNOW_ASSIGN_OR_RETURN(const absl::Duration step,
                              ReadMilliseconds(fields, "advance_ms"));
  if (step == absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        "advance_ms must be from 1, or next_day true");
  }
  return step;
}

}  // namespace opcon_snow::sandbox::opcon
