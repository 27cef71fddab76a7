#include "sandbox/opcon/json_view.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/wire_time.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

json TextOrNull(absl::string_view text) {
  return text.empty() ? json(nullptr) : json(std::string(text));
}

json StatusValue(JobState state, bool processing_events,
                 absl::string_view reason) {
  const JobCategory category = CategoryOf(state);
  return {{"id", StatusId(state)},
          {"startStatus", 0},
          {"description", StateDescription(state, processing_events)},
          {"category", std::string(CategoryName(category))},
          {"changeReason", TextOrNull(reason)}};
}

json TypeValue(const JobType& type) {
  return {{"id", type.id}, {"description", type.description}};
}

json NamedReference(int id, absl::string_view name) {
  return {{"id", id}, {"name", std::string(name)}};
}

std::int64_t Seconds(absl::Duration duration) {
  return absl::ToInt64Seconds(duration);
}

json ScheduleStatusValue(const ScheduleStatus& status) {
  return {{"id", status.id},
          {"description", status.description},
          {"category", status.category},
          {"containsFailedJobs", status.contains_failed_jobs}};
}

// In the order of JobCategory.
constexpr std::array<const char*, kJobCategoryCount> kCountNames = {
    "held",       "waiting", "running",
    "finishedOk", "failed",  "missedStartTime",
    "cancelled",  "skipped", "underReview",
    "fixed"};

}  // namespace

json JsonView::Time(const std::optional<absl::Time>& time) const {
  if (!time) return nullptr;
  return FormatWireTime(*time, model_.options().zone);
}

json JsonView::MachineReference(const std::string& name) const {
  const Machine* machine = name.empty() ? nullptr : model_.FindMachine(name);
  if (machine == nullptr) return nullptr;
  return NamedReference(machine->id, machine->name);
}

json JsonView::Status(const DailyJob& job) const {
  return StatusValue(job.state, job.IsProcessingEvents(model_.Now()),
                     job.change_reason);
}

void JsonView::AddTimes(const DailyJob& job, json& value) const {
  const JobRun* run = job.ShownRun();
  const bool started = run != nullptr && run->start;
  const bool ended = run != nullptr && run->end;
  // A running job shows an estimate in the place of its end, so a client must
  // look at isEstimated.
  std::optional<absl::Time> end;
  if (ended) {
    end = run->end;
  } else if (started) {
    end = *run->start + absl::Minutes(1);
  }
  value["computedStartTime"] = {
      {"time", started ? Time(run->start) : json(nullptr)},
      {"isEstimated", !started},
      {"programmedFor", nullptr},
      {"consideredLateAt", nullptr},
      {"latestStart", nullptr}};
  value["computedEndTime"] = {{"time", Time(end)}, {"isEstimated", !ended}};
  value["computedDuration"] = {
      {"duration", started && end ? Seconds(*end - *run->start) : 0},
      {"isEstimated", !ended}};
  value["feedback"] = {{"jobStatusDescription",
                        json::array({StateDescription(
                            job.state, job.IsProcessingEvents(model_.Now()))})},
                       {"totalProcessorTime", nullptr},
                       {"jobEndTime", ended ? Time(run->end) : json(nullptr)}};
}

