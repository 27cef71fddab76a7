#include "opcon_gateway/job_parser.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/http/json.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

struct CategoryRow {
  v1::JobCategory category;
  absl::string_view name;
};

constexpr std::array<CategoryRow, 10> kCategories = {{
    {v1::JOB_CATEGORY_HELD, "Held"},
    {v1::JOB_CATEGORY_WAITING, "Waiting"},
    {v1::JOB_CATEGORY_RUNNING, "Running"},
    {v1::JOB_CATEGORY_FINISHED_OK, "Finished Ok"},
    {v1::JOB_CATEGORY_FAILED, "Failed"},
    {v1::JOB_CATEGORY_MISSED_START_TIME, "Missed Start Time"},
    {v1::JOB_CATEGORY_CANCELLED, "Cancelled"},
    {v1::JOB_CATEGORY_SKIPPED, "Skipped"},
    {v1::JOB_CATEGORY_UNDER_REVIEW, "Under Review"},
    {v1::JOB_CATEGORY_FIXED, "Fixed"},
}};

// How OpCon ends the description of a status whose events it still works on.
constexpr absl::string_view kProcessingEvents = "; Processing Events";

std::string Squeezed(absl::string_view name) {
  std::string letters;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isspace(byte)) {
      letters.push_back(static_cast<char>(absl::ascii_tolower(byte)));
    }
  }
  return letters;
}

void ParseTimes(const json& value, const SiteZone& site, v1::DailyJob* job) {
  const std::optional<WireTime> start =
      ParseHappened(MemberOf(value, "computedStartTime"), site);
  const std::optional<WireTime> end =
      ParseHappened(MemberOf(value, "computedEndTime"), site);
  if (start) *job->mutable_start_time() = ToTimestamp(start->time);
  if (end) *job->mutable_end_time() = ToTimestamp(end->time);
  // The later one: daylight saving time may begin or end while a job runs.
  const std::optional<WireTime>& said =
      end.has_value() && end->utc_offset.has_value() ? end : start;
  if (said && said->utc_offset) {
    job->mutable_utc_offset()->set_seconds(
        absl::ToInt64Seconds(*said->utc_offset));
  }
}

void ParseTexts(const json& list,
                google::protobuf::RepeatedPtrField<std::string>* texts) {
  if (!list.is_array()) return;
  for (const json& text : list) {
    if (text.is_string()) texts->Add(text.get<std::string>());
  }
}

void ParseTicket(const json& value, v1::DailyJob* job) {
  const std::string id = TextOf(value, "incidentTicketId");
  if (id.empty()) return;
  job->mutable_incident_ticket()->set_ticket_id(id);
  job->mutable_incident_ticket()->set_ticket_url(
      TextOf(value, "incidentTicketURL"));
}

}  // namespace

v1::JobCategory ParseCategory(absl::string_view name) {
  const std::string squeezed = Squeezed(name);
  for (const CategoryRow& row : kCategories) {
    if (Squeezed(row.name) == squeezed) return row.category;
  }
  return v1::JOB_CATEGORY_UNSPECIFIED;
}

absl::string_view CategoryName(v1::JobCategory category) {
  for (const CategoryRow& row : kCategories) {
    if (row.category == category) return row.name;
  }
  return "";
}

v1::JobStatus ParseJobStatus(const json& value) {
  v1::JobStatus status;
  status.set_status_id(Int32Of(value, "id"));
  status.set_description(TextOf(value, "description"));
  status.set_change_reason(TextOf(value, "changeReason"));
  status.set_category_name(TextOf(value, "category"));
  status.set_category(ParseCategory(status.category_name()));
  status.set_processing_events(
      absl::EndsWithIgnoreCase(status.description(), kProcessingEvents));
  return status;
}

v1::JobDocumentation ParseDocumentation(const json& value) {
  v1::JobDocumentation documentation;
  documentation.set_documentation_id(Int64Of(value, "id"));
  documentation.set_job_text(TextOf(value, "job"));
  documentation.set_frequency_text(TextOf(value, "frequency"));
  return documentation;
}

std::optional<WireTime> ParseHappened(const json& computed,
                                      const SiteZone& site) {
  if (http::FindBool(computed, "isEstimated").value_or(false)) {
    return std::nullopt;
  }
  return ParseWireTime(TextOf(computed, "time"), site);
}

v1::DailyScheduleRef ParseScheduleRef(const json& value, absl::string_view id) {
  v1::DailyScheduleRef schedule;
  schedule.set_id(TextOf(value, "id"));
  schedule.set_uid(Int64Of(value, "uid"));
  schedule.set_schedule_id(Int32Of(value, "masterId"));
  schedule.set_schedule_instance(Int32Of(value, "instance"));
  schedule.set_name(TextOf(value, "name"));
  schedule.set_path(TextOf(value, "path"));
  std::optional<google::type::Date> date = ParseWireDate(TextOf(value, "date"));
  if (!date) {
    const std::vector<std::string> parts = absl::StrSplit(id, '|');
    date = ParseIdDate(parts.front());
  }
  if (date) *schedule.mutable_date() = *std::move(date);
  return schedule;
}

void ParseProperties(const json& list,
                     google::protobuf::Map<std::string, std::string>* into) {
  if (!list.is_array()) return;
  for (const json& property : list) {
    // Jobs use "key"; schedule actions call the same thing "name".
    std::string key = TextOf(property, "key");
    if (key.empty()) key = TextOf(property, "name");
    if (!key.empty()) (*into)[key] = TextOf(property, "value");
  }
}

std::optional<v1::DailyJob> ParseDailyJob(const json& value,
                                          const SiteZone& site) {
  v1::DailyJob job;
  job.set_id(TextOf(value, "id"));
  job.set_uid(Int64Of(value, "uid"));
  if (job.id().empty() && job.uid() == 0) return std::nullopt;
  job.set_name(TextOf(value, "name"));
  *job.mutable_schedule() =
      ParseScheduleRef(MemberOf(value, "schedule"), job.id());
  job.set_job_number(Int32Of(value, "jobNumber"));
  job.set_unique_job_id(TextOf(value, "uniqueJobId"));
  *job.mutable_status() = ParseJobStatus(MemberOf(value, "status"));
  job.set_termination(TextOf(value, "terminationDescription"));
  ParseTimes(value, site, &job);
  job.set_frequency(TextOf(MemberOf(value, "frequency"), "name"));
  job.set_job_type(TextOf(MemberOf(value, "jobType"), "description"));
  job.set_department(TextOf(MemberOf(value, "department"), "name"));
  job.set_access_code(TextOf(MemberOf(value, "accessCode"), "name"));
  job.set_start_machine(TextOf(MemberOf(value, "startMachine"), "name"));
  job.set_primary_machine(TextOf(MemberOf(value, "primaryMachine"), "name"));
  ParseTexts(MemberOf(value, "tags"), job.mutable_tags());
  ParseProperties(MemberOf(value, "properties"), job.mutable_properties());
  const json& documentation = MemberOf(value, "documentation");
  if (documentation.is_object()) {
    *job.mutable_documentation() = ParseDocumentation(documentation);
  }
  ParseTicket(value, &job);
  ParseTexts(MemberOf(value, "detailMessages"), job.mutable_detail_messages());
  return job;
}

}  // namespace opcon_snow::opcon
