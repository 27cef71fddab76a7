#include "sandbox/servicenow/dictionary.h"

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
  tables_.insert_or_assign(std::move(name), std::move(table));
}

const Table* Dictionary::FindTable(absl::string_view name) const {
  const auto it = tables_.find(std::string(name));
  return it == tables_.end() ? nullptr : &it->second;
}

const Field* Dictionary::FindField(absl::string_view table,
                                   absl::string_view name) const {
  for (const Table* at = FindTable(table); at != nullptr;
       at = FindTable(at->parent)) {
    for (const Field& field : at->fields) {
      if (field.name == name) return &field;
    }
  }
  return nullptr;
}

std::vector<const Field*> Dictionary::FieldsOf(absl::string_view table) const {
  std::map<absl::string_view, const Field*> by_name;
  for (const Table* at = FindTable(table); at != nullptr;
       at = FindTable(at->parent)) {
    // The child's definition of a name comes first and stays.
    for (const Field& field : at->fields) by_name.emplace(field.name, &field);
  }
  std::vector<const Field*> fields;
  fields.reserve(by_name.size());
  for (const auto& [name, field] : by_name) fields.push_back(field);
  return fields;
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

std::vector<std::string> Dictionary::TableNames() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

}  // namespace opcon_snow::sandbox::servicenow
