#include "sandbox/servicenow/table_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

}  // namespace

const std::string& Record::Get(const std::string& field) const {
  static const std::string* const kUnset = new std::string;
  const auto it = values.find(field);
  return it == values.end() ? *kUnset : it->second;
}

bool IsSysId(absl::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

std::string TableStore::IndexKey(const Field& field, const std::string& value) {
  const bool id =
      field.type == FieldType::kGuid || field.type == FieldType::kReference;
  return id ? absl::AsciiStrToLower(value) : value;
}

void TableStore::AddToIndexes(const Record& record) {
  ClassRecords& rows = classes_[record.table];
  rows.by_sequence[record.sequence] = &record;
  for (const Field* field : dictionary_->IndexedFieldsOf(record.table)) {
    rows.indexes[field->name].insert(
        {IndexKey(*field, record.Get(field->name)), record.sequence, &record});
  }
}

void TableStore::RemoveFromIndexes(const Record& record) {
  ClassRecords& rows = classes_[record.table];
  rows.by_sequence.erase(record.sequence);
  for (const Field* field : dictionary_->IndexedFieldsOf(record.table)) {
    rows.indexes[field->name].erase(
        {IndexKey(*field, record.Get(field->name)), record.sequence, nullptr});
  }
}

void TableStore::Reindex() {
  classes_.clear();
  for (const auto& [root, records] : roots_) {
    for (const auto& [key, record] : records) AddToIndexes(*record);
  }
}

absl::Status TableStore::Insert(Record record) {
  Records& records = roots_[dictionary_->RootOf(record.table)];
  const std::string key = absl::AsciiStrToLower(record.sys_id());
  if (records.contains(key)) {
    return absl::AlreadyExistsError(absl::StrCat(
        "Unique Key violation detected by database (Duplicate entry '",
        record.sys_id(), "' for key 'PRIMARY')"));
  }
  record.sequence = ++sequence_;
  auto stored = std::make_unique<Record>(std::move(record));
  AddToIndexes(*stored);
  records.emplace(key, std::move(stored));
  return absl::OkStatus();
}

void TableStore::Replace(const Record& stored, FieldValues values) {
  // The store owns it; others only see it as constant.
  auto& record = const_cast<Record&>(stored);
  RemoveFromIndexes(record);
  record.values = std::move(values);
  AddToIndexes(record);
}

const Record* TableStore::Find(absl::string_view table,
                               absl::string_view sys_id) const {
  const auto root = roots_.find(dictionary_->RootOf(table));
  if (root == roots_.end()) return nullptr;
  const auto it = root->second.find(absl::AsciiStrToLower(sys_id));
  if (it == root->second.end()) return nullptr;
  const Record* record = it->second.get();
  return dictionary_->Extends(record->table, table) ? record : nullptr;
}

std::vector<const TableStore::ClassRecords*> TableStore::ClassesWithRecords(
    absl::string_view table) const {
  std::vector<const ClassRecords*> found;
  for (const std::string& name : dictionary_->ClassesOf(table)) {
    const auto it = classes_.find(name);
    if (it != classes_.end() && !it->second.by_sequence.empty()) {
      found.push_back(&it->second);
    }
  }
  return found;
}

bool TableStore::OneClass(absl::string_view table) const {
  return ClassesWithRecords(table).size() <= 1;
}

std::vector<const Record*> TableStore::All(absl::string_view table) const {
  std::vector<const Record*> found;
  const auto classes = ClassesWithRecords(table);
  for (const ClassRecords* rows : classes) {
    for (const auto& [sequence, record] : rows->by_sequence) {
      found.push_back(record);
    }
  }
  touched_ += found.size();
  if (classes.size() > 1) {
    std::sort(found.begin(), found.end(), [](const Record* a, const Record* b) {
      return a->sequence < b->sequence;
    });
  }
  return found;
}

std::size_t TableStore::Count(absl::string_view table) const {
  std::size_t count = 0;
  for (const ClassRecords* rows : ClassesWithRecords(table)) {
    count += rows->by_sequence.size();
  }
  return count;
}

std::vector<const Record*> TableStore::Lookup(absl::string_view table,
                                              const std::string& field,
                                              const std::string& value) const {
  const Field* column = dictionary_->FindField(table, field);
  if (column == nullptr) return {};
  const std::string key = IndexKey(*column, value);
  std::vector<const Record*> found;
  if (!column->indexed) {
    found = All(table);
    std::erase_if(found, [&](const Record* record) {
      return IndexKey(*column, record->Get(field)) != key;
    });
    return found;
  }
  Walk(table, *column, {key, key, true}, false, [&](const Record& record) {
    found.push_back(&record);
    return true;
  });
  std::sort(found.begin(), found.end(), [](const Record* a, const Record* b) {
    return a->sequence < b->sequence;
  });
  return found;
}

void TableStore::Walk(absl::string_view table, const Field& field,
                      const IndexRange& range, bool descending,
                      const std::function<bool(const Record&)>& visit) const {
  const IndexEntry low{IndexKey(field, range.low), 0, nullptr};
  const IndexEntry high{IndexKey(field, range.high),
                        std::numeric_limits<std::uint64_t>::max(), nullptr};
  for (const ClassRecords* rows : ClassesWithRecords(table)) {
    const auto index = rows->indexes.find(field.name);
    if (index == rows->indexes.end()) continue;
    auto begin = index->second.lower_bound(low);
    auto end = range.bounded_above ? index->second.upper_bound(high)
                                   : index->second.end();
    if (range.bounded_above && high < low) continue;
    while (begin != end) {
      const auto at = descending ? --end : begin++;
      ++touched_;
      if (!visit(*at->record)) return;
    }
  }
}

void TableStore::WalkAll(
    absl::string_view table,
    const std::function<bool(const Record&)>& visit) const {
  for (const ClassRecords* rows : ClassesWithRecords(table)) {
    for (const auto& [sequence, record] : rows->by_sequence) {
      ++touched_;
      if (!visit(*record)) return;
    }
  }
}

void TableStore::Erase(const Record& record) {
  const std::string key = absl::AsciiStrToLower(record.sys_id());
  const std::string root = dictionary_->RootOf(record.table);
  RemoveFromIndexes(record);
  contents_.erase(key);
  roots_[root].erase(key);
}

std::string TableStore::DisplayValue(absl::string_view table,
                                     absl::string_view sys_id) const {
  // The one record that every instance has without a row for it.
  if (sys_id == "global") return "global";
  const Record* record = Find(table, sys_id);
  if (record == nullptr) return "";
  return record->Get(dictionary_->DisplayFieldOf(record->table));
}

std::string TableStore::NextNumber(const Table& table) {
  const auto [it, added] = numbers_.emplace(table.name, table.first_number);
  return absl::StrFormat("%s%07d", table.number_prefix, it->second++);
}

void TableStore::PutContent(const std::string& sys_id, std::string content) {
  contents_[absl::AsciiStrToLower(sys_id)] =
      std::make_shared<const std::string>(std::move(content));
}

std::shared_ptr<const std::string> TableStore::Content(
    const std::string& sys_id) const {
  const auto it = contents_.find(absl::AsciiStrToLower(sys_id));
  return it == contents_.end() ? nullptr : it->second;
}

void TableStore::Clear() {
  classes_.clear();
  roots_.clear();
  numbers_.clear();
  contents_.clear();
  sequence_ = 0;
}

nlohmann::json TableStore::Describe() const {
  Json tables = Json::object();
  for (const std::string& name : dictionary_->TableNames()) {
    Json list = Json::array();
    for (const Record* record : All(name)) {
      if (record->table != name) continue;
      Json shown = record->values;
      for (auto& [field, value] : shown.items()) {
        const Field* definition = dictionary_->FindField(name, field);
        if (definition != nullptr && definition->type == FieldType::kPassword &&
            value != "") {
          value = "***";
        }
      }
      list.push_back(std::move(shown));
    }
    tables[name] = std::move(list);
  }
  return tables;
}

nlohmann::json TableStore::Save() const {
  std::vector<const Record*> all;
  for (const auto& [root, records] : roots_) {
    for (const auto& [key, record] : records) all.push_back(record.get());
  }
  std::sort(all.begin(), all.end(), [](const Record* a, const Record* b) {
    return a->sequence < b->sequence;
  });
  Json saved = {{"records", Json::array()},
                {"numbers", numbers_},
                {"contents", Json::object()}};
  for (const Record* record : all) {
    saved["records"].push_back(
        {{"table", record->table}, {"values", record->values}});
  }
  for (const auto& [sys_id, content] : contents_) {
    saved["contents"][sys_id] = absl::Base64Escape(*content);
  }
  return saved;
}

absl::Status TableStore::Restore(const nlohmann::json& saved) {
  Clear();
  try {
    for (const Json& entry : saved.at("records")) {
      Record record;
      record.table = entry.at("table").get<std::string>();
      record.values = entry.at("values").get<FieldValues>();
      if (dictionary_->FindTable(record.table) == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("there is no table ", record.table));
      }
      absl::Status status = Insert(std::move(record));
      if (!status.ok()) return status;
    }
    numbers_ = saved.at("numbers").get<std::map<std::string, int>>();
    for (const auto& [sys_id, text] : saved.at("contents").items()) {
      std::string content;
      if (!absl::Base64Unescape(text.get<std::string>(), &content)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the content of attachment ", sys_id, " is not Base64"));
      }
      PutContent(sys_id, std::move(content));
    }
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::servicenow