json JsonView::Job(const DailyJob& job, Parts parts) const {
  const IncidentTicket* ticket =
      job.tickets.empty() ? nullptr : &job.tickets.front();
  json value = {
      {"id", job.id.ToString()},
      {"uid", job.uid},
      {"schedule", Schedule(model_.ScheduleOf(job))},
      {"name", job.id.job_name},
      {"frequency", {{"name", job.frequency}}},
      {"priority", job.priority},
      {"jobType", TypeValue(job.type)},
      {"department",
       NamedReference(model_.DepartmentId(job.department), job.department)},
      {"accessCode", NamedReference(0, "<General>")},
      {"startMachine", job.ShownRun() != nullptr ? MachineReference(job.machine)
                                                 : json(nullptr)},
      {"primaryMachine", MachineReference(job.machine)},
      {"alternateMachine", nullptr},
      {"alternateMachine2", nullptr},
      {"alternateMachine3", nullptr},
      {"machineGroup", nullptr},
      {"status", Status(job)},
      {"terminationDescription", TextOrNull(job.termination)},
      {"jobNumber", job.job_number},
      {"incidentTicketId",
       ticket == nullptr ? json(nullptr) : TextOrNull(ticket->ticket_id)},
      {"incidentTicketURL",
       ticket == nullptr ? json(nullptr) : TextOrNull(ticket->ticket_url)},
      {"jorsRequestParameters", nullptr},
      {"steps", json::array()},
      {"documentation", parts.documentation ? DocumentationOf(job.documentation)
                                            : json(nullptr)},
      {"resourceDependencies", json::array()},
      {"thresholdDependencies", json::array()},
      {"resourceUpdates", json::array()},
      {"thresholdUpdates", json::array()},
      {"dependencies",
       parts.dependencies ? DependenciesOf(job) : json::array()},
      {"expressionDependencies", nullptr},
      {"events", json::array()},
      {"tags", job.tags},
      {"properties", PropertiesOf(job.properties)},
      {"isRecurrent", false},
      {"detailMessages", json::array()},
      {"uniqueJobId", job.unique_job_id},
  };
  AddTimes(job, value);
  return value;
}

std::string JsonView::DateOf(absl::CivilDay date) const {
  return date_form_ == ScheduleDateForm::kDateTime ? FormatWireDateTime(date)
                                                   : FormatIsoDate(date);
}

std::string JsonView::DefinedStart(const DailySchedule& schedule) const {
  const absl::TimeZone zone = model_.options().zone;
  const absl::Time midnight =
      absl::FromCivil(absl::CivilSecond(schedule.id.date), zone);
  const absl::Time start = std::max(schedule.start, midnight);
  return absl::FormatTime("%H:%M:%S", start, zone);
}

json JsonView::ScheduleStatusOf(const DailyScheduleId& id) const {
  if (model_.FindSchedule(id) == nullptr) return nullptr;
  return ScheduleStatusValue(StatusOf(model_, id));
}

json JsonView::DependenciesOf(const DailyJob& job) const {
  json list = json::array();
  for (const std::string& name : job.predecessors) {
    const auto found = model_.tables().jobs.find({job.id.schedule, name});
    if (found == model_.tables().jobs.end()) continue;
    const DailyJob& before = found->second;
    const JobCategory category = CategoryOf(before.state);
    list.push_back({{"id", static_cast<int>(list.size()) + 1},
                    {"predecessor",
                     {{"id", before.id.ToString()},
                      {"name", before.id.job_name},
                      {"status", StateDescription(before.state)}}},
                    {"isSatisfied", category == JobCategory::kFinishedOk ||
                                        category == JobCategory::kFixed ||
                                        category == JobCategory::kSkipped}});
  }
  return list;
}

json JsonView::Schedule(const DailySchedule& schedule) const {
  const ScheduleStatus status = StatusOf(model_, schedule.id);
  const std::optional<absl::Time> start = status.first_start;
  const std::optional<absl::Time> end = status.last_end;
  return {
      {"id", schedule.id.ToString()},
      {"uid", schedule.uid},
      {"date", DateOf(schedule.id.date)},
      {"masterId", schedule.id.schedule_id},
      {"instance", schedule.id.instance},
      {"name", schedule.name},
      {"path", nullptr},
      {"status", ScheduleStatusValue(status)},
      {"definedStartTime", DefinedStart(schedule)},
      {"computedStartTime", {{"time", Time(start)}, {"isEstimated", !start}}},
      {"endTime", Time(end)},
      {"duration", start && end ? Seconds(*end - *start) : 0},
      {"containerJobId", schedule.container
                             ? json(schedule.container->ToString())
                             : json(nullptr)},
      {"workWeek", 0},
      {"properties", PropertiesOf(schedule.properties)},
      {"events", json::array()},
  };
}

