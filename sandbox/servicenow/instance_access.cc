#include "sandbox/servicenow/instance_access.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"
#include "sandbox/servicenow/query.h"
#include "sandbox/servicenow/query_match.h"
#include "sandbox/servicenow/seed.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

WriteMode ModeOf(const RecordAccess::WriteOptions& options) {
  return {.input_is_shown = false,
          .run_hooks = options.run_hooks,
          .system_fields = options.system_fields,
          .from_script = true};
}

}  // namespace

QueryEnvironment InstanceAccess::Environment(const Actor& actor) const {
  QueryEnvironment environment;
  environment.now = parts_.clock();
  environment.user_sys_id = actor.sys_id;
  environment.user_name = actor.user_name;
  if (hooks_ != nullptr) {
    environment.evaluate =
        [hooks = hooks_,
         actor](const std::string& expression) -> std::optional<std::string> {
      absl::StatusOr<std::string> value = hooks->Evaluate(expression, actor);
      if (!value.ok()) return std::nullopt;
      return *std::move(value);
    };
  }
  return environment;
}

bool InstanceAccess::HasTable(const std::string& table) {
  const Lock lock(*parts_.mutex);
  return parts_.dictionary->FindTable(table) != nullptr;
}

std::optional<Field> InstanceAccess::Column(const std::string& table,
                                            const std::string& column) {
  const Lock lock(*parts_.mutex);
  const Field* field = parts_.dictionary->FindField(table, column);
  if (field == nullptr) return std::nullopt;
  return *field;
}

std::vector<std::string> InstanceAccess::Columns(const std::string& table) {
  const Lock lock(*parts_.mutex);
  std::vector<std::string> names;
  for (const Field* field : parts_.dictionary->FieldsOf(table)) {
    names.push_back(field->name);
  }
  return names;
}

bool InstanceAccess::Extends(const std::string& table,
                             const std::string& ancestor) {
  const Lock lock(*parts_.mutex);
  return parts_.dictionary->Extends(table, ancestor);
}

std::string InstanceAccess::TableLabel(const std::string& table) {
  const Lock lock(*parts_.mutex);
  const Table* found = parts_.dictionary->FindTable(table);
  return found == nullptr ? "" : found->label;
}

std::string InstanceAccess::DisplayColumn(const std::string& table) {
  const Lock lock(*parts_.mutex);
  return parts_.dictionary->DisplayFieldOf(table);
}

std::vector<Record> InstanceAccess::Query(const std::string& table,
                                          const std::string& encoded_query,
                                          std::size_t limit,
                                          const Actor& actor) {
  const Lock lock(*parts_.mutex);
  std::vector<Record> found;
  const absl::StatusOr<servicenow::Query> query = ParseQuery(encoded_query);
  if (!query.ok()) return found;
  const BoundQuery bound(*parts_.dictionary, *parts_.store, table, *query,
                         Environment(actor));
  const std::vector<const Record*> records =
      limit == 0 ? bound.Run() : bound.Run(0, limit, false).records;
  found.reserve(records.size());
  for (const Record* record : records) found.push_back(*record);
  return found;
}

std::optional<Record> InstanceAccess::Find(const std::string& table,
                                           const std::string& sys_id) {
  const Lock lock(*parts_.mutex);
  const Record* record = parts_.store->Find(table, sys_id);
  if (record == nullptr) return std::nullopt;
  return *record;
}

std::vector<std::string> InstanceAccess::FindIds(const std::string& table,
                                                 const servicenow::Query& query,
                                                 std::size_t offset,
                                                 std::size_t limit,
                                                 const Actor& actor) {
  const Lock lock(*parts_.mutex);
  const BoundQuery bound(*parts_.dictionary, *parts_.store, table, query,
                         Environment(actor));
  std::vector<std::string> ids;
  if (limit == 0) return ids;
  for (const Record* record : bound.Run(offset, limit, false).records) {
    ids.push_back(record->sys_id());
  }
  return ids;
}

absl::StatusOr<Record> InstanceAccess::Insert(const std::string& table,
                                              const FieldValues& values,
                                              const WriteOptions& options) {
  const Lock lock(*parts_.mutex);
  if (parts_.dictionary->FindTable(table) == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no table ", table));
  }
  const absl::StatusOr<const Record*> record =
      parts_.writer->Insert(table, values, options.actor, ModeOf(options));
  if (!record.ok()) return record.status();
  return **record;
}

absl::StatusOr<Record> InstanceAccess::Update(const std::string& table,
                                              const std::string& sys_id,
                                              const FieldValues& values,
                                              const WriteOptions& options) {
  const Lock lock(*parts_.mutex);
  const Record* record = parts_.store->Find(table, sys_id);
  if (record == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("table ", table, " has no record ", sys_id));
  }
  const absl::StatusOr<const Record*> updated =
      parts_.writer->Update(*record, values, options.actor, ModeOf(options));
  if (!updated.ok()) return updated.status();
  return **updated;
}

absl::Status InstanceAccess::Delete(const std::string& table,
                                    const std::string& sys_id,
                                    const WriteOptions& options) {
  const Lock lock(*parts_.mutex);
  const Record* record = parts_.store->Find(table, sys_id);
  if (record == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("table ", table, " has no record ", sys_id));
  }
  return parts_.writer->Delete(*record, options.actor, ModeOf(options));
}

