#include "sandbox/opcon/state_json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/master_json.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

// The readers below throw std::invalid_argument, nlohmann's json::exception,
// and nothing else; StateFromJson catches both.

json TimeToJson(const std::optional<absl::Time>& time) {
  if (!time || *time == absl::InfinitePast()) return nullptr;
  return absl::FormatTime(absl::RFC3339_full, *time, absl::UTCTimeZone());
}

std::optional<absl::Time> TimeFromJson(const json& value) {
  if (value.is_null()) return std::nullopt;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, value.get<std::string>(), &time,
                       &error)) {
    throw std::invalid_argument("not a time: " + value.dump());
  }
  return time;
}

JobState JobStateFromJson(const json& value) {
  const auto state = ParseState(value.get<std::string>());
  if (!state) throw std::invalid_argument("not a status: " + value.dump());
  return *state;
}

JobType TypeFromJson(const json& value) {
  const auto type = FindJobType(value.get<std::string>());
  if (!type) throw std::invalid_argument("not a job type: " + value.dump());
  return *type;
}

DailyScheduleId ScheduleIdFromJson(const json& value) {
  const auto id = DailyScheduleId::Parse(value.get<std::string>());
  if (!id) {
    throw std::invalid_argument("not a daily schedule id: " + value.dump());
  }
  return *id;
}

// In the order of ScheduleHold.
constexpr const char* kHolds[] = {"released", "on hold", "waits for container",
                                  "closed"};

json ScheduleToJson(const DailySchedule& schedule) {
  return {
      {"id", schedule.id.ToString()},
      {"uid", schedule.uid},
      {"name", schedule.name},
      {"properties", PropertiesToJson(schedule.properties)},
      {"hold", kHolds[static_cast<std::size_t>(schedule.hold)]},
      {"hold_since", TimeToJson(schedule.hold_since)},
      {"start", TimeToJson(schedule.start)},
      {"container", schedule.container ? json(schedule.container->ToString())
                                       : json(nullptr)}};
}

DailySchedule ScheduleFromJson(const json& value) {
  DailySchedule schedule;
  schedule.id = ScheduleIdFromJson(value.at("id"));
  schedule.uid = value.at("uid").get<std::int64_t>();
  schedule.name = value.at("name").get<std::string>();
  if (!value.contains("hold")) return schedule;
  schedule.properties = PropertiesFromJson(value.at("properties"));
  const auto* const hold =
      std::find(std::begin(kHolds), std::end(kHolds), value.at("hold"));
  if (hold == std::end(kHolds)) {
    throw std::invalid_argument("not a hold: " + value["hold"].dump());
  }
  schedule.hold = static_cast<ScheduleHold>(hold - std::begin(kHolds));
  schedule.hold_since =
      TimeFromJson(value.at("hold_since")).value_or(absl::InfinitePast());
  schedule.start =
      TimeFromJson(value.at("start")).value_or(absl::InfinitePast());
  if (!value.at("container").is_null()) {
    schedule.container =
        DailyJobId::Parse(value["container"].get<std::string>());
  }
  return schedule;
}

json RunToJson(const JobRun& run) {
  json logs = json::array();
  for (const LogFile& file : run.logs) {
    logs.push_back({{"name", file.name}, {"data", LogToJson(file.data)}});
  }
  return {{"number", run.number},
          {"job_number", run.job_number},
          {"start", TimeToJson(run.start)},
          {"end", TimeToJson(run.end)},
          {"status", StateDescription(run.state)},
          {"termination", run.termination},
          {"logs", std::move(logs)}};
}

JobRun RunFromJson(const json& value) {
  JobRun run;
  run.number = value.at("number").get<int>();
  run.job_number = value.at("job_number").get<int>();
  run.start = TimeFromJson(value.at("start"));
  run.end = TimeFromJson(value.at("end"));
  run.state = JobStateFromJson(value.at("status"));
  run.termination = value.at("termination").get<std::string>();
  for (const json& file : value.at("logs")) {
    run.logs.push_back(
        {file.at("name").get<std::string>(), LogFromJson(file.at("data"))});
  }
  return run;
}

