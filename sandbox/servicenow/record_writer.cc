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
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "sandbox/servicenow/incident_rules.h"
#include "sandbox/servicenow/record_hooks.h"

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

absl::Status TakenSysId(const Settings& settings, const std::string& table,
                        const std::string& sys_id) {
  if (settings.client_sys_id == ClientSysId::kRejectDuplicate) {
    return absl::AlreadyExistsError(absl::StrCat(
        "Error during insert of ", table,
        ": Unique Key violation detected by database (Duplicate entry '",
        sys_id, "' for key 'PRIMARY')"));
  }
  return absl::AlreadyExistsError(
      "ACL Exception Insert Failed due to security constraints");
}

void Increment(Record& record, const std::string& field) {
  int count = 0;
  (void)absl::SimpleAtoi(record.Get(field), &count);
  record.values[field] = absl::StrCat(count + 1);
}

}  // namespace

bool ListsRole(const std::string& roles, const std::string& role) {
  for (const absl::string_view name : absl::StrSplit(roles, ',')) {
    const absl::string_view one = absl::StripAsciiWhitespace(name);
    if (one == "admin" || one == role) return true;
  }
  return false;
}

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
                                                   WriteMode mode) {
  Record record;
  record.table = table;
  record.values = Accepted(table, input, mode.input_is_shown);
  const auto id = input.find("sys_id");
  if ((mode.from_script || settings_->client_sys_id != ClientSysId::kIgnore) &&
      id != input.end() && IsSysId(id->second)) {
    record.values["sys_id"] = id->second;
    if (store_->Find(dictionary_->RootOf(table), id->second) != nullptr) {
      return TakenSysId(*settings_, table, id->second);
    }
  }
  FillDefaults(record, actor);
  FieldValues journals = JournalInput(table, input);
  absl::Status status =
      ApplyRules(nullptr, record, actor, mode.run_hooks, journals);
  if (!status.ok()) return status;
  absl::StatusOr<const Record*> added = Add(std::move(record));
  if (!added.ok()) return added;
  WriteJournals(**added, journals, actor);
  if (mode.run_hooks) {
    const std::string sys_id = (*added)->sys_id();
    status = RunAfter(std::nullopt, **added, journals, actor);
    if (!status.ok()) return status;
    return Stored(table, sys_id);
  }
  return added;
}

absl::StatusOr<const Record*> RecordWriter::Update(const Record& stored_record,
                                                   const FieldValues& input,
                                                   const Actor& actor,
                                                   WriteMode mode) {
  // A copy: rules may change or delete the stored one meanwhile.
  const Record record = stored_record;
  Record after = record;
  for (auto& [name, value] :
       Accepted(record.table, input, mode.input_is_shown)) {
    if (after.Get(name) != value) after.values[name] = value;
  }
  FieldValues journals = JournalInput(record.table, input);
  if (journals.empty() && after.values == record.values) {
    return &stored_record;
  }
  absl::Status status =
      ApplyRules(&record, after, actor, mode.run_hooks, journals);
  if (!status.ok()) return status;
  const std::string& group = record.Get("assignment_group");
  if (!group.empty() && after.Get("assignment_group") != group) {
    Increment(after, "reassignment_count");
  }
  if (mode.system_fields) {
    Increment(after, "sys_mod_count");
    after.values["sys_updated_on"] = FormatTimestamp(clock_());
    after.values["sys_updated_by"] = actor.user_name;
  }
  absl::StatusOr<const Record*> stored = Stored(record.table, record.sys_id());
  if (!stored.ok()) return stored;
  store_->Replace(**stored, std::move(after.values));
  WriteJournals(**stored, journals, actor);
  if (!mode.run_hooks) return stored;
  status = RunAfter(record, **stored, journals, actor);
  if (!status.ok()) return status;
  return Stored(record.table, record.sys_id());
}

absl::StatusOr<const Record*> RecordWriter::Stored(const std::string& table,
                                                   const std::string& sys_id) {
  const Record* record = std::as_const(*store_).Find(table, sys_id);
  if (record == nullptr) {
    return absl::NotFoundError("the record was deleted by a business rule");
  }
  return record;
}

