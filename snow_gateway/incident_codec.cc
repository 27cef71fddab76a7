#include "snow_gateway/incident_codec.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/http/url.h"
#include "snow_gateway/row.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

// 0 for what is no number or out of range.
std::int64_t NumberOf(const nlohmann::json& row, absl::string_view column) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(ValueOf(row, column), &number)) return 0;
  return number;
}

std::int32_t SmallNumberOf(const nlohmann::json& row,
                           absl::string_view column) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(
      NumberOf(row, column), 0, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

std::string FormUrl(absl::string_view base_url, absl::string_view table,
                    absl::string_view sys_id) {
  return absl::StrCat(
      base_url, "/nav_to.do?uri=",
      http::PercentEncode(absl::StrCat(table, ".do?sys_id=", sys_id)));
}

v1::IncidentState StateOf(absl::string_view value) {
  std::int32_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number <= 0 ||
      !v1::IncidentState_IsValid(number)) {
    return v1::INCIDENT_STATE_UNSPECIFIED;
  }
  return static_cast<v1::IncidentState>(number);
}

bool IsKnownState(v1::IncidentState state) {
  return state != v1::INCIDENT_STATE_UNSPECIFIED &&
         v1::IncidentState_IsValid(state);
}

v1::Incident IncidentFromRow(const nlohmann::json& row,
                             absl::string_view base_url,
                             absl::string_view table,
                             const std::vector<std::string>& columns) {
  v1::Incident incident;
  incident.set_sys_id(ValueOf(row, "sys_id"));
  incident.set_number(ValueOf(row, "number"));
  incident.set_state_value(ValueOf(row, "state"));
  incident.set_state(StateOf(incident.state_value()));
  incident.set_short_description(ValueOf(row, "short_description"));
  incident.set_description(ValueOf(row, "description"));
  incident.set_correlation_id(ValueOf(row, "correlation_id"));
  incident.set_correlation_display(ValueOf(row, "correlation_display"));
  incident.set_close_code(ValueOf(row, "close_code"));
  incident.set_close_notes(ValueOf(row, "close_notes"));
  incident.set_active(ValueOf(row, "active") == "true");
  incident.set_reopen_count(SmallNumberOf(row, "reopen_count"));
  incident.set_updated_by(ValueOf(row, "sys_updated_by"));
  incident.set_modification_count(NumberOf(row, "sys_mod_count"));
  if (!incident.sys_id().empty()) {
    incident.set_url(FormUrl(base_url, table, incident.sys_id()));
  }
  if (const auto created = ParseWireTime(ValueOf(row, "sys_created_on"))) {
    *incident.mutable_create_time() = ToTimestamp(*created);
  }
  if (const auto updated = ParseWireTime(ValueOf(row, "sys_updated_on"))) {
    *incident.mutable_update_time() = ToTimestamp(*updated);
  }
  for (const std::string& column : columns) {
    auto field = FindField(row, column, /*display=*/false);
    if (field.has_value()) {
      (*incident.mutable_fields())[column] = *std::move(field);
    }
  }
  return incident;
}

v1::JournalEntry JournalEntryFromRow(const nlohmann::json& row) {
  v1::JournalEntry entry;
  entry.set_sys_id(ValueOf(row, "sys_id"));
  entry.set_column(JournalColumnOf(ValueOf(row, "element")));
  entry.set_text(ValueOf(row, "value"));
  entry.set_created_by(ValueOf(row, "sys_created_by"));
  if (const auto created = ParseWireTime(ValueOf(row, "sys_created_on"))) {
    *entry.mutable_create_time() = ToTimestamp(*created);
  }
  return entry;
}

v1::Attachment AttachmentFromRow(const nlohmann::json& row) {
  v1::Attachment attachment;
  attachment.set_sys_id(ValueOf(row, "sys_id"));
  attachment.set_table(ValueOf(row, "table_name"));
  attachment.set_record_sys_id(ValueOf(row, "table_sys_id"));
  attachment.set_file_name(ValueOf(row, "file_name"));
  attachment.set_content_type(ValueOf(row, "content_type"));
  attachment.set_size_bytes(
      std::max<std::int64_t>(0, NumberOf(row, "size_bytes")));
  attachment.set_sha256(absl::AsciiStrToLower(ValueOf(row, "hash")));
  if (const auto created = ParseWireTime(ValueOf(row, "sys_created_on"))) {
    *attachment.mutable_create_time() = ToTimestamp(*created);
  }
  return attachment;
}

v1::Record RecordFromRow(const nlohmann::json& row, absl::string_view table,
                         const std::vector<std::string>& columns,
                         bool display_values) {
  v1::Record record;
  record.set_sys_id(ValueOf(row, "sys_id"));
  record.set_table(std::string(table));
  for (const std::string& column : columns) {
    auto field = FindField(row, column, display_values);
    if (field.has_value()) {
      (*record.mutable_fields())[column] = *std::move(field);
    }
  }
  return record;
}

absl::string_view JournalColumnName(v1::JournalColumn column) {
  switch (column) {
    case v1::JOURNAL_COLUMN_WORK_NOTES:
      return "work_notes";
    case v1::JOURNAL_COLUMN_COMMENTS:
      return "comments";
    default:
      return "";
  }
}

v1::JournalColumn JournalColumnOf(absl::string_view name) {
  if (name == "work_notes") return v1::JOURNAL_COLUMN_WORK_NOTES;
  if (name == "comments") return v1::JOURNAL_COLUMN_COMMENTS;
  return v1::JOURNAL_COLUMN_UNSPECIFIED;
}

}  // namespace opcon_snow::snow
