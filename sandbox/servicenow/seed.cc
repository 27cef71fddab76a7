#include "sandbox/servicenow/seed.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"

namespace opcon_snow::sandbox::servicenow {

using Json = nlohmann::json;

namespace {

Json ChoiceRecords(const Dictionary& dictionary) {
  Json records = Json::array();
  for (const std::string& name : dictionary.TableNames()) {
    for (const Field& field : dictionary.FindTable(name)->fields) {
      int sequence = 0;
      for (const Choice& choice : field.choices) {
        records.push_back({{"name", name},
                           {"element", field.name},
                           {"value", choice.value},
                           {"label", choice.label},
                           {"sequence", absl::StrCat(++sequence)}});
      }
    }
  }
  return records;
}

Json TransformEntries() {
  Json entries = Json::array();
  const auto add = [&](const char* map, const char* from, const char* to,
                       bool coalesce = false) {
    entries.push_back({{"map", map},
                       {"source_field", from},
                       {"target_field", to},
                       {"coalesce", coalesce ? "true" : "false"}});
  };
  const char* const user = "c3a1f0d2c0a8016400aa12cd31be0001";
  add(user, "user_id", "user_name", true);
  for (const char* name : {"first_name", "last_name", "email", "title"}) {
    add(user, name, name);
  }
  add(user, "phone", "phone");
  const char* const incident = "c3a1f0d2c0a8016400aa12cd31be0002";
  add(incident, "correlation_id", "correlation_id", true);
  for (const char* name :
       {"short_description", "description", "impact", "urgency", "state",
        "assignment_group", "work_notes"}) {
    add(incident, name, name);
  }
  return entries;
}

Json PlatformSeed(const Dictionary& dictionary) {
  const auto property = [](const char* name, const char* value) {
    return Json{{"name", name}, {"value", value}};
  };
  return {
      {"sys_choice", ChoiceRecords(dictionary)},
      {"sys_properties",
       Json::array({property("glide.ui.autoclose.time", "7"),
                    property("glide.rest.max_content_length", "10485760"),
                    property("com.glide.attachment.max_size", "1024"),
                    property("instance_name", "sandbox")})},
      {"sys_filter_option_dynamic",
       Json::array({{{"sys_id", "90d1921e5f510100a9ad2572f2b477fe"},
                     {"label", "Me"},
                     {"script", "gs.getUserID()"},
                     {"field_type", "reference"},
                     {"table", "sys_user"}},
                    {{"sys_id", "d6435e965f510100a9ad2572f2b47744"},
                     {"label", "One of My Groups"},
                     {"script", "getMyGroups()"},
                     {"field_type", "reference"},
                     {"table", "sys_user_group"}}})},
      {"sys_transform_map",
       Json::array({{{"sys_id", "c3a1f0d2c0a8016400aa12cd31be0001"},
                     {"name", "User"},
                     {"source_table", "imp_user"},
                     {"target_table", "sys_user"}},
                    {{"sys_id", "c3a1f0d2c0a8016400aa12cd31be0002"},
                     {"name", "OpCon incident"},
                     {"source_table", "imp_opcon_incident"},
                     {"target_table", "incident"}}})},
      {"sys_transform_entry", TransformEntries()},
      {"sys_user_grmember",
       Json::array({{{"user", "46d44a23a9fe19810012d100cca80666"},
                     {"group", "287ebd7da9fe198100f92cc8d1d2154e"}},
                    {{"user", "5d1f2b9ac0a8016401c5a33be04be001"},
                     {"group", "4c1e2f60c0a80a2b00f1d9a6b7c8e001"}}})},
  };
}

}  // namespace

nlohmann::json StandardSeed(const Settings& settings,
                            const Dictionary& dictionary) {
  const char* const hardware = "8a5055c9c61122780043563ef53438e3";
  const char* const network = "287ebd7da9fe198100f92cc8d1d2154e";
  const char* const operations = "4c1e2f60c0a80a2b00f1d9a6b7c8e001";
  const char* const service = "27d32778c0a8000b00db970eeaa60f16";
  Json seed = {
      {"sys_user",
       Json::array({{{"sys_id", kAdminSysId},
                     {"user_name", settings.admin_user},
                     {"user_password", settings.admin_password},
                     {"name", "System Administrator"},
                     {"first_name", "System"},
                     {"last_name", "Administrator"},
                     {"email", "admin@example.com"},
                     {"roles", "admin"}},
                    {{"sys_id", "5d1f2b9ac0a8016401c5a33be04be001"},
                     {"user_name", settings.integration_user},
                     {"user_password", settings.integration_password},
                     {"name", "OpCon Integration"},
                     {"first_name", "OpCon"},
                     {"last_name", "Integration"},
                     {"email", "opcon.integration@example.com"},
                     {"web_service_access_only", "true"},
                     {"roles", "itil,rest_service,sn_incident_write"}},
                    {{"sys_id", "5137153cc611227c000bbd1bd8cd2005"},
                     {"user_name", "fred.luddy"},
                     {"name", "Fred Luddy"},
                     {"first_name", "Fred"},
                     {"last_name", "Luddy"},
                     {"email", "fred.luddy@example.com"},
                     {"roles", "itil"}},
                    {{"sys_id", "46d44a23a9fe19810012d100cca80666"},
                     {"user_name", "beth.anglin"},
                     {"name", "Beth Anglin"},
                     {"first_name", "Beth"},
                     {"last_name", "Anglin"},
                     {"email", "beth.anglin@example.com"},
                     {"manager", "5137153cc611227c000bbd1bd8cd2005"},
                     {"roles", "itil"}},
                    {{"sys_id", "62826bf03710200044e0bfc8bcbe5df1"},
                     {"user_name", "abel.tuter"},
                     {"user_password", "abel.tuter"},
                     {"name", "Abel Tuter"},
                     {"first_name", "Abel"},
                     {"last_name", "Tuter"},
                     {"email", "abel.tuter@example.com"},
                     {"roles", ""}}})},
      {"sys_user_group",
       Json::array({{{"sys_id", hardware}, {"name", "Hardware"}},
                    {{"sys_id", network},
                     {"name", "Network"},
                     {"manager", "46d44a23a9fe19810012d100cca80666"}},
                    {{"sys_id", "d625dccec0a8016700a222a0f7900d06"},
                     {"name", "Service Desk"}},
                    {{"sys_id", operations},
                     {"name", "Batch Operations"},
                     {"manager", "5137153cc611227c000bbd1bd8cd2005"}}})},
      {"cmdb_ci_service", Json::array({{{"sys_id", service},
                                        {"name", "Payroll"},
                                        {"support_group", operations}}})},
      {"cmdb_ci_server",
       Json::array({{{"sys_id", "3a172e82c611228d00f9a5e3f0c60001"},
                     {"name", "GENP001"},
                     {"host_name", "genp001"},
                     {"support_group", operations}},
                    {{"sys_id", "3a172e82c611228d00f9a5e3f0c60002"},
                     {"name", "GENP002"},
                     {"host_name", "genp002"},
                     {"support_group", hardware}}})},
      {"cmdb_ci_appl",
       Json::array({{{"sys_id", "3a172e82c611228d00f9a5e3f0c60003"},
                     {"name", "Payroll Calculation"},
                     {"correlation_id", "PAY"},
                     {"support_group", operations}}})},
  };
  seed.update(PlatformSeed(dictionary));
  return seed;
}

void MakeTable(Dictionary& dictionary, const std::string& table,
               const FieldValues& columns) {
  if (dictionary.FindTable(table) == nullptr) {
    const bool named = columns.contains("name");
    const bool numbered = columns.contains("number");
    Table made{.name = table,
               .label = table,
               .display_field = numbered ? "number"
                                : named  ? "name"
                                         : "",
               .fields = SystemFields()};
    dictionary.Add(std::move(made));
  }
  for (const auto& [name, value] : columns) {
    if (dictionary.FindField(table, name) == nullptr) {
      dictionary.AddField(table, StringField(name, name, 65536));
    }
  }
}

namespace {

bool TypeOf(const std::string& name, FieldType* type) {
  static const std::map<std::string, FieldType>* const kTypes =
      new std::map<std::string, FieldType>{
          {"string", FieldType::kString},
          {"integer", FieldType::kInteger},
          {"boolean", FieldType::kBoolean},
          {"glide_date_time", FieldType::kDateTime},
          {"GUID", FieldType::kGuid},
          {"reference", FieldType::kReference},
          {"journal_input", FieldType::kJournal},
          {"password", FieldType::kPassword}};
  const auto it = kTypes->find(name);
  if (it == kTypes->end()) return false;
  *type = it->second;
  return true;
}

// Throws nlohmann's exceptions.
absl::StatusOr<Field> ColumnOf(const std::string& name, const Json& value) {
  Field field = StringField(name, value.value("label", name),
                            value.value("max_length", std::size_t{40}),
                            value.value("default", ""));
  if (!TypeOf(value.value("type", "string"), &field.type)) {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", name, " has a type that is not known"));
  }
  field.reference = value.value("reference", "");
  if (field.type == FieldType::kReference) {
    if (field.reference.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("column ", name, " must say what it references"));
    }
    field.max_length = 32;
  }
  field.read_only = value.value("read_only", false);
  field.indexed = value.value("indexed", false);
  const Json choices = value.value("choices", Json::object());
  for (const auto& [choice, label] : choices.items()) {
    field.choices.push_back({choice, label.get<std::string>()});
  }
  return field;
}

// To a table that is there already.
absl::Status AddColumns(const std::string& name, const Json& value,
                        Dictionary& dictionary) {
  for (const auto& [column, definition] : value["columns"].items()) {
    absl::StatusOr<Field> field = ColumnOf(column, definition);
    if (!field.ok() || dictionary.FindField(name, column) != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "table ", name, ": ",
          field.ok() ? absl::StrCat("column ", column, " is there already")
                     : std::string(field.status().message())));
    }
    dictionary.AddField(name, *std::move(field));
  }
  return absl::OkStatus();
}

