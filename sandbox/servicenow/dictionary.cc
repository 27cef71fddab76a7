#include "sandbox/servicenow/dictionary.h"

#include <algorithm>
#include <utility>

namespace opcon_snow::sandbox::servicenow {

const std::string& Field::LabelOf(const std::string& value) const {
  for (const Choice& choice : choices) {
    if (choice.value == value) return choice.label;
  }
  return value;
}

void Dictionary::Add(Table table) {
  std::string name = table.name;
  tables_[std::move(name)].table = std::move(table);
  for (auto& [other, entry] : tables_) entry.ready = false;
}

void Dictionary::AddField(absl::string_view table, Field field) {
  const auto it = tables_.find(std::string(table));
  if (it == tables_.end()) return;
  std::vector<Field>& fields = it->second.table.fields;
  std::erase_if(fields, [&](const Field& f) { return f.name == field.name; });
  fields.push_back(std::move(field));
  for (auto& [other, entry] : tables_) entry.ready = false;
}

const Dictionary::Entry* Dictionary::FindEntry(absl::string_view name) const {
  const auto it = tables_.find(std::string(name));
  if (it == tables_.end()) return nullptr;
  const Entry& entry = it->second;
  if (entry.ready) return &entry;
  entry.by_name.clear();
  entry.fields.clear();
  entry.indexed.clear();
  for (const Table* at = &entry.table; at != nullptr;
       at = FindTable(at->parent)) {
    // The child's definition of a name comes first and stays.
    for (const Field& field : at->fields) {
      entry.by_name.emplace(field.name, &field);
    }
  }
  for (const auto& [field_name, field] : entry.by_name) {
    entry.fields.push_back(field);
  }
  std::sort(entry.fields.begin(), entry.fields.end(),
            [](const Field* a, const Field* b) { return a->name < b->name; });
  std::copy_if(entry.fields.begin(), entry.fields.end(),
               std::back_inserter(entry.indexed),
               [](const Field* field) { return field->indexed; });
  entry.ready = true;
  return &entry;
}

const Table* Dictionary::FindTable(absl::string_view name) const {
  const auto it = tables_.find(std::string(name));
  return it == tables_.end() ? nullptr : &it->second.table;
}

const Field* Dictionary::FindField(absl::string_view table,
                                   absl::string_view name) const {
  const Entry* entry = FindEntry(table);
  if (entry == nullptr) return nullptr;
  const auto it = entry->by_name.find(std::string(name));
  return it == entry->by_name.end() ? nullptr : it->second;
}

const std::vector<const Field*>& Dictionary::FieldsOf(
    absl::string_view table) const {
  static const auto* const kNone = new std::vector<const Field*>;
  const Entry* entry = FindEntry(table);
  return entry == nullptr ? *kNone : entry->fields;
}

const std::vector<const Field*>& Dictionary::IndexedFieldsOf(
    absl::string_view table) const {
  static const auto* const kNone = new std::vector<const Field*>;
  const Entry* entry = FindEntry(table);
  return entry == nullptr ? *kNone : entry->indexed;
}

std::string Dictionary::RootOf(absl::string_view table) const {
  const Table* at = FindTable(table);
  if (at == nullptr) return std::string(table);
  while (const Table* parent = FindTable(at->parent)) at = parent;
  return at->name;
}

bool Dictionary::Extends(absl::string_view table,
                         absl::string_view ancestor) const {
  for (const Table* at = FindTable(table); at != nullptr;
       at = FindTable(at->parent)) {
    if (at->name == ancestor) return true;
  }
  return false;
}

std::string Dictionary::DisplayFieldOf(absl::string_view table) const {
  for (const Table* at = FindTable(table); at != nullptr;
       at = FindTable(at->parent)) {
    if (!at->display_field.empty()) return at->display_field;
  }
  return "sys_id";
}

std::vector<std::string> Dictionary::ClassesOf(absl::string_view table) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tables_) {
    if (Extends(name, table)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> Dictionary::TableNames() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tables_) names.push_back(name);
  return names;
}

}  // namespace opcon_snow::sandbox::servicenow
