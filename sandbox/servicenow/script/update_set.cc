#include "sandbox/servicenow/script/update_set.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pugixml.hpp"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr std::size_t kMostColumns = 1'000;
constexpr std::size_t kLongestName = 80;

// Names of tables and columns become part of queries.
bool IsName(absl::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
  });
}

// Its own text, without that of what stands in it: a condition is followed by
// its parts.
std::string TextOf(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      text += child.value();
    }
  }
  return text;
}

std::string Get(const FieldValues& values, const std::string& name) {
  const auto it = values.find(name);
  return it == values.end() ? "" : it->second;
}

// <sys_script action="INSERT_OR_UPDATE"><name>…</name>…</sys_script>
bool ReadRecord(const pugi::xml_node& node, UpdateRecord* record) {
  record->table = node.name();
  if (!IsName(record->table)) return false;
  record->deletes =
      absl::EqualsIgnoreCase(node.attribute("action").value(), "DELETE");
  for (const pugi::xml_node column : node.children()) {
    if (!IsName(column.name())) continue;
    if (record->values.size() == kMostColumns) break;
    record->values[column.name()] = TextOf(column);
    const std::string shown = column.attribute("display_value").value();
    if (!shown.empty()) record->shown[column.name()] = shown;
  }
  return IsSysId(Get(record->values, "sys_id"));
}

