#include "sandbox/servicenow/table_store.h"

#include <algorithm>
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

absl::Status TableStore::Insert(Record record) {
  Records& records = roots_[dictionary_->RootOf(record.table)];
  const std::string key = absl::AsciiStrToLower(record.sys_id());
  if (records.contains(key)) {
    return absl::AlreadyExistsError(absl::StrCat(
        "Unique Key violation detected by database (Duplicate entry '",
        record.sys_id(), "' for key 'PRIMARY')"));
  }
  record.sequence = ++sequence_;
  records.emplace(key, std::move(record));
  return absl::OkStatus();
}

const Record* TableStore::Find(absl::string_view table,
                               absl::string_view sys_id) const {
  const auto root = roots_.find(dictionary_->RootOf(table));
  if (root == roots_.end()) return nullptr;
  const auto it = root->second.find(absl::AsciiStrToLower(sys_id));
  if (it == root->second.end()) return nullptr;
  return dictionary_->Extends(it->second.table, table) ? &it->second : nullptr;
}

Record* TableStore::Find(absl::string_view table, absl::string_view sys_id) {
  return const_cast<Record*>(std::as_const(*this).Find(table, sys_id));
}

std::vector<const Record*> TableStore::All(absl::string_view table) const {
  std::vector<const Record*> found;
  const auto root = roots_.find(dictionary_->RootOf(table));
  if (root == roots_.end()) return found;
  for (const auto& [key, record] : root->second) {
    if (dictionary_->Extends(record.table, table)) found.push_back(&record);
  }
  std::sort(found.begin(), found.end(), [](const Record* a, const Record* b) {
    return a->sequence < b->sequence;
  });
  return found;
}

void TableStore::Erase(const Record& record) {
  const std::string key = absl::AsciiStrToLower(record.sys_id());
  contents_.erase(key);
  roots_[dictionary_->RootOf(record.table)].erase(key);
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
    for (const auto& [key, record] : records) all.push_back(&record);
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
