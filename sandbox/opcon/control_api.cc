#include "sandbox/opcon/control_api.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/json_input.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

absl::StatusOr<std::string> TextOr(const JsonFields& fields,
                                   absl::string_view name,
                                   absl::string_view otherwise) {
  if (fields.Find(name) == nullptr) return std::string(otherwise);
  return fields.Text(name);
}

absl::StatusOr<std::vector<std::pair<std::string, LogContent>>> ParseLogs(
    const json& list) {
  std::vector<std::pair<std::string, LogContent>> logs;
  if (!list.is_array()) {
    return absl::InvalidArgumentError("logs must be an array");
  }
  for (const json& element : list) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields entry,
                                JsonFields::Of(element));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string name, entry.Text("name"));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string data, entry.Text("data"));
    if (name.empty() || name.find_first_of("/\\") != std::string::npos) {
      return absl::InvalidArgumentError(
          "logs[].name must be the last part of a path");
    }
    logs.emplace_back(std::move(name), std::move(data));
  }
  return logs;
}

absl::StatusOr<JobState> ParseEndState(const JsonFields& fields, bool failed) {
  if (!failed) return JobState::kFinishedOk;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string text,
                              TextOr(fields, "status", "Failed"));
  const std::optional<JobState> state = ParseState(text);
  if (state == JobState::kFailed || state == JobState::kInitializationError ||
      state == JobState::kMissedStartTime) {
    return *state;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("status must be Failed, Initialization Error or Missed "
                   "Start Time, not '",
                   text, "'"));
}

}  // namespace

absl::StatusOr<JobDefinition> ParseJobDefinition(const json& body,
                                                 const OpConModel& model) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown({"date",
                                                "schedule",
                                                "name",
                                                "schedule_id",
                                                "schedule_instance",
                                                "machine",
                                                "job_type",
                                                "status",
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
                                                "replace"}));
  JobDefinition job;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string date, fields.Text("date"));
  const std::optional<absl::CivilDay> day = ParseDate(date);
  if (!day) {
    return absl::InvalidArgumentError(
        absl::StrCat("date must be yyyy-MM-dd, not '", date, "'"));
  }
  job.id.schedule.date = *day;
  OPCON_SNOW_ASSIGN_OR_RETURN(job.id.job_name, fields.Text("name"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.schedule_name, fields.Text("schedule"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      job.id.schedule.schedule_id,
      ReadInt(fields, "schedule_id", ScheduleIdFor(model, job.schedule_name), 1,
              1'000'000'000));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      job.id.schedule.instance,
      ReadInt(fields, "schedule_instance", 1, 1, 1'000'000'000));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.machine, fields.Text("machine"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.type, ReadJobType(fields));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string status,
                              TextOr(fields, "status", "Wait to Start"));
  const std::optional<JobState> state = ParseState(status);
  if (!state) {
    return absl::InvalidArgumentError(
        absl::StrCat("status '", status, "' is not known"));
  }
  job.state = *state;
  OPCON_SNOW_ASSIGN_OR_RETURN(job.frequency,
                              TextOr(fields, "frequency", "AllDays"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.department,
                              TextOr(fields, "department", "<General>"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.priority,
                              ReadInt(fields, "priority", 0, 0, 9999));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.tags, fields.Texts("tags"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.properties,
                              ReadProperties(fields, "properties", "key"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.documentation, fields.Text("documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.frequency_documentation,
                              fields.Text("frequency_documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<LogContent> log, ReadLog(fields));
  job.log = std::move(log).value_or("");
  OPCON_SNOW_ASSIGN_OR_RETURN(job.log_error, fields.Text("log_error"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.predecessors, fields.Texts("after"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.plan, ReadPlan(fields));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.replace, fields.Flag("replace"));
  return job;
}

absl::StatusOr<JobEnd> ParseJobEnd(const json& body, bool failed) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  std::vector<absl::string_view> known = {
      "termination", "log", "log_size", "logs", "processing_events_ms", "time"};
  if (failed) known.push_back("status");
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown(known));
  JobEnd end;
  OPCON_SNOW_ASSIGN_OR_RETURN(end.state, ParseEndState(fields, failed));
  OPCON_SNOW_ASSIGN_OR_RETURN(end.termination, fields.Text("termination"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<LogContent> log, ReadLog(fields));
  if (const json* list = fields.Find("logs"); list != nullptr) {
    if (log) {
      return absl::InvalidArgumentError("either log or logs, not both");
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(end.logs, ParseLogs(*list));
  } else if (log) {
    end.logs.emplace();
    end.logs->emplace_back("Joblog.txt", *std::move(log));
  }
  for (const auto& [name, data] :
       end.logs.value_or(std::vector<std::pair<std::string, LogContent>>())) {
    if (data.size() > kMaxLogBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("a job log has at most ", kMaxLogBytes, " bytes"));
    }
  }
  if (fields.Find("processing_events_ms") != nullptr) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const int ms,
        ReadInt(fields, "processing_events_ms", 0, 0, 24 * 3600 * 1000));
    end.processing_events = absl::Milliseconds(ms);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string time, fields.Text("time"));
  absl::Time ended;
  std::string error;
  if (!time.empty()) {
    if (!absl::ParseTime(absl::RFC3339_full, time, &ended, &error)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "time must be as 2026-01-05T10:00:07-06:00, not '", time, "'"));
    }
    end.time = ended;
  }
  return end;
}

}  // namespace opcon_snow::sandbox::opcon
