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

// The first id given to a schedule whose definition does not say one.
constexpr int kFirstScheduleId = 16;

absl::StatusOr<int> IntOr(const JsonFields& fields, absl::string_view name,
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

absl::StatusOr<std::string> TextOr(const JsonFields& fields,
                                   absl::string_view name,
                                   absl::string_view otherwise) {
  if (fields.Find(name) == nullptr) return std::string(otherwise);
  return fields.Text(name);
}

int ScheduleIdOf(const OpConModel& model, const std::string& name) {
  int next = kFirstScheduleId;
  for (const auto& [id, schedule] : model.tables().schedules) {
    if (schedule.name == name) return id.schedule_id;
    next = std::max(next, id.schedule_id + 1);
  }
  return next;
}

// `text` repeated and cut to exactly `size` bytes; numbered lines if it is
// empty, so that a reader can tell which part of a log it has.
std::string Sized(const std::string& text, std::size_t size) {
  std::string result;
  result.reserve(size + text.size() + 32);
  for (int line = 1; result.size() < size; ++line) {
    if (text.empty()) {
      absl::StrAppendFormat(&result, "line %09d of the job log\r\n", line);
    } else {
      result += text;
    }
  }
  // Not in the middle of a character: the rest is filled with dots.
  std::size_t end = size;
  while (end > 0 && end < result.size() &&
         (static_cast<unsigned char>(result[end]) & 0xC0) == 0x80) {
    --end;
  }
  result.resize(end);
  result.append(size - end, '.');
  return result;
}

// The fields "log" and "log_size"; nullopt if there is neither.
absl::StatusOr<std::optional<std::string>> ParseLog(const JsonFields& fields) {
  const bool has_log = fields.Find("log") != nullptr;
  OPCON_SNOW_ASSIGN_OR_RETURN(std::string log, fields.Text("log"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const int size,
      IntOr(fields, "log_size", -1, 0, static_cast<int>(kMaxLogBytes)));
  if (size >= 0) {
    return std::optional<std::string>(
        Sized(log, static_cast<std::size_t>(size)));
  }
  return has_log ? std::optional<std::string>(std::move(log)) : std::nullopt;
}

absl::StatusOr<std::vector<Property>> ParseProperties(
    const JsonFields& fields) {
  std::vector<Property> properties;
  const json* list = fields.Find("properties");
  if (list == nullptr) return properties;
  if (!list->is_array()) {
    return absl::InvalidArgumentError("properties must be an array");
  }
  for (const json& element : *list) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields entry,
                                JsonFields::Of(element));
    Property property;
    OPCON_SNOW_ASSIGN_OR_RETURN(property.key, entry.Text("key"));
    OPCON_SNOW_ASSIGN_OR_RETURN(property.value, entry.Text("value"));
    properties.push_back(std::move(property));
  }
  return properties;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseLogs(
    const json& list) {
  std::vector<std::pair<std::string, std::string>> logs;
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
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown(
      {"date", "schedule", "name", "schedule_id", "schedule_instance",
       "machine", "job_type", "status", "frequency", "department", "priority",
       "tags", "properties", "documentation", "frequency_documentation", "log",
       "log_size", "log_error", "replace"}));
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
      IntOr(fields, "schedule_id", ScheduleIdOf(model, job.schedule_name), 1,
            1'000'000'000));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      job.id.schedule.instance,
      IntOr(fields, "schedule_instance", 1, 1, 1'000'000'000));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.machine, fields.Text("machine"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string type,
                              TextOr(fields, "job_type", "Windows"));
  const std::optional<JobType> known_type = FindJobType(type);
  if (!known_type) {
    return absl::InvalidArgumentError(
        absl::StrCat("job_type '", type, "' is not known"));
  }
  job.type = *known_type;
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
                              IntOr(fields, "priority", 0, 0, 9999));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.tags, fields.Texts("tags"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.properties, ParseProperties(fields));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.documentation, fields.Text("documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.frequency_documentation,
                              fields.Text("frequency_documentation"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<std::string> log, ParseLog(fields));
  job.log = std::move(log).value_or("");
  OPCON_SNOW_ASSIGN_OR_RETURN(job.log_error, fields.Text("log_error"));
  OPCON_SNOW_ASSIGN_OR_RETURN(job.replace, fields.Flag("replace"));
  return job;
}

absl::StatusOr<JobEnd> ParseJobEnd(const json& body, bool failed) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  std::vector<absl::string_view> known = {"termination", "log", "log_size",
                                          "logs", "processing_events_ms"};
  if (failed) known.push_back("status");
  OPCON_SNOW_RETURN_IF_ERROR(fields.CheckKnown(known));
  JobEnd end;
  OPCON_SNOW_ASSIGN_OR_RETURN(end.state, ParseEndState(fields, failed));
  OPCON_SNOW_ASSIGN_OR_RETURN(end.termination, fields.Text("termination"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<std::string> log, ParseLog(fields));
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
       end.logs.value_or(std::vector<std::pair<std::string, std::string>>())) {
    if (data.size() > kMaxLogBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("a job log has at most ", kMaxLogBytes, " bytes"));
    }
  }
  if (fields.Find("processing_events_ms") != nullptr) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const int ms,
        IntOr(fields, "processing_events_ms", 0, 0, 24 * 3600 * 1000));
    end.processing_events = absl::Milliseconds(ms);
  }
  return end;
}

}  // namespace opcon_snow::sandbox::opcon
