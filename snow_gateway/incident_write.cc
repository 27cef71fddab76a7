#include "snow_gateway/incident_write.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "snow_gateway/columns.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/query.h"
#include "snow_gateway/references.h"
#include "snow_gateway/row.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

constexpr int kMaxFields = 100;
constexpr char kAssignmentGroup[] = "assignment_group";
// Names that are looked up are one line of a form.
constexpr std::size_t kMaxReferenceName = 200;

void CheckField(const std::string& column, const v1::FieldValue& value,
                Violations* violations) {
  const std::string field = absl::StrCat("incident.fields[\"", column, "\"]");
  if (!IsColumnName(column)) {
    violations->Add("incident.fields",
                    "has a key that is no column's name (lower-case letters, "
                    "digits and \"_\")");
    return;
  }
  if (const auto fault = FixedColumnFault(column)) {
    violations->Add(field, *fault);
  }
  if (value.display_value().empty()) return;
  if (!value.value().empty()) {
    violations->Add(field, "has both value and display_value; give one");
  }
  if (FindReferenceColumn(column) == nullptr) {
    violations->Add(
        absl::StrCat(field, ".display_value"),
        absl::StrCat("cannot be looked up for this column; give value (a "
                     "reference's sys_id, a choice's number). Known are: ",
                     KnownReferenceColumns()));
  }
  CheckLookedUp(absl::StrCat(field, ".display_value"), value.display_value(),
                violations);
  CheckLength(absl::StrCat(field, ".display_value"), value.display_value(),
              kMaxReferenceName, violations);
}

// As the database keeps texts: line ends and blanks at the end are not told
// apart.
std::string Comparable(absl::string_view text) {
  return std::string(absl::StripTrailingAsciiWhitespace(
      absl::StrReplaceAll(text, {{"\r\n", "\n"}, {"\r", "\n"}})));
}

// ResolveReference, with the fallback. `warnings` must live until the task has
// finished.
async::Task<absl::StatusOr<std::string>> Resolve(
    Instance* instance, std::string column, std::string name,
    std::vector<std::string>* warnings, CallScope scope) {
  async::Task<absl::StatusOr<std::string>> resolving =
      ResolveReference(instance, column, name, scope);
  absl::StatusOr<std::string> sys_id = co_await std::move(resolving);
  const std::string& fallback = instance->settings().fallback_assignment_group;
  if (sys_id.ok() || column != kAssignmentGroup || fallback.empty() ||
      fallback == name ||
      (!CarriesReason(sys_id.status(), v1::ERROR_REASON_REFERENCE_NOT_FOUND) &&
       !CarriesReason(sys_id.status(), v1::ERROR_REASON_AMBIGUOUS_RECORD))) {
    co_return sys_id;
  }
  async::Task<absl::StatusOr<std::string>> falling_back =
      ResolveReference(instance, column, fallback, std::move(scope));
  absl::StatusOr<std::string> instead = co_await std::move(falling_back);
  if (!instead.ok()) co_return instead;
  warnings->push_back(absl::StrCat("the incident is given to \"", fallback,
                                   "\" instead of \"", name,
                                   "\": ", sys_id.status().message()));
  co_return instead;
}

}  // namespace

const std::vector<std::string>& WritableTexts() {
  static const auto* const names = new std::vector<std::string>{
      "short_description",   "description", "correlation_id",
      "correlation_display", "close_code",  "close_notes"};
  return *names;
}

const std::string& TextOf(const v1::Incident& incident,
                          absl::string_view name) {
  const auto* field =
      v1::Incident::descriptor()->FindFieldByName(std::string(name));
  static const auto* const empty = new std::string;
  if (field == nullptr ||
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return *empty;
  }
  return v1::Incident::GetReflection()->GetStringReference(incident, field,
                                                           nullptr);
}

