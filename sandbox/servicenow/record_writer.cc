#include "sandbox/servicenow/record_writer.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sandbox/servicenow/incident_rules.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

bool IsJournal(const Field& field) {
  return field.type == FieldType::kJournal ||
         field.type == FieldType::kJournalList;
}

// The first `count` characters of UTF-8 text.
std::string Cut(const std::string& text, std::size_t count) {
  if (text.size() <= count) return text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts && ++characters > count) return text.substr(0, i);
  }
  return text;
}

std::string AsBoolean(const std::string& value) {
  return value == "1" || absl::EqualsIgnoreCase(value, "true") ? "true"
                                                               : "false";
}

void Increment(Record& record, const std::string& field) {
  int count = 0;
  (void)absl::SimpleAtoi(record.Get(field), &count);
  record.values[field] = absl::StrCat(count + 1);
}

}  // namespace

RecordWriter::RecordWriter(const Dictionary* dictionary, TableStore* store,
                           const Settings* settings, Clock clock,
                           std::function<std::string()> make_sys_id)
    : dictionary_(dictionary),
      store_(store),
      settings_(settings),
      clock_(std::move(clock)),
      make_sys_id_(std::move(make_sys_id)) {}

absl::StatusOr<const Record*> RecordWriter::Insert(const std::string& table,
                                                   const FieldValues& input,
                                                   const Actor& actor,
                                                   bool input_is_shown) {
  Record record;
  record.table = table;
  record.values = Accepted(table, input, input_is_shown);
  const auto id = input.find("sys_id");
  if (settings_->client_sys_id != ClientSysId::kIgnore && id != input.end() &&
      IsSysId(id->second)) {
    record.values["sys_id"] = id->second;
  }
  FillDefaults(record, actor);
  if (table == "incident") {
    absl::Status status = ApplyIncidentRules(
        nullptr, record, {actor, FormatTimestamp(clock_()), *settings_});
    if (!status.ok()) return status;
  }
  absl::StatusOr<const Record*> added = Add(std::move(record));
  if (!added.ok()) {
    if (settings_->client_sys_id == ClientSysId::kRejectDuplicate) {
      return absl::AlreadyExistsError(
          absl::StrCat("Error during insert of ", table, ": ",
                       std::string(added.status().message())));
    }
    return absl::AlreadyExistsError(
        "ACL Exception Insert Failed due to security constraints");
  }
  WriteJournals(**added, input, actor);
  return added;
}

absl::StatusOr<const Record*> RecordWriter::Update(const Record& record,
                                                   const FieldValues& input,
                                                   const Actor& actor,
                                                   bool input_is_shown) {
  Record after = record;
  for (auto& [name, value] : Accepted(record.table, input, input_is_shown)) {
    if (after.Get(name) != value) after.values[name] = value;
  }
  if (record.table == "incident") {
    absl::Status status = ApplyIncidentRules(
        &record, after, {actor, FormatTimestamp(clock_()), *settings_});
    if (!status.ok()) return status;
  }
  const std::string& group = record.Get("assignment_group");
  if (!group.empty() && after.Get("assignment_group") != group) {
    Increment(after, "reassignment_count");
  }
  bool commented = false;
  for (const auto& [name, value] : input) {
    const Field* field = dictionary_->FindField(record.table, name);
    commented |= field != nullptr && field->type == FieldType::kJournal &&
                 !value.empty();
  }
  if (!commented && after.values == record.values) return &record;
  Increment(after, "sys_mod_count");
  after.values["sys_updated_on"] = FormatTimestamp(clock_());
  after.values["sys_updated_by"] = actor.user_name;
  Record* stored = store_->Find(record.table, record.sys_id());
  *stored = std::move(after);
  WriteJournals(*stored, input, actor);
  return stored;
}

void RecordWriter::Delete(const Record& record) {
  std::vector<const Record*> gone;
  for (const Record* entry : store_->All("sys_journal_field")) {
    if (absl::EqualsIgnoreCase(entry->Get("element_id"), record.sys_id())) {
      gone.push_back(entry);
    }
  }
  for (const Record* file : store_->All("sys_attachment")) {
    if (absl::EqualsIgnoreCase(file->Get("table_sys_id"), record.sys_id())) {
      gone.push_back(file);
    }
  }
  for (const Record* entry : gone) store_->Erase(*entry);
  store_->Erase(record);
}