absl::Status DefineTable(const std::string& name, const Json& value,
                         Dictionary& dictionary) {
  Table table;
  table.name = name;
  try {
    if (dictionary.FindTable(name) != nullptr && value.size() == 1 &&
        value.contains("columns")) {
      return AddColumns(name, value, dictionary);
    }
    table.label = value.value("label", name);
    table.parent = value.value("extends", "");
    table.display_field = value.value("display", "");
    table.number_prefix = value.value("number_prefix", "");
    table.first_number = value.value("first_number", 1);
    table.read_roles = value.value("read_roles", "");
    table.write_roles = value.value("write_roles", "");
    if (table.parent.empty()) {
      table.fields = SystemFields();
    } else if (dictionary.FindTable(table.parent) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "table ", name, " extends ", table.parent, ", which does not exist"));
    }
    const Json columns = value.value("columns", Json::object());
    for (const auto& [column, definition] : columns.items()) {
      absl::StatusOr<Field> field = ColumnOf(column, definition);
      if (!field.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "table ", name, ": ", std::string(field.status().message())));
      }
      table.fields.push_back(*std::move(field));
    }
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the definition of table ", name, ": ", error.what()));
  }
  dictionary.Add(std::move(table));
  return absl::OkStatus();
}

absl::Status PlantTable(const std::string& table, const Json& records,
                        Dictionary& dictionary, RecordWriter& writer) {
  const Actor actor{kAdminSysId, "admin", true};
  const bool known = dictionary.FindTable(table) != nullptr;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string where =
        absl::StrCat("table ", table, ", record ", i + 1, ": ");
    FieldValues values;
    try {
      values = records[i].get<FieldValues>();
    } catch (const Json::exception&) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, "must be an object of strings"));
    }
    if (!known) MakeTable(dictionary, table, values);
    // The same each time, so that a reset brings back the very same records.
    const bool chosen = values.contains("sys_id");
    if (!chosen) {
      values["sys_id"] =
          Sha256Hex(absl::StrCat(table, " ", i, " ", records[i].dump()))
              .substr(0, 32);
    }
    absl::StatusOr<const Record*> planted = writer.Store(table, values, actor);
    if (!chosen && absl::IsAlreadyExists(planted.status())) {
      values.erase("sys_id");
      planted = writer.Store(table, values, actor);
    }
    if (!planted.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, std::string(planted.status().message())));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Plant(const nlohmann::json& seed, Dictionary& dictionary,
                   RecordWriter& writer) {
  if (!seed.is_object()) {
    return absl::InvalidArgumentError("seed data must be an object of tables");
  }
  if (seed.contains("_tables")) {
    if (!seed["_tables"].is_object()) {
      return absl::InvalidArgumentError("_tables must be an object");
    }
    for (const auto& [name, definition] : seed["_tables"].items()) {
      absl::Status status = DefineTable(name, definition, dictionary);
      if (!status.ok()) return status;
    }
  }
  for (const auto& [table, records] : seed.items()) {
    if (table == "_tables") continue;
    if (!records.is_array()) {
      return absl::InvalidArgumentError(
          absl::StrCat("table ", table, ": must be an array of records"));
    }
    absl::Status status = PlantTable(table, records, dictionary, writer);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeIncidents(const BulkIncidents& bulk,
                                          TableStore& store,
                                          RecordWriter& writer,
                                          absl::Time now) {
  const Actor actor{kAdminSysId, "admin", true};
  const Table& table = *store.dictionary().FindTable("incident");
  std::string first;
  FieldValues pattern;
  static constexpr const char* kStates[] = {"1", "2", "3", "6"};
  for (std::int64_t i = 0; i < bulk.count; ++i) {
    const std::string time = FormatTimestamp(
        now - absl::Seconds(bulk.seconds_apart * (bulk.count - 1 - i)));
    const std::string state = kStates[i % 4];
    FieldValues values = pattern;
    values["correlation_id"] = absl::StrCat(bulk.correlation_prefix,
                                            absl::Dec(i + 1, absl::kZeroPad7));
    values["short_description"] =
        absl::StrCat("OpCon Task Failure (job ", i + 1, ")");
    values["correlation_display"] = "SMA_OPCON";
    values["state"] = state;
    values["incident_state"] = state;
    values["sys_created_on"] = time;
    values["sys_updated_on"] = time;
    if (i > 0) {
      values["number"] = store.NextNumber(table);
      values["sys_id"] = writer.NewSysId();
      absl::Status status =
          store.Insert({.table = "incident", .values = std::move(values)});
      if (!status.ok()) return status;
      continue;
    }
    // The others are copies of the first, which has every default.
    const absl::StatusOr<const Record*> made =
        writer.Store("incident", values, actor);
    if (!made.ok()) return made.status();
    pattern = (*made)->values;
    first = pattern["number"];
  }
  return first;
}

}  // namespace opcon_snow::sandbox::servicenow
