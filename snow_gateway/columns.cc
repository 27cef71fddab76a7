#include "snow_gateway/columns.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace opcon_snow::snow {
namespace {

// Of the stock incident table and the task table that it extends.
constexpr std::array<ReferenceColumn, 20> kReferences = {{
    {"assigned_to", "sys_user", {"user_name", "name"}},
    {"assignment_group", "sys_user_group", {"name", ""}},
    {"business_service", "cmdb_ci_service", {"name", ""}},
    {"caller_id", "sys_user", {"user_name", "name"}},
    {"caused_by", "change_request", {"number", ""}},
    {"closed_by", "sys_user", {"user_name", "name"}},
    {"cmdb_ci", "cmdb_ci", {"name", ""}},
    {"company", "core_company", {"name", ""}},
    {"contract", "ast_contract", {"number", ""}},
    {"location", "cmn_location", {"name", ""}},
    {"opened_by", "sys_user", {"user_name", "name"}},
    {"parent", "task", {"number", ""}},
    {"parent_incident", "incident", {"number", ""}},
    {"problem_id", "problem", {"number", ""}},
    {"reopened_by", "sys_user", {"user_name", "name"}},
    {"requested_by", "sys_user", {"user_name", "name"}},
    {"resolved_by", "sys_user", {"user_name", "name"}},
    {"rfc", "change_request", {"number", ""}},
    {"service_offering", "service_offering", {"name", ""}},
    {"universal_request", "universal_request", {"number", ""}},
}};

constexpr std::array<absl::string_view, 7> kOwnFields = {
    "close_code",     "close_notes",       "correlation_display",
    "correlation_id", "short_description", "description",
    "state"};
constexpr std::array<absl::string_view, 3> kJournals = {
    "work_notes", "comments", "comments_and_work_notes"};
constexpr std::array<absl::string_view, 4> kComputed = {
    "number", "priority", "active", "reopen_count"};

template <std::size_t N>
bool Has(const std::array<absl::string_view, N>& list, absl::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

const ReferenceColumn* FindReferenceColumn(absl::string_view column) {
  for (const ReferenceColumn& reference : kReferences) {
    if (reference.column == column) return &reference;
  }
  return nullptr;
}

std::string KnownReferenceColumns() {
  return absl::StrJoin(kReferences, ", ",
                       [](std::string* out, const ReferenceColumn& reference) {
                         absl::StrAppend(out, reference.column);
                       });
}

std::optional<std::string> FixedColumnFault(absl::string_view column) {
  if (Has(kOwnFields, column)) {
    return absl::StrCat("has a field of its own: write `", column, "` there");
  }
  if (column == "incident_state") {
    return "is kept equal to the state by the platform: write `state`";
  }
  if (Has(kJournals, column)) {
    return "is a journal: use UpdateIncident's journal_entry";
  }
  if (Has(kComputed, column) || absl::StartsWith(column, "sys_")) {
    return "is computed by ServiceNow and cannot be written";
  }
  return std::nullopt;
}

const std::vector<std::string>& IncidentColumns() {
  static const auto* const columns = new std::vector<std::string>{
      "sys_id",         "number",         "state",
      "active",         "reopen_count",   "short_description",
      "description",    "correlation_id", "correlation_display",
      "close_code",     "close_notes",    "sys_created_on",
      "sys_updated_on", "sys_updated_by", "sys_mod_count"};
  return *columns;
}

}  // namespace opcon_snow::snow
