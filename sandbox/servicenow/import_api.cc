#include "sandbox/servicenow/import_api.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/query_match.h"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

constexpr char kRowTable[] = "sys_import_set_row";

Reply UnreadableBody(absl::string_view detail) {
  return ErrorReply(400, "Exception while reading request",
                    std::string(detail));
}

}  // namespace

Reply ImportApi::Handle(const ApiCall& call) {
  if (call.rest.empty() || call.rest.size() > 2) return NoSuchUri();
  const std::string& staging = call.rest[0];
  if (parts_.dictionary->FindTable(staging) == nullptr ||
      !parts_.dictionary->Extends(staging, kRowTable)) {
    return InvalidTable(staging);
  }
  std::optional<Reply> refused = CheckAccept(call);
  if (refused.has_value()) return *std::move(refused);
  const bool multiple =
      call.rest.size() == 2 && call.rest[1] == "insertMultiple";
  if (call.rest.size() == 2 && !multiple) {
    if (call.method != "GET") return MethodNotSupported(call.method);
    const Record* row = parts_.store->Find(staging, call.rest[1]);
    return row == nullptr ? NoSuchRecord() : Get(call, staging, *row);
  }
  if (call.method != "POST") return MethodNotSupported(call.method);
  refused = CheckJsonBody(call, *parts_.settings);
  if (!refused.has_value()) refused = CheckMayWrite(call, parts_, staging);
  if (refused.has_value()) return *std::move(refused);
  return multiple ? Multiple(call, staging) : One(call, staging);
}

absl::StatusOr<const Record*> ImportApi::NewImportSet(
    const ApiCall& call, const std::string& staging) {
  const Table& table = *parts_.dictionary->FindTable("sys_import_set");
  return parts_.writer->Store("sys_import_set",
                              {{"number", parts_.store->NextNumber(table)},
                               {"table_name", staging},
                               {"state", "processed"},
                               {"mode", "synchronous"}},
                              call.actor);
}

Reply ImportApi::One(const ApiCall& call, const std::string& staging) {
  const absl::StatusOr<FieldValues> values = ParseRecord(call.request);
  if (!values.ok()) return UnreadableBody(values.status().message());
  const absl::StatusOr<const Record*> set = NewImportSet(call, staging);
  if (!set.ok()) return FailureReply(set.status());
  const std::string number = (*set)->Get("number");
  absl::StatusOr<Json> result =
      Import(call, staging, *values, (*set)->sys_id(), 0);
  if (!result.ok()) return FailureReply(result.status());
  return Reply::Json(201, {{"import_set", number},
                           {"staging_table", staging},
                           {"result", *std::move(result)}});
}

Reply ImportApi::Multiple(const ApiCall& call, const std::string& staging) {
  const Json body =
      Json::parse(call.request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("records") ||
      !body["records"].is_array()) {
    return UnreadableBody("records must be an array");
  }
  const absl::StatusOr<const Record*> set = NewImportSet(call, staging);
  if (!set.ok()) return FailureReply(set.status());
  const std::string id = (*set)->sys_id();
  int row = 0;
  for (const Json& record : body["records"]) {
    const absl::StatusOr<FieldValues> values = RecordOf(record);
    if (!values.ok()) return UnreadableBody(values.status().message());
    const absl::StatusOr<Json> result = Import(call, staging, *values, id, row);
    if (!result.ok()) return FailureReply(result.status());
    ++row;
  }
  return Reply::Json(201, {{"import_set_id", id}, {"multi_import_set_id", id}});
}

absl::StatusOr<nlohmann::json> ImportApi::Import(const ApiCall& call,
                                                 const std::string& staging,
                                                 const FieldValues& values,
                                                 const std::string& import_set,
                                                 int row) {
  FieldValues stored = values;
  stored["sys_import_set"] = import_set;
  stored["sys_import_row"] = absl::StrCat(row);
  absl::StatusOr<const Record*> inserted =
      parts_.writer->Insert(staging, stored, call.actor);
  if (!inserted.ok()) return inserted.status();
  // Copies: the rules of the target may delete anything.
  std::vector<Record> maps;
  for (const Record* map :
       parts_.store->Lookup("sys_transform_map", "source_table", staging)) {
    if (map->Get("active") == "true") maps.push_back(*map);
  }
  const Field order =
      *parts_.dictionary->FindField("sys_transform_map", "order");
  std::stable_sort(
      maps.begin(), maps.end(), [&](const Record& a, const Record& b) {
        return CompareValues(order, a.Get("order"), b.Get("order")) < 0;
      });
  Json result = Json::array();
  const std::string id = (*inserted)->sys_id();
  for (const Record& map : maps) {
    const Record* source = parts_.store->Find(staging, id);
    if (source == nullptr) break;
    Outcome outcome = Transform(call, map, Record(*source));
    result.push_back(std::move(outcome.shown));
    source = parts_.store->Find(staging, id);
    if (source == nullptr) break;
    FieldValues noted = source->values;
    for (auto& [name, value] : outcome.row) noted[name] = value;
    parts_.store->Replace(*source, std::move(noted));
  }
  if (result.empty()) {
    result.push_back({{"status", "error"},
                      {"error_message",
                       "No transform entry or scripts are defined; Target "
                       "record not found"}});
  }
  return result;
}