absl::Status ParseXml(absl::string_view xml, pugi::xml_document* document) {
  const pugi::xml_parse_result parsed =
      document->load_buffer(xml.data(), xml.size(),
                            pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (parsed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(parsed.description(), " at byte ",
                   static_cast<std::int64_t>(parsed.offset)));
}

class Reader {
 public:
  explicit Reader(UpdateSet* update_set) : update_set_(update_set) {}

  // A child of <unload>.
  void Read(const pugi::xml_node& node) {
    UpdateRecord record;
    if (!ReadRecord(node, &record)) {
      Fault(node.name(), "has no sys_id");
      return;
    }
    if (record.table == "sys_remote_update_set" && update_set_->name.empty()) {
      update_set_->name = Get(record.values, "name");
      record.values["state"] = "committed";
    }
    const std::string payload = Get(record.values, "payload");
    const std::string name = Get(record.values, "name");
    const bool wraps = record.table == "sys_update_xml";
    Add(std::move(record));
    if (wraps) ReadPayload(name, payload);
  }

  // <record_update table="…"> with records in it.
  void ReadUpdate(const pugi::xml_node& update, absl::string_view where) {
    bool any = false;
    for (const pugi::xml_node node : update.children()) {
      if (node.type() != pugi::node_element) continue;
      UpdateRecord record;
      if (ReadRecord(node, &record)) {
        any = true;
        Add(std::move(record));
      }
    }
    if (!any) Fault(where, "holds no record with a sys_id");
  }

 private:
  void ReadPayload(const std::string& name, const std::string& payload) {
    const std::string where = absl::StrCat("sys_update_xml ", name);
    pugi::xml_document document;
    const absl::Status status = ParseXml(payload, &document);
    if (!status.ok()) {
      Fault(where, absl::StrCat("payload: ", std::string(status.message())));
      return;
    }
    const pugi::xml_node update = document.child("record_update");
    if (!update) {
      Fault(where, "payload: there is no <record_update>");
      return;
    }
    ReadUpdate(update, where);
  }

  void Add(UpdateRecord record) {
    if (update_set_->records.size() < kMostUpdateRecords) {
      update_set_->records.push_back(std::move(record));
    } else {
      Fault(record.table, "is one record too many");
    }
  }

  void Fault(absl::string_view where, absl::string_view why) {
    constexpr std::size_t kMostFaults = 100;
    if (update_set_->faults.size() < kMostFaults) {
      update_set_->faults.push_back(absl::StrCat(where, ": ", why));
    }
  }

  UpdateSet* const update_set_;
};

FieldType TypeOf(absl::string_view internal_type) {
  static const auto* const kTypes = new std::map<std::string, FieldType>{
      {"integer", FieldType::kInteger},
      {"boolean", FieldType::kBoolean},
      {"glide_date_time", FieldType::kDateTime},
      {"glide_duration", FieldType::kDateTime},
      {"GUID", FieldType::kGuid},
      {"reference", FieldType::kReference},
      {"journal_input", FieldType::kJournal},
      {"journal", FieldType::kJournal},
      {"password", FieldType::kPassword},
      {"password2", FieldType::kPassword}};
  const auto it = kTypes->find(std::string(internal_type));
  return it == kTypes->end() ? FieldType::kString : it->second;
}

class Committer {
 public:
  Committer(const UpdateSet& update_set, RecordAccess& records)
      : update_set_(update_set), records_(records) {}

  UpdateSetResult Commit() {
    // First what others of the file are records of.
    for (const UpdateRecord& record : update_set_.records) {
      if (record.table == "sys_db_object" && !record.deletes) {
        DefineTable(record);
      }
    }
    for (const UpdateRecord& record : update_set_.records) {
      if (record.table == "sys_dictionary" && !record.deletes) {
        DefineColumn(record);
      }
    }
    for (const UpdateRecord& record : update_set_.records) Store(record);
    return std::move(result_);
  }

 private:
  // A reference to a table: by name, by what it shows, or by the record.
  std::string TableNamed(const UpdateRecord& record,
                         const std::string& column) {
    std::string value = Get(record.values, column);
    if (!IsSysId(value)) return value;
    for (const UpdateRecord& other : update_set_.records) {
      if (other.table == "sys_db_object" &&
          Get(other.values, "sys_id") == value) {
        return Get(other.values, "name");
      }
    }
    return absl::AsciiStrToLower(Get(record.shown, column));
  }

  void DefineTable(const UpdateRecord& record) {
    const std::string name = Get(record.values, "name");
    // What the instance has is not made poorer.
    if (!IsName(name) || records_.HasTable(name)) return;
    Table table{.name = name,
                .label = Get(record.values, "label"),
                .parent = TableNamed(record, "super_class")};
    if (!records_.HasTable(table.parent)) {
      table.parent.clear();
      table.fields = SystemFields();
    }
    Check(record, records_.Define(std::move(table)));
  }

  void DefineColumn(const UpdateRecord& record) {
    const std::string table = Get(record.values, "name");
    const std::string column = Get(record.values, "element");
    if (!IsName(table) || !IsName(column) || !records_.HasTable(table) ||
        records_.Column(table, column).has_value()) {
      return;
    }
    Field field = StringField(column, Get(record.values, "column_label"), 40,
                              Get(record.values, "default_value"));
    if (field.label.empty()) field.label = column;
    std::string type = Get(record.values, "internal_type");
    if (IsSysId(type)) type = Get(record.shown, "internal_type");
    field.type = TypeOf(type);
    field.reference = TableNamed(record, "reference");
    int length = 0;
    if (absl::SimpleAtoi(Get(record.values, "max_length"), &length) &&
        length > 0) {
      field.max_length = static_cast<std::size_t>(length);
    }
    Check(record, records_.DefineColumn(table, std::move(field)));
  }

  void Store(const UpdateRecord& record) {
    if (!records_.HasTable(record.table)) {
      result_.unknown_tables.insert(record.table);
    }
    const std::string sys_id = Get(record.values, "sys_id");
    if (record.deletes) {
      if (!records_.Find(record.table, sys_id).has_value()) return;
      const absl::Status deleted =
          records_.Delete(record.table, sys_id,
                          {.actor = {"", "system", true}, .run_hooks = false});
      if (deleted.ok()) ++result_.deleted;
      Check(record, deleted);
      return;
    }
    FieldValues values = record.values;
    // An empty one would count as set.
    if (Get(values, "sys_created_on").empty()) values.erase("sys_created_on");
    if (Get(values, "sys_updated_on").empty()) values.erase("sys_updated_on");
    const absl::Status stored = records_.Load(record.table, values);
    if (stored.ok()) ++result_.stored;
    Check(record, stored);
  }

  void Check(const UpdateRecord& record, const absl::Status& status) {
    if (status.ok()) return;
    result_.faults.push_back(absl::StrCat(record.table, " ",
                                          Get(record.values, "sys_id"), ": ",
                                          std::string(status.message())));
  }

  const UpdateSet& update_set_;
  RecordAccess& records_;
  UpdateSetResult result_;
};

}  // namespace

absl::StatusOr<UpdateSet> ParseUpdateSet(absl::string_view xml) {
  if (xml.size() > kMostUpdateSetBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it has ", xml.size(), " bytes; the limit is ", kMostUpdateSetBytes));
  }
  pugi::xml_document document;
  absl::Status status = ParseXml(xml, &document);
  if (!status.ok()) return status;
  UpdateSet update_set;
  Reader reader(&update_set);
  const pugi::xml_node root = document.document_element();
  if (absl::string_view(root.name()) == "record_update") {
    reader.ReadUpdate(root, "record_update");
  } else if (absl::string_view(root.name()) == "unload") {
    for (const pugi::xml_node node : root.children()) {
      if (node.type() == pugi::node_element) reader.Read(node);
    }
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "the root element is <", std::string(root.name()).substr(0, 80),
        ">; an update set has <unload>, a record <record_update>"));
  }
  return update_set;
}

UpdateSetResult CommitUpdateSet(const UpdateSet& update_set,
                                RecordAccess& records) {
  return Committer(update_set, records).Commit();
}

}  // namespace opcon_snow::sandbox::servicenow