json JobToJson(const DailyJob& job) {
  json runs = json::array();
  for (const JobRun& run : job.runs) runs.push_back(RunToJson(run));
  json tickets = json::array();
  for (const IncidentTicket& ticket : job.tickets) {
    tickets.push_back({{"id", ticket.id},
                       {"ticket_id", ticket.ticket_id},
                       {"ticket_url", ticket.ticket_url}});
  }
  return {{"id", job.id.ToString()},
          {"uid", job.uid},
          {"unique_job_id", job.unique_job_id},
          {"frequency", job.frequency},
          {"department", job.department},
          {"machine", job.machine},
          {"job_type", job.type.description},
          {"priority", job.priority},
          {"tags", job.tags},
          {"properties", PropertiesToJson(job.properties)},
          {"documentation",
           {{"id", job.documentation.id},
            {"job", job.documentation.job},
            {"frequency", job.documentation.frequency}}},
          {"tickets", std::move(tickets)},
          {"status", StateDescription(job.state)},
          {"category", std::string(CategoryName(CategoryOf(job.state)))},
          {"events_until", TimeToJson(job.events_until)},
          {"change_reason", job.change_reason},
          {"job_number", job.job_number},
          {"termination", job.termination},
          {"runs", std::move(runs)},
          {"shows_last_run", job.shows_last_run},
          {"log", LogToJson(job.default_log)},
          {"log_error", job.log_error},
          {"status_since", TimeToJson(job.state_since)},
          {"after", job.predecessors},
          {"sub_schedule", job.sub_schedule ? json(job.sub_schedule->ToString())
                                            : json(nullptr)},
          {"plan", PlanToJson(job.plan)}};
}

DailyJob JobFromJson(const json& value) {
  DailyJob job;
  const auto id = DailyJobId::Parse(value.at("id").get<std::string>());
  if (!id) {
    throw std::invalid_argument("not a daily job id: " + value["id"].dump());
  }
  job.id = *id;
  job.uid = value.at("uid").get<std::int64_t>();
  job.unique_job_id = value.at("unique_job_id").get<std::string>();
  job.frequency = value.at("frequency").get<std::string>();
  job.department = value.at("department").get<std::string>();
  job.machine = value.at("machine").get<std::string>();
  job.type = TypeFromJson(value.at("job_type"));
  job.priority = value.at("priority").get<int>();
  job.tags = value.at("tags").get<std::vector<std::string>>();
  job.properties = PropertiesFromJson(value.at("properties"));
  const json& documentation = value.at("documentation");
  job.documentation = {documentation.at("id").get<int>(),
                       documentation.at("job").get<std::string>(),
                       documentation.at("frequency").get<std::string>()};
  for (const json& ticket : value.at("tickets")) {
    job.tickets.push_back({ticket.at("id").get<int>(),
                           ticket.at("ticket_id").get<std::string>(),
                           ticket.at("ticket_url").get<std::string>()});
  }
  job.state = JobStateFromJson(value.at("status"));
  job.events_until =
      TimeFromJson(value.at("events_until")).value_or(absl::InfinitePast());
  job.change_reason = value.at("change_reason").get<std::string>();
  job.job_number = value.at("job_number").get<int>();
  job.termination = value.at("termination").get<std::string>();
  for (const json& run : value.at("runs")) job.runs.push_back(RunFromJson(run));
  job.shows_last_run = value.at("shows_last_run").get<bool>();
  job.default_log = LogFromJson(value.at("log"));
  job.log_error = value.at("log_error").get<std::string>();
  // What a state of before the clockwork does not have.
  if (!value.contains("plan")) return job;
  job.state_since =
      TimeFromJson(value.at("status_since")).value_or(absl::InfinitePast());
  job.predecessors = value.at("after").get<std::vector<std::string>>();
  if (!value.at("sub_schedule").is_null()) {
    job.sub_schedule = ScheduleIdFromJson(value["sub_schedule"]);
  }
  job.plan = PlanFromJson(value.at("plan"));
  return job;
}

// The tables that a state of before the clockwork does not have.
void AddMastersAndPast(const json& value, OpConModel::Tables& tables) {
  tables.departments = value.at("departments").get<std::vector<std::string>>();
  for (const json& row : value.at("masters")) {
    MasterSchedule master = MasterFromJson(row);
    tables.masters.insert_or_assign(master.id, std::move(master));
  }
  for (const json& row : value.at("global_properties")) {
    GlobalProperty property = GlobalPropertyFromJson(row);
    tables.global_properties.insert_or_assign(property.id, std::move(property));
  }
  for (const json& row : value.at("past_schedules")) {
    DailySchedule schedule = ScheduleFromJson(row);
    tables.past_schedules.insert_or_assign(schedule.id, std::move(schedule));
  }
  for (const json& row : value.at("past_jobs")) {
    DailyJob job = JobFromJson(row);
    if (tables.past_schedules.count(job.id.schedule) == 0) {
      throw std::invalid_argument("a past job without its schedule: " +
                                  job.id.ToString());
    }
    tables.past_jobs.push_back(std::move(job));
  }
}