absl::Status InstanceAccess::Load(const std::string& table,
                                  const FieldValues& values) {
  const Lock lock(*parts_.mutex);
  MakeTable(*parts_.dictionary, table, values);
  const auto id = values.find("sys_id");
  if (id != values.end()) {
    const Record* stored =
        parts_.store->Find(parts_.dictionary->RootOf(table), id->second);
    if (stored != nullptr) {
      FieldValues merged = stored->values;
      for (const auto& [name, value] : values) merged[name] = value;
      parts_.store->Replace(*stored, std::move(merged));
      return absl::OkStatus();
    }
  }
  return parts_.writer
      ->Store(table, values, User("admin").value_or(Actor{"", "system", true}))
      .status();
}

absl::Status InstanceAccess::Define(Table table) {
  const Lock lock(*parts_.mutex);
  if (!table.parent.empty() &&
      parts_.dictionary->FindTable(table.parent) == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no table ", table.parent, " to extend"));
  }
  parts_.dictionary->Add(std::move(table));
  return absl::OkStatus();
}

absl::Status InstanceAccess::DefineColumn(const std::string& table,
                                          Field field) {
  const Lock lock(*parts_.mutex);
  if (parts_.dictionary->FindTable(table) == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no table ", table));
  }
  parts_.dictionary->AddField(table, std::move(field));
  return absl::OkStatus();
}

absl::StatusOr<std::string> InstanceAccess::Attach(
    const std::string& table, const std::string& sys_id,
    const std::string& file_name, const std::string& content_type,
    const std::string& content, const Actor& actor) {
  const Lock lock(*parts_.mutex);
  if (parts_.store->Find(table, sys_id) == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("table ", table, " has no record ", sys_id));
  }
  if (content.size() > parts_.settings->max_attachment_bytes) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the attachment has ", content.size(), " bytes; the limit is ",
        parts_.settings->max_attachment_bytes));
  }
  const std::string size = absl::StrCat(content.size());
  const absl::StatusOr<const Record*> record =
      parts_.writer->Store("sys_attachment",
                           {{"table_name", table},
                            {"table_sys_id", sys_id},
                            {"file_name", file_name},
                            {"content_type", content_type},
                            {"size_bytes", size},
                            {"size_compressed", size},
                            {"hash", Sha256Hex(content)}},
                           actor);
  if (!record.ok()) return record.status();
  parts_.store->PutContent((*record)->sys_id(), content);
  return (*record)->sys_id();
}

std::optional<std::string> InstanceAccess::Content(const std::string& sys_id) {
  const Lock lock(*parts_.mutex);
  const auto content = parts_.store->Content(sys_id);
  if (content == nullptr) return std::nullopt;
  return *content;
}

std::string InstanceAccess::FromDisplayValue(const std::string& table,
                                             const std::string& column,
                                             const std::string& shown) {
  const Lock lock(*parts_.mutex);
  const Field* field = parts_.dictionary->FindField(table, column);
  return field == nullptr ? shown : parts_.writer->FromShown(*field, shown);
}

bool InstanceAccess::Matches(const std::string& encoded_query,
                             const Record* previous, const Record& current,
                             const Actor& actor) {
  const Lock lock(*parts_.mutex);
  const absl::StatusOr<servicenow::Query> query = ParseQuery(encoded_query);
  if (!query.ok()) return false;
  return BoundQuery(*parts_.dictionary, *parts_.store, current.table, *query,
                    Environment(actor))
      .Matches(current, previous);
}

std::string InstanceAccess::Value(const Record& record,
                                  const std::string& dotted) {
  const Lock lock(*parts_.mutex);
  const FieldPath path = ResolvePath(*parts_.dictionary, record.table, dotted);
  return path.empty() ? "" : ValueAt(*parts_.store, record, path);
}

std::string InstanceAccess::DisplayValue(const Record& record,
                                         const std::string& dotted) {
  const Lock lock(*parts_.mutex);
  const FieldPath path = ResolvePath(*parts_.dictionary, record.table, dotted);
  return path.empty() ? "" : ShownAt(*parts_.store, record, path);
}

std::optional<std::string> InstanceAccess::Date(const std::string& expression) {
  QueryEnvironment environment;
  environment.now = parts_.clock();
  return EvaluateExpression(expression, environment);
}

std::optional<std::string> InstanceAccess::Property(const std::string& name) {
  const Lock lock(*parts_.mutex);
  const std::vector<const Record*> found =
      parts_.store->Lookup("sys_properties", "name", name);
  if (found.empty()) return std::nullopt;
  return found.front()->Get("value");
}

std::optional<Actor> InstanceAccess::User(const std::string& name_or_sys_id) {
  const Lock lock(*parts_.mutex);
  if (name_or_sys_id.empty()) return std::nullopt;
  const Record* user = parts_.store->Find("sys_user", name_or_sys_id);
  if (user == nullptr) {
    const std::vector<const Record*> found =
        parts_.store->Lookup("sys_user", "user_name", name_or_sys_id);
    if (!found.empty()) user = found.front();
  }
  if (user == nullptr || user->Get("active") != "true" ||
      user->Get("locked_out") == "true") {
    return std::nullopt;
  }
  return Actor{user->sys_id(), user->Get("user_name"),
               ListsRole(user->Get("roles"), "admin"), user->Get("roles")};
}

bool InstanceAccess::HasRole(const std::string& user_sys_id,
                             const std::string& role) {
  const Lock lock(*parts_.mutex);
  const Record* user = parts_.store->Find("sys_user", user_sys_id);
  return user != nullptr && ListsRole(user->Get("roles"), role);
}

absl::Time InstanceAccess::Now() { return parts_.clock(); }

std::string InstanceAccess::NewSysId() {
  const Lock lock(*parts_.mutex);
  return parts_.make_sys_id();
}

}  // namespace opcon_snow::sandbox::servicenow