absl::StatusOr<const Record*> RecordWriter::Store(const std::string& table,
                                                  const FieldValues& values,
                                                  const Actor& actor) {
  if (dictionary_->FindTable(table) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no table ", table));
  }
  Record record;
  record.table = table;
  for (const auto& [name, value] : values) {
    const Field* field = dictionary_->FindField(table, name);
    if (field == nullptr || IsJournal(*field)) {
      return absl::InvalidArgumentError(
          absl::StrCat("table ", table, " has no column ", name));
    }
    record.values[name] = Cut(value, field->max_length);
  }
  FillDefaults(record, actor);
  return Add(std::move(record));
}

std::string RecordWriter::Convert(const Field& field, const std::string& value,
                                  bool input_is_shown) const {
  if (value.empty()) return value;
  switch (field.type) {
    case FieldType::kBoolean:
      return AsBoolean(value);
    case FieldType::kReference:
      if (input_is_shown && !IsSysId(value)) {
        return FindByDisplayValue(field.reference, value);
      }
      break;
    case FieldType::kDateTime: {
      absl::Time time;
      const absl::Duration offset =
          input_is_shown ? settings_->display_offset : absl::ZeroDuration();
      return ParseTimestamp(value, offset, &time) ? FormatTimestamp(time) : "";
    }
    case FieldType::kInteger: {
      std::int64_t number = 0;
      // Choices that do not exist are stored as they are, numbers or not.
      if (field.choices.empty() && !absl::SimpleAtoi(value, &number)) return "";
      break;
    }
    default:
      break;
  }
  if (input_is_shown) {
    for (const Choice& choice : field.choices) {
      if (choice.label == value) return choice.value;
    }
  }
  return Cut(value, field.max_length);
}

std::string RecordWriter::FindByDisplayValue(const std::string& table,
                                             const std::string& shown) const {
  const std::string field = dictionary_->DisplayFieldOf(table);
  for (const Record* record : store_->All(table)) {
    if (record->Get(field) == shown) return record->sys_id();
  }
  return "";
}

FieldValues RecordWriter::Accepted(const std::string& table,
                                   const FieldValues& input,
                                   bool input_is_shown) const {
  FieldValues accepted;
  for (const auto& [name, value] : input) {
    const Field* field = dictionary_->FindField(table, name);
    if (field == nullptr || field->read_only || IsJournal(*field)) continue;
    // An empty text clears a column, but not one with choices.
    if (value.empty() && !field->choices.empty()) continue;
    accepted[name] = Convert(*field, value, input_is_shown);
  }
  return accepted;
}

void RecordWriter::FillDefaults(Record& record, const Actor& actor) {
  const std::string now = FormatTimestamp(clock_());
  auto& values = record.values;
  for (const Field* field : dictionary_->FieldsOf(record.table)) {
    if (!field->default_value.empty()) {
      values.emplace(field->name, field->default_value);
    }
  }
  if (values["sys_id"].empty()) values["sys_id"] = make_sys_id_();
  values.emplace("sys_created_on", now);
  values.emplace("sys_created_by", actor.user_name);
  values.emplace("sys_updated_on", values["sys_created_on"]);
  values.emplace("sys_updated_by", values["sys_created_by"]);
  if (dictionary_->FindField(record.table, "sys_class_name") != nullptr) {
    values["sys_class_name"] = record.table;
  }
  if (!dictionary_->Extends(record.table, "task")) return;
  if (values["opened_at"].empty()) values["opened_at"] = now;
  if (values["opened_by"].empty()) values["opened_by"] = actor.sys_id;
  const Table* table = dictionary_->FindTable(record.table);
  if (values["number"].empty() && !table->number_prefix.empty()) {
    values["number"] = store_->NextNumber(*table);
  }
}

void RecordWriter::WriteJournals(const Record& record, const FieldValues& input,
                                 const Actor& actor) {
  for (const auto& [name, value] : input) {
    const Field* field = dictionary_->FindField(record.table, name);
    if (field == nullptr || field->type != FieldType::kJournal ||
        value.empty()) {
      continue;
    }
    Record entry;
    entry.table = "sys_journal_field";
    entry.values = {{"name", record.table},
                    {"element", name},
                    {"element_id", record.sys_id()},
                    {"value", Cut(value, 65536)}};
    FillDefaults(entry, actor);
    // Its sys_id is new.
    (void)Add(std::move(entry));
  }
}

absl::StatusOr<const Record*> RecordWriter::Add(Record record) {
  const std::string table = record.table;
  const std::string sys_id = record.sys_id();
  absl::Status status = store_->Insert(std::move(record));
  if (!status.ok()) return status;
  return std::as_const(*store_).Find(table, sys_id);
}

}  // namespace opcon_snow::sandbox::servicenow
