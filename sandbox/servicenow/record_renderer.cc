#include "sandbox/servicenow/record_renderer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sandbox/servicenow/query_match.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

}  // namespace

nlohmann::json RecordRenderer::Render(const std::string& table,
                                      const Record& record,
                                      const RenderOptions& options) const {
  Json rendered = Json::object();
  const Table* definition = dictionary_->FindTable(table);
  const bool by_view = options.fields.empty() && options.view == "mobile" &&
                       definition != nullptr &&
                       !definition->mobile_fields.empty();
  if (options.fields.empty() && !by_view) {
    for (const Field* field : dictionary_->FieldsOf(table)) {
      rendered[field->name] =
          Combine(*field, ValuesAt(record, {field}, options.mode), options);
    }
    return rendered;
  }
  for (const std::string& name :
       by_view ? definition->mobile_fields : options.fields) {
    const FieldPath path = ResolvePath(*dictionary_, table, name);
    if (path.empty()) continue;
    rendered[name] =
        Combine(*path.back(), ValuesAt(record, path, options.mode), options);
  }
  return rendered;
}

RecordRenderer::Shown RecordRenderer::ValuesAt(const Record& record,
                                               const FieldPath& path,
                                               DisplayMode mode) const {
  const Field& field = *path.back();
  const bool stored_only = mode == DisplayMode::kValue;
  if (field.type == FieldType::kJournal ||
      field.type == FieldType::kJournalList) {
    // Journals of other records are not shown.
    if (path.size() > 1 || stored_only) return {};
    return {"", JournalText(record, field)};
  }
  Shown shown{ValueAt(*store_, record, path), ""};
  if (stored_only) return shown;
  shown.display_value = ShownAt(*store_, record, path);
  if (field.type == FieldType::kDateTime) {
    absl::Time time;
    if (ParseTimestamp(shown.value, absl::ZeroDuration(), &time)) {
      shown.display_value = FormatTimestamp(time, settings_->display_offset);
    }
  } else if (field.name == "sys_class_name") {
    const Table* table = dictionary_->FindTable(shown.value);
    if (table != nullptr) shown.display_value = table->label;
  }
  return shown;
}

std::string RecordRenderer::JournalText(const Record& record,
                                        const Field& field) const {
  std::string text;
  for (const Record* entry :
       store_->Lookup("sys_journal_field", "element_id", record.sys_id())) {
    if (field.type == FieldType::kJournal &&
        entry->Get("element") != field.name) {
      continue;
    }
    const Field* element =
        dictionary_->FindField(record.table, entry->Get("element"));
    std::string time = entry->Get("sys_created_on");
    absl::Time parsed;
    if (ParseTimestamp(time, absl::ZeroDuration(), &parsed)) {
      time = FormatTimestamp(parsed, settings_->display_offset);
    }
    text = absl::StrCat(time, " - ", entry->Get("sys_created_by"), " (",
                        element == nullptr ? "" : element->label, ")\n",
                        entry->Get("value"), "\n\n", text);
  }
  return text;
}

nlohmann::json RecordRenderer::Combine(const Field& field, const Shown& shown,
                                       const RenderOptions& options) {
  const bool linked = field.type == FieldType::kReference &&
                      options.reference_links && !shown.value.empty();
  Json object = Json::object();
  if (linked) {
    object["link"] = absl::StrCat(options.origin, "/api/now/table/",
                                  field.reference, "/", shown.value);
  }
  switch (options.mode) {
    case DisplayMode::kValue:
      if (!linked) return shown.value;
      object["value"] = shown.value;
      break;
    case DisplayMode::kDisplay:
      if (!linked) return shown.display_value;
      object["display_value"] = shown.display_value;
      break;
    case DisplayMode::kBoth:
      object["value"] = shown.value;
      object["display_value"] = shown.display_value;
      break;
  }
  return object;
}

}  // namespace opcon_snow::sandbox::servicenow