OpConModel::Tables TablesFromJson(const json& value) {
  OpConModel::Tables tables;
  for (const json& row : value.at("schedules")) {
    DailySchedule schedule = ScheduleFromJson(row);
    tables.schedules.insert_or_assign(schedule.id, std::move(schedule));
  }
  for (const json& row : value.at("jobs")) {
    DailyJob job = JobFromJson(row);
    if (tables.schedules.count(job.id.schedule) == 0) {
      throw std::invalid_argument("a job without its schedule: " +
                                  job.id.ToString());
    }
    tables.jobs.insert_or_assign(job.id, std::move(job));
  }
  for (const json& row : value.at("machines")) {
    tables.machines.push_back({row.at("id").get<int>(),
                               row.at("name").get<std::string>(),
                               TypeFromJson(row.at("type"))});
  }
  if (value.contains("masters")) AddMastersAndPast(value, tables);
  const json& last = value.at("last");
  tables.last_uid = last.at("uid").get<std::int64_t>();
  tables.last_job_number = last.at("job_number").get<int>();
  tables.last_row_id = last.at("row_id").get<int>();
  return tables;
}

NotifyTable::Page NotificationsFromJson(const json& value) {
  NotifyTable::Page page;
  page.epoch = value.at("epoch").get<std::int64_t>();
  for (const json& row : value.at("rows")) {
    Notification notification;
    notification.n = row.at("n").get<std::int64_t>();
    notification.notify_id = row.at("notify_id").get<std::string>();
    notification.trigger = row.at("trigger").get<std::string>();
    notification.properties =
        row.at("properties").get<std::map<std::string, std::string>>();
    page.rows.push_back(std::move(notification));
    if (page.rows.back().n != static_cast<std::int64_t>(page.rows.size())) {
      throw std::invalid_argument("notifications must be numbered from 1");
    }
  }
  page.last = static_cast<std::int64_t>(page.rows.size());
  return page;
}

}  // namespace

json NotificationToJson(const Notification& notification) {
  return {{"n", notification.n},
          {"notify_id", notification.notify_id},
          {"trigger", notification.trigger},
          {"properties", notification.properties}};
}

json StateToJson(const OpConModel::Tables& tables,
                 const NotifyTable::Page& notifications) {
  json schedules = json::array();
  for (const auto& [id, schedule] : tables.schedules) {
    schedules.push_back(ScheduleToJson(schedule));
  }
  json jobs = json::array();
  for (const auto& [id, job] : tables.jobs) jobs.push_back(JobToJson(job));
  json machines = json::array();
  for (const Machine& machine : tables.machines) {
    machines.push_back({{"id", machine.id},
                        {"name", machine.name},
                        {"type", machine.type.description}});
  }
  json rows = json::array();
  for (const Notification& row : notifications.rows) {
    rows.push_back(NotificationToJson(row));
  }
  json masters = json::array();
  for (const auto& [id, master] : tables.masters) {
    masters.push_back(MasterToJson(master));
  }
  json properties = json::array();
  for (const auto& [id, property] : tables.global_properties) {
    properties.push_back(GlobalPropertyToJson(property));
  }
  json past_schedules = json::array();
  for (const auto& [id, schedule] : tables.past_schedules) {
    past_schedules.push_back(ScheduleToJson(schedule));
  }
  json past_jobs = json::array();
  for (const DailyJob& job : tables.past_jobs) {
    past_jobs.push_back(JobToJson(job));
  }
  return {{"schedules", std::move(schedules)},
          {"jobs", std::move(jobs)},
          {"machines", std::move(machines)},
          {"departments", tables.departments},
          {"masters", std::move(masters)},
          {"global_properties", std::move(properties)},
          {"past_schedules", std::move(past_schedules)},
          {"past_jobs", std::move(past_jobs)},
          {"last",
           {{"uid", tables.last_uid},
            {"job_number", tables.last_job_number},
            {"row_id", tables.last_row_id}}},
          {"notifications",
           {{"epoch", notifications.epoch}, {"rows", std::move(rows)}}}};
}

absl::StatusOr<KeptState> StateFromJson(const json& value) {
  try {
    return KeptState{TablesFromJson(value),
                     NotificationsFromJson(value.at("notifications"))};
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  } catch (const std::invalid_argument& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace opcon_snow::sandbox::opcon
