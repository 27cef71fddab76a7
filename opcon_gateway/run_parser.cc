#include "opcon_gateway/run_parser.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/json.h"
#include "opcon_gateway/action_result.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/upstream_json.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

// What a build request says instead of a result once it is done.
constexpr absl::string_view kBuilt = "Completed";

const json& FirstOf(const json& list) {
  static const json* const null = new json(nullptr);
  return list.is_array() && !list.empty() ? list.front() : *null;
}

v1::AddedJob ParseAddedJob(const json& value) {
  v1::AddedJob job;
  job.set_job_name(TextOf(value, "id"));
  job.set_state(ParseActionState(TextOf(value, "result")));
  if (job.state() == v1::ACTION_STATE_FAILED) {
    job.set_message(TextOf(value, "message"));
  }
  if (IsDailyJobId(job.job_name())) job.set_job_id(job.job_name());
  return job;
}

}  // namespace

HistoryRow ParseHistoryRow(const json& value, const SiteZone& site) {
  HistoryRow row;
  row.job_name = TextOf(value, "jobName");
  row.schedule_id = TextOf(MemberOf(value, "scheduleHistory"), "id");
  row.run.set_job_number(Int32Of(value, "jobNumber"));
  *row.run.mutable_status() = ParseJobStatus(MemberOf(value, "jobStatus"));
  row.run.set_termination(TextOf(value, "exitCode"));
  const auto start = ParseWireTime(TextOf(value, "jobStartTime"), site);
  if (start) *row.run.mutable_start_time() = ToTimestamp(start->time);
  // Not the exit condition, whatever its name.
  const auto end = ParseWireTime(TextOf(value, "jobTermination"), site);
  if (end) *row.run.mutable_end_time() = ToTimestamp(end->time);
  row.run.set_machine(TextOf(MemberOf(value, "machine"), "name"));
  return row;
}

std::optional<v1::DailySchedule> ParseDailySchedule(const json& value,
                                                    const SiteZone& site) {
  v1::DailySchedule schedule;
  const std::string id = TextOf(value, "id");
  *schedule.mutable_ref() = ParseScheduleRef(value, id);
  if (id.empty() && schedule.ref().uid() == 0) return std::nullopt;
  const json& status = MemberOf(value, "status");
  schedule.set_status_description(TextOf(status, "description"));
  schedule.set_status_category(TextOf(status, "category"));
  schedule.set_contains_failed_jobs(
      http::FindBool(status, "containsFailedJobs").value_or(false));
  const auto start = ParseHappened(MemberOf(value, "computedStartTime"), site);
  if (start) *schedule.mutable_start_time() = ToTimestamp(start->time);
  const auto end = ParseWireTime(TextOf(value, "endTime"), site);
  if (end) *schedule.mutable_end_time() = ToTimestamp(end->time);
  ParseProperties(MemberOf(value, "properties"), schedule.mutable_properties());
  return schedule;
}

BuildProgress ParseBuildProgress(const json& value) {
  const json& one = value.is_array() ? FirstOf(value) : value;
  BuildProgress progress;
  progress.message = TextOf(one, "message");
  progress.state = ParseActionState(TextOf(one, "result"));
  if (progress.state == v1::ACTION_STATE_SUBMITTED &&
      absl::EqualsIgnoreCase(progress.message, kBuilt)) {
    progress.state = v1::ACTION_STATE_SUCCEEDED;
  }
  return progress;
}

AddProgress ParseAddProgress(const json& value) {
  AddProgress progress;
  const json& item = FirstOf(MemberOf(value, "scheduleActionItems"));
  progress.state = ParseActionState(TextOf(item, "result"));
  if (progress.state == v1::ACTION_STATE_SUBMITTED) {
    progress.state = ParseActionState(TextOf(value, "result"));
  }
  progress.message = TextOf(item, "message");
  if (progress.message.empty()) progress.message = TextOf(value, "message");
  const json& jobs = MemberOf(item, "jobs");
  if (!jobs.is_array()) return progress;
  for (const json& job : jobs) progress.jobs.push_back(ParseAddedJob(job));
  return progress;
}

std::optional<v1::Machine> ParseMachine(const json& value) {
  v1::Machine machine;
  machine.set_name(TextOf(value, "name"));
  if (machine.name().empty()) return std::nullopt;
  machine.set_machine_id(Int64Of(value, "id"));
  machine.set_machine_type(TextOf(MemberOf(value, "type"), "description"));
  // One object, which versions call differently, or the text alone.
  for (const char* name : {"state", "status"}) {
    const json& state = MemberOf(value, name);
    machine.set_state(state.is_object() ? TextOf(state, "state")
                                        : TextOf(value, name));
    if (!machine.state().empty()) break;
  }
  return machine;
}

}  // namespace opcon_snow::opcon