absl::Status RecordWriter::ApplyRules(const Record* before, Record& after,
                                      const Actor& actor, bool run_hooks,
                                      FieldValues& journals) {
  const bool incident = after.table == "incident";
  const RuleContext context{actor, FormatTimestamp(clock_()), *settings_};
  if (incident) {
    absl::Status status = CheckIncidentAccess(before, after, context);
    if (!status.ok()) return status;
    NormalizeIncident(before, after);
  }
  if (run_hooks && hooks_ != nullptr) {
    const Record as_sent = after;
    absl::Status status = RunBefore(before, after, journals, actor);
    if (!status.ok()) return status;
    // What a rule changed counts as what a client changed.
    if (incident) NormalizeIncident(&as_sent, after);
  }
  return incident ? FinishIncident(before, after, context) : absl::OkStatus();
}

absl::Status RecordWriter::RunBefore(const Record* before, Record& after,
                                     FieldValues& journals,
                                     const Actor& actor) {
  Record current = after;
  for (const auto& [name, text] : journals) current.values[name] = text;
  absl::Status status = hooks_->Before(
      before == nullptr ? RecordOperation::kInsert : RecordOperation::kUpdate,
      before, current, actor);
  if (!status.ok()) return status;
  journals = JournalInput(after.table, current.values);
  for (const auto& [name, value] : current.values) {
    const Field* field = dictionary_->FindField(after.table, name);
    if (field == nullptr || IsJournal(*field) || name == "sys_id" ||
        name == "sys_class_name" || after.Get(name) == value) {
      continue;
    }
    after.values[name] = Convert(*field, value, false);
  }
  return absl::OkStatus();
}

absl::Status RecordWriter::RunAfter(const std::optional<Record>& before,
                                    const Record& after,
                                    const FieldValues& journals,
                                    const Actor& actor) {
  if (hooks_ == nullptr) return absl::OkStatus();
  Record current = after;
  for (const auto& [name, text] : journals) current.values[name] = text;
  const RecordOperation operation =
      before.has_value() ? RecordOperation::kUpdate : RecordOperation::kInsert;
  absl::Status status = hooks_->After(
      operation, before.has_value() ? &*before : nullptr, current, actor);
  hooks_->Queue(operation, before, std::move(current), actor);
  return status;
}

absl::Status RecordWriter::Delete(const Record& record, const Actor& actor,
                                  WriteMode mode) {
  const bool hooked = mode.run_hooks && hooks_ != nullptr;
  const Record copy = record;
  if (hooked) {
    Record current = copy;
    absl::Status status =
        hooks_->Before(RecordOperation::kDelete, &copy, current, actor);
    if (!status.ok()) return status;
  }
  std::vector<const Record*> gone =
      store_->Lookup("sys_journal_field", "element_id", copy.sys_id());
  for (const Record* file :
       store_->Lookup("sys_attachment", "table_sys_id", copy.sys_id())) {
    gone.push_back(file);
  }
  for (const Record* entry : gone) store_->Erase(*entry);
  const Record* stored = std::as_const(*store_).Find(copy.table, copy.sys_id());
  if (stored != nullptr) store_->Erase(*stored);
  if (!hooked) return absl::OkStatus();
  absl::Status status =
      hooks_->After(RecordOperation::kDelete, &copy, copy, actor);
  hooks_->Queue(RecordOperation::kDelete, copy, copy, actor);
  return status;
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
  const std::vector<const Record*> found = store_->Lookup(table, field, shown);
  return found.empty() ? "" : found.front()->sys_id();
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

FieldValues RecordWriter::JournalInput(const std::string& table,
                                       const FieldValues& input) const {
  FieldValues journals;
  for (const auto& [name, value] : input) {
    const Field* field = dictionary_->FindField(table, name);
    if (field != nullptr && field->type == FieldType::kJournal &&
        !value.empty()) {
      journals[name] = value;
    }
  }
  return journals;
}

void RecordWriter::WriteJournals(const Record& record,
                                 const FieldValues& journals,
                                 const Actor& actor) {
  for (const auto& [name, value] : journals) {
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