const Record* ImportApi::FindTarget(const std::string& table,
                                    const FieldValues& coalesce) const {
  if (coalesce.empty()) return nullptr;
  const auto& [name, value] = *coalesce.begin();
  for (const Record* record : parts_.store->Lookup(table, name, value)) {
    if (std::all_of(coalesce.begin(), coalesce.end(), [&](const auto& wanted) {
          return record->Get(wanted.first) == wanted.second;
        })) {
      return record;
    }
  }
  return nullptr;
}

nlohmann::json ImportApi::Shown(const ApiCall& call, const Record& map,
                                const Record* target,
                                const std::string& status) const {
  const std::string& table = map.Get("target_table");
  Json shown = {
      {"transform_map", map.Get("name")}, {"table", table}, {"status", status}};
  if (target != nullptr) {
    const std::string display = parts_.dictionary->DisplayFieldOf(table);
    shown["display_name"] = display;
    shown["display_value"] = target->Get(display);
    shown["record_link"] = absl::StrCat(
        call.request.Origin(), "/api/now/table/", table, "/", target->sys_id());
    shown["sys_id"] = target->sys_id();
  }
  return shown;
}

ImportApi::Outcome ImportApi::Transform(const ApiCall& call, const Record& map,
                                        const Record& row) {
  const std::string table = map.Get("target_table");
  FieldValues values;
  FieldValues coalesce;
  for (const Record* entry :
       parts_.store->Lookup("sys_transform_entry", "map", map.sys_id())) {
    const std::string& value = row.Get(entry->Get("source_field"));
    if (value.empty() && map.Get("copy_empty_fields") != "true") continue;
    values[entry->Get("target_field")] = value;
    if (entry->Get("coalesce") == "true" && !value.empty()) {
      coalesce[entry->Get("target_field")] = value;
    }
  }
  // References are given by what they show.
  const WriteMode mode{.input_is_shown = true,
                       .run_hooks = map.Get("run_business_rules") == "true"};
  const Record* target = FindTarget(table, coalesce);
  const std::string before =
      target == nullptr ? "" : target->Get("sys_mod_count");
  const absl::StatusOr<const Record*> written =
      parts_.dictionary->FindTable(table) == nullptr
          ? absl::StatusOr<const Record*>(
                absl::NotFoundError(absl::StrCat("There is no table ", table)))
      : target == nullptr
          ? parts_.writer->Insert(table, values, call.actor, mode)
          : parts_.writer->Update(*target, values, call.actor, mode);
  if (!written.ok()) {
    Json shown = Shown(call, map, nullptr, "error");
    const std::string message(written.status().message());
    shown["error_message"] = message;
    return {std::move(shown),
            {{"sys_import_state", "error"},
             {"sys_import_state_comment", message},
             {"sys_row_error", "true"},
             {"sys_transform_map", map.sys_id()}}};
  }
  const std::string status = target == nullptr ? "inserted"
                             : before == (*written)->Get("sys_mod_count")
                                 ? "ignored"
                                 : "updated";
  return {Shown(call, map, *written, status),
          {{"sys_import_state", status},
           {"sys_target_table", table},
           {"sys_target_sys_id", (*written)->sys_id()},
           {"sys_transform_map", map.sys_id()}}};
}

Reply ImportApi::Get(const ApiCall& call, const std::string& staging,
                     const Record& row) const {
  const Record* set =
      parts_.store->Find("sys_import_set", row.Get("sys_import_set"));
  const Record* map =
      parts_.store->Find("sys_transform_map", row.Get("sys_transform_map"));
  Json result = Json::array();
  if (map != nullptr) {
    Json shown = Shown(call, *map,
                       parts_.store->Find(row.Get("sys_target_table"),
                                          row.Get("sys_target_sys_id")),
                       row.Get("sys_import_state"));
    if (row.Get("sys_import_state") == "error") {
      shown["error_message"] = row.Get("sys_import_state_comment");
    }
    result.push_back(std::move(shown));
  }
  return Reply::Json(200,
                     {{"import_set", set == nullptr ? "" : set->Get("number")},
                      {"staging_table", staging},
                      {"result", std::move(result)}});
}

}  // namespace opcon_snow::sandbox::servicenow
