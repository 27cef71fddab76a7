#include "sandbox/opcon/master_json.h"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "sandbox/opcon/daily_tables.h"
#include "sandbox/opcon/job_status.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

json MsToJson(absl::Duration duration) {
  return absl::ToInt64Milliseconds(duration);
}

absl::Duration MsFromJson(const json& value) {
  return absl::Milliseconds(value.get<std::int64_t>());
}

json RunToJson(const PlannedRun& run) {
  return {{"run_ms", MsToJson(run.run_time)},
          {"late_after_ms",
           run.late_after ? MsToJson(*run.late_after) : json(nullptr)},
          {"end", StateDescription(run.end)},
          {"termination", run.termination},
          {"log", run.log ? LogToJson(*run.log) : json(nullptr)}};
}

PlannedRun RunFromJson(const json& value) {
  PlannedRun run;
  run.run_time = MsFromJson(value.at("run_ms"));
  if (!value.at("late_after_ms").is_null()) {
    run.late_after = MsFromJson(value.at("late_after_ms"));
  }
  const auto end = ParseState(value.at("end").get<std::string>());
  if (!end) throw std::invalid_argument("not a status: " + value["end"].dump());
  run.end = *end;
  run.termination = value.at("termination").get<std::string>();
  if (!value.at("log").is_null()) run.log = LogFromJson(value.at("log"));
  return run;
}

json JobToJson(const MasterJob& job) {
  json instances = json::array();
  for (const auto& properties : job.instances) {
    instances.push_back(PropertiesToJson(properties));
  }
  return {{"name", job.name},
          {"job_type", job.type.description},
          {"machines", job.machines},
          {"frequency", job.frequency},
          {"department", job.department},
          {"priority", job.priority},
          {"tags", job.tags},
          {"properties", PropertiesToJson(job.properties)},
          {"documentation", job.documentation},
          {"frequency_documentation", job.frequency_documentation},
          {"log", LogToJson(job.log)},
          {"log_error", job.log_error},
          {"after", job.predecessors},
          {"sub_schedule", job.sub_schedule},
          {"multi_instance", job.multi_instance},
          {"instances", std::move(instances)},
          {"plan", PlanToJson(job.plan)}};
}

MasterJob JobFromJson(const json& value) {
  MasterJob job;
  job.name = value.at("name").get<std::string>();
  const auto type = FindJobType(value.at("job_type").get<std::string>());
  if (!type) {
    throw std::invalid_argument("not a job type: " + value["job_type"].dump());
  }
  job.type = *type;
  job.machines = value.at("machines").get<std::vector<std::string>>();
  job.frequency = value.at("frequency").get<std::string>();
  job.department = value.at("department").get<std::string>();
  job.priority = value.at("priority").get<int>();
  job.tags = value.at("tags").get<std::vector<std::string>>();
  job.properties = PropertiesFromJson(value.at("properties"));
  job.documentation = value.at("documentation").get<std::string>();
  job.frequency_documentation =
      value.at("frequency_documentation").get<std::string>();
  job.log = LogFromJson(value.at("log"));
  job.log_error = value.at("log_error").get<std::string>();
  job.predecessors = value.at("after").get<std::vector<std::string>>();
  job.sub_schedule = value.at("sub_schedule").get<std::string>();
  job.multi_instance = value.at("multi_instance").get<bool>();
  for (const json& properties : value.at("instances")) {
    job.instances.push_back(PropertiesFromJson(properties));
  }
  job.plan = PlanFromJson(value.at("plan"));
  return job;
}

}  // namespace

json LogToJson(const LogContent& log) {
  if (!log.repeated()) return log.text();
  return {{"pattern", log.text()}, {"size", log.size()}};
}

LogContent LogFromJson(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  const auto size = value.at("size").get<std::size_t>();
  if (size > kMaxLogBytes) throw std::invalid_argument("a log is too long");
  return LogContent::Repeated(value.at("pattern").get<std::string>(), size);
}

json PlanToJson(const JobPlan& plan) {
  json runs = json::array();
  for (const PlannedRun& run : plan.runs) runs.push_back(RunToJson(run));
  return {{"start_after_ms", MsToJson(plan.start_after)},
          {"runs", std::move(runs)}};
}

JobPlan PlanFromJson(const json& value) {
  JobPlan plan;
  plan.start_after = MsFromJson(value.at("start_after_ms"));
  for (const json& run : value.at("runs")) {
    plan.runs.push_back(RunFromJson(run));
  }
  return plan;
}

json PropertiesToJson(const std::vector<Property>& properties) {
  json list = json::array();
  for (const Property& property : properties) {
    list.push_back({{"key", property.key}, {"value", property.value}});
  }
  return list;
}

std::vector<Property> PropertiesFromJson(const json& value) {
  std::vector<Property> properties;
  for (const json& property : value) {
    properties.push_back({property.at("key").get<std::string>(),
                          property.at("value").get<std::string>()});
  }
  return properties;
}

json MasterToJson(const MasterSchedule& master) {
  json jobs = json::array();
  for (const MasterJob& job : master.jobs) jobs.push_back(JobToJson(job));
  return {{"schedule_id", master.id},
          {"name", master.name},
          {"multi_instance", master.multi_instance},
          {"start_time_ms", MsToJson(master.start_time)},
          {"auto_build_days", master.auto_build_days_in_advance
                                  ? json(*master.auto_build_days_in_advance)
                                  : json(nullptr)},
          {"jobs", std::move(jobs)}};
}

MasterSchedule MasterFromJson(const json& value) {
  MasterSchedule master;
  master.id = value.at("schedule_id").get<int>();
  master.name = value.at("name").get<std::string>();
  master.multi_instance = value.at("multi_instance").get<bool>();
  master.start_time = MsFromJson(value.at("start_time_ms"));
  if (!value.at("auto_build_days").is_null()) {
    master.auto_build_days_in_advance = value["auto_build_days"].get<int>();
  }
  for (const json& job : value.at("jobs")) {
    master.jobs.push_back(JobFromJson(job));
  }
  return master;
}

json GlobalPropertyToJson(const GlobalProperty& property) {
  return {{"id", property.id},
          {"name", property.name},
          {"value", property.value},
          {"documentation", property.documentation},
          {"encrypted", property.encrypted}};
}

GlobalProperty GlobalPropertyFromJson(const json& value) {
  return {value.at("id").get<int>(), value.at("name").get<std::string>(),
          value.at("value").get<std::string>(),
          value.at("documentation").get<std::string>(),
          value.at("encrypted").get<bool>()};
}

}  // namespace opcon_snow::sandbox::opcon