void CheckWrittenParts(const v1::Incident& incident,
                       const std::set<std::string>& parts,
                       Violations* violations) {
  if (parts.count("state") > 0 &&
      !v1::IncidentState_IsValid(incident.state())) {
    violations->Add("incident.state", "is not one that this version knows");
  }
  if (parts.count("correlation_id") > 0) {
    CheckLength("incident.correlation_id", incident.correlation_id(),
                kMaxCorrelation, violations);
    CheckLookedUp("incident.correlation_id", incident.correlation_id(),
                  violations);
  }
  if (parts.count("correlation_display") > 0) {
    CheckLength("incident.correlation_display", incident.correlation_display(),
                kMaxCorrelation, violations);
    CheckLookedUp("incident.correlation_display",
                  incident.correlation_display(), violations);
  }
  if (parts.count("fields") == 0) return;
  if (incident.fields().size() > kMaxFields) {
    violations->Add("incident.fields",
                    absl::StrCat("has ", incident.fields().size(),
                                 " entries; at most ", kMaxFields));
    return;
  }
  for (const auto& [column, value] : incident.fields()) {
    CheckField(column, value, violations);
  }
}

async::Task<absl::StatusOr<WriteValues>> ValuesToWrite(
    Instance* instance, v1::Incident incident, std::set<std::string> parts,
    bool keep_empty, CallScope scope) {
  WriteValues write;
  nlohmann::json& values = write.values;
  values = nlohmann::json::object();
  for (const std::string& name : WritableTexts()) {
    if (parts.count(name) == 0) continue;
    const std::string& text = TextOf(incident, name);
    if (keep_empty || !text.empty()) values[name] = text;
  }
  if (parts.count("state") > 0 &&
      incident.state() != v1::INCIDENT_STATE_UNSPECIFIED) {
    values["state"] = absl::StrCat(static_cast<int>(incident.state()));
  }
  if (parts.count("fields") == 0) co_return write;
  for (const std::string& column : GivenColumns(incident)) {
    const v1::FieldValue& value = incident.fields().at(column);
    if (value.display_value().empty()) {
      values[column] = value.value();
      continue;
    }
    async::Task<absl::StatusOr<std::string>> resolving = Resolve(
        instance, column, value.display_value(), &write.warnings, scope);
    absl::StatusOr<std::string> sys_id = co_await std::move(resolving);
    if (!sys_id.ok()) co_return sys_id.status();
    values[column] = *std::move(sys_id);
  }
  co_return write;
}

std::vector<std::string> ColumnsToShow(const std::vector<std::string>& more) {
  std::vector<std::string> columns = IncidentColumns();
  for (const std::string& column : more) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(column);
    }
  }
  return columns;
}

std::vector<std::string> CompareWritten(const nlohmann::json& values,
                                        const nlohmann::json& row) {
  std::vector<std::string> warnings;
  for (const auto& item : values.items()) {
    // A chosen sys_id that was not taken shows by itself.
    if (item.key() == "sys_id") continue;
    const std::optional<Cell> cell = FindCell(row, item.key());
    if (!cell.has_value()) {
      warnings.push_back(absl::StrCat(
          "column ", item.key(),
          " was ignored: there is none of that name, or the integration user "
          "may not read it"));
      continue;
    }
    const std::string sent = Comparable(item.value().get<std::string>());
    const std::string stored = Comparable(cell->value);
    if (sent == stored) continue;
    if (!stored.empty() && absl::StartsWith(sent, stored)) {
      warnings.push_back(absl::StrCat("column ", item.key(), " was cut from ",
                                      CountCharacters(sent), " to ",
                                      CountCharacters(stored), " characters"));
    } else if (stored.empty()) {
      warnings.push_back(absl::StrCat(
          "column ", item.key(),
          " was left empty: the integration user may not write it, or a rule "
          "emptied it"));
    } else {
      warnings.push_back(absl::StrCat(
          "column ", item.key(),
          " has another value than was sent: a rule of the instance changed "
          "it, or the integration user may not write it"));
    }
  }
  return warnings;
}

bool HasWritten(const nlohmann::json& values, const nlohmann::json& row) {
  for (const auto& item : values.items()) {
    const std::optional<Cell> cell = FindCell(row, item.key());
    if (!cell.has_value() || Comparable(cell->value) !=
                                 Comparable(item.value().get<std::string>())) {
      return false;
    }
  }
  return true;
}

std::vector<std::string> GivenColumns(const v1::Incident& incident) {
  std::vector<std::string> columns;
  for (const auto& [column, value] : incident.fields()) {
    columns.push_back(column);
  }
  // The map has no order, and the same call shall make the same requests.
  std::sort(columns.begin(), columns.end());
  return columns;
}

}  // namespace opcon_snow::snow