json JsonView::History(const HistoryRow& row) const {
  const DailyJob& job = *row.job;
  const JobRun& run = *row.run;
  const bool measured = run.start && run.end;
  return {
      {"id", absl::StrCat(job.unique_job_id, "-", run.number)},
      {"jobName", job.id.job_name},
      {"jobNumber", run.job_number},
      {"scheduleHistory", Schedule(model_.ScheduleOf(job))},
      {"jobStartTime", Time(run.start)},
      {"jobStatus", StatusValue(run.state, false, "")},
      {"jobTermination", Time(run.end)},  // the time it ended, not the code
      {"duration", measured ? Seconds(*run.end - *run.start) : 0},
      {"machine", MachineReference(job.machine)},
      {"exitCode", TextOrNull(run.termination)},
      {"department",
       NamedReference(model_.DepartmentId(job.department), job.department)},
      {"jorsRequestParameters", nullptr},
      {"frequency", {{"name", job.frequency}}},
      {"tokenReplacementValues", json::array()},
      {"tags", job.tags},
      {"jobType", TypeValue(job.type)},
      {"agentStartCommand", nullptr},
      {"detailsMessages", json::array()},
      {"jobHistoryNotes", json::array()},
  };
}

json JsonView::TokenOf(const Token& token) const {
  const bool user = token.application.empty();
  // .NET's last moment stands for "never".
  const json until = token.valid_until == absl::InfiniteFuture()
                         ? json("9999-12-31T23:59:59.9999999")
                         : Time(token.valid_until);
  return {{"id", token.id},
          {"user", {{"id", 1}, {"loginName", token.login_name}}},
          {"tokenType",
           {{"id", TextOrNull(token.application)},
            {"type", user ? "User" : "Application"}}},
          {"validFrom", Time(token.valid_from)},
          {"validUntil", until},
          {"passwordExpired", false}};
}

json JsonView::MachineOf(const Machine& machine) {
  return {{"id", machine.id},
          {"name", machine.name},
          {"type", TypeValue(machine.type)},
          {"status",
           {{"state", "U"}, {"networkStatus", "U"}, {"operationStatus", "U"}}}};
}

json JsonView::Ticket(const IncidentTicket& ticket) {
  return {{"id", ticket.id},
          {"ticketId", TextOrNull(ticket.ticket_id)},
          {"ticketUrl", TextOrNull(ticket.ticket_url)}};
}

json JsonView::DocumentationOf(const Documentation& documentation) {
  return {{"id", documentation.id},
          {"job", TextOrNull(documentation.job)},
          {"frequency", TextOrNull(documentation.frequency)}};
}

json JsonView::PropertyOf(const Property& property) {
  return {{"key", property.key}, {"value", property.value}};
}

json JsonView::PropertiesOf(const std::vector<Property>& properties) {
  json list = json::array();
  for (const Property& property : properties) {
    list.push_back(PropertyOf(property));
  }
  return list;
}

json JsonView::GlobalPropertyOf(const GlobalProperty& property) {
  return {{"id", property.id},
          {"name", property.name},
          {"value", property.encrypted ? json(nullptr) : json(property.value)},
          {"documentation", TextOrNull(property.documentation)},
          {"encrypted", property.encrypted}};
}

json JsonView::CountByStatus(const std::vector<const DailyJob*>& jobs) {
  std::array<int, kJobCategoryCount> counts = {};
  for (const DailyJob* job : jobs) {
    ++counts[static_cast<std::size_t>(CategoryOf(job->state))];
  }
  json value = json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    value[kCountNames[i]] = counts[i];
  }
  return value;
}

}  // namespace opcon_snow::sandbox::opcon
