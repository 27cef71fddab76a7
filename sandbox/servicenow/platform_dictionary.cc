// The platform's own tables, as data.

#include <string>
#include <utility>
#include <vector>

#include "sandbox/servicenow/dictionary.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr std::size_t kScript = 1 << 20;

Field Text(std::string name, std::size_t length, std::string initial = "") {
  std::string label = name;
  for (char& c : label) {
    if (c == '_') c = ' ';
  }
  if (label[0] >= 'a' && label[0] <= 'z') {
    label[0] = static_cast<char>(label[0] - 'a' + 'A');
  }
  return StringField(std::move(name), std::move(label), length,
                     std::move(initial));
}

Field Typed(FieldType type, std::string name, std::string initial = "") {
  Field field = Text(std::move(name), 40, std::move(initial));
  field.type = type;
  return field;
}

Field Flag(std::string name, std::string initial = "false") {
  return Typed(FieldType::kBoolean, std::move(name), std::move(initial));
}

Field Number(std::string name, std::string initial = "") {
  return Typed(FieldType::kInteger, std::move(name), std::move(initial));
}

Field Time(std::string name) {
  return Typed(FieldType::kDateTime, std::move(name));
}

Field Link(std::string name, std::string table) {
  Field field = Typed(FieldType::kReference, std::move(name));
  field.max_length = 32;
  field.reference = std::move(table);
  field.indexed = true;
  return field;
}

Field Indexed(Field field) {
  field.indexed = true;
  return field;
}

struct Definition {
  const char* name;
  const char* label;
  const char* display;
  std::vector<Field> fields;
};

// Only administrators see and change it.
Table ForAdministrators(Definition definition) {
  Table table{.name = definition.name,
              .label = definition.label,
              .display_field = definition.display,
              .fields = SystemFields(),
              .read_roles = "admin",
              .write_roles = "admin"};
  for (Field& field : definition.fields) {
    table.fields.push_back(std::move(field));
  }
  return table;
}

Table ForEverybody(Definition definition) {
  Table table = ForAdministrators(std::move(definition));
  table.read_roles.clear();
  return table;
}

// What every record of an application carries.
std::vector<Field> Application(std::vector<Field> fields) {
  for (const char* name : {"sys_scope", "sys_package", "sys_name",
                           "sys_update_name", "sys_policy", "access"}) {
    fields.push_back(Text(name, 255));
  }
  fields.push_back(Text("sys_class_name", 80));
  fields.back().read_only = true;
  return fields;
}

std::vector<Table> ScriptTables() {
  Field when = Text("when", 40, "before");
  when.choices = {{"before", "before"},
                  {"after", "after"},
                  {"async", "async"},
                  {"async_always", "async"},
                  {"display", "display"}};
  return {
      ForAdministrators({"sys_script", "Business Rule", "name",
                         Application({Indexed(Text("name", 100)),
                                      Indexed(Text("collection", 80)),
                                      when,
                                      Number("order", "100"),
                                      Number("priority", "100"),
                                      Flag("active", "true"),
                                      Flag("advanced"),
                                      Text("condition", 8000),
                                      Text("filter_condition", 8000),
                                      Text("script", kScript),
                                      Flag("action_insert"),
                                      Flag("action_update"),
                                      Flag("action_delete"),
                                      Flag("action_query"),
                                      Flag("abort_action"),
                                      Flag("add_message"),
                                      Text("message", 4000),
                                      Text("template", 8000),
                                      Text("role_conditions", 4000),
                                      Text("description", 4000),
                                      Flag("change_fields"),
                                      Flag("execute_function"),
                                      Flag("client_callable"),
                                      Flag("is_rest"),
                                      Text("rest_method", 32),
                                      Text("rest_method_text", 255),
                                      Text("rest_service", 32),
                                      Text("rest_service_text", 255),
                                      Text("rest_variables", 4000)})}),
      ForAdministrators(
          {"sys_script_include", "Script Include", "name",
           Application({Indexed(Text("name", 100)), Text("api_name", 255),
                        Text("script", kScript), Flag("active", "true"),
                        Flag("client_callable"), Text("description", 4000),
                        Flag("sandbox_callable"), Text("caller_access", 40)})}),
      ForAdministrators(
          {"sysauto_script", "Scheduled Script Execution", "name",
           Application({Indexed(Text("name", 100)), Flag("active", "true"),
                        Text("run_type", 40, "on_demand"), Time("run_period"),
                        Time("run_start"), Time("run_time"),
                        Number("run_dayofweek"), Number("run_dayofmonth"),
                        Text("script", kScript), Flag("conditional"),
                        Text("condition", 8000), Link("run_as", "sys_user")})}),
      ForEverybody(
          {"sys_properties", "System Property", "name",
           Application({Indexed(Text("name", 100)), Text("value", 4000),
                        Text("type", 40, "string"), Text("description", 4000),
                        Text("choices", 4000), Flag("is_private"),
                        Flag("ignore_cache"), Text("suffix", 100),
                        Text("read_roles", 255), Text("write_roles", 255)})}),
      ForAdministrators({"syslog",
                         "Log Entry",
                         "message",
                         {Number("level"), Text("message", 4000),
                          Text("source", 100), Text("sequence", 40)}}),
      ForEverybody(
          {"sys_filter_option_dynamic",
           "Dynamic Filter Option",
           "label",
           {Text("label", 100), Text("script", 4000), Text("field_type", 40),
            Text("table", 80), Flag("active", "true")}}),
  };
}

std::vector<Table> RestMessageTables() {
  std::vector<Field> authentication = {
      Text("authentication_type", 40, "no_authentication"),
      Link("basic_auth_profile", "sys_auth_profile_basic"),
      Text("oauth2_profile", 32),
      Flag("use_mutual_auth"),
      Text("protocol_profile", 32),
      Text("protocol_name", 255)};
  std::vector<Field> message = {Indexed(Text("name", 40)),
                                Text("rest_endpoint", 1000),
                                Text("description", 4000)};
  std::vector<Field> function = {Link("rest_message", "sys_rest_message"),
                                 Text("function_name", 255),
                                 Text("http_method", 40),
                                 Text("rest_endpoint", 1000),
                                 Text("content", 4000),
                                 Text("use_mid_server", 32),
                                 Flag("lock"),
                                 Text("qualified_name", 500),
                                 Text("description", 4000)};
  for (const Field& field : authentication) {
    message.push_back(field);
    function.push_back(field);
  }
  const auto child = [](const char* parent, const char* table,
                        std::vector<Field> more) {
    std::vector<Field> fields = {Text("name", 255), Text("value", 4000),
                                 Link(parent, table)};
    for (Field& field : more) fields.push_back(std::move(field));
    return Application(std::move(fields));
  };
  const char* const of_function = "rest_message_function";
  const char* const functions = "sys_rest_message_fn";
  return {
      ForAdministrators({"sys_rest_message", "REST Message", "name",
                         Application(std::move(message))}),
      ForAdministrators({functions, "HTTP Method", "function_name",
                         Application(std::move(function))}),
      ForAdministrators({"sys_rest_message_headers", "REST Message Header",
                         "name",
                         child("rest_message", "sys_rest_message", {})}),
      ForAdministrators({"sys_rest_message_fn_headers", "HTTP Header", "name",
                         child(of_function, functions, {})}),
      ForAdministrators({"sys_rest_message_fn_parameters",
                         "Variable Substitution", "name",
                         child(of_function, functions, {Text("type", 40)})}),
      ForAdministrators(
          {"sys_rest_message_fn_param_defs", "HTTP Query Parameter", "name",
           child(of_function, functions, {Number("order", "100")})}),
      ForAdministrators({"sys_auth_profile_basic",
                         "Basic Auth Configuration",
                         "name",
                         {Text("name", 100), Text("username", 255),
                          Typed(FieldType::kPassword, "password"),
                          Text("type", 40), Text("sys_scope", 32)}}),
  };
}

std::vector<Table> ApplicationTables() {
  return {
      ForAdministrators(
          {"sys_db_object", "Table", "label",
           Application({Indexed(Text("name", 80)), Text("label", 80),
                        Text("super_class", 32), Flag("is_extendable"),
                        Text("number_ref", 32), Flag("create_access_controls"),
                        Flag("ws_access", "true")})}),
      ForAdministrators(
          {"sys_dictionary", "Dictionary Entry", "element",
           Application({Indexed(Text("name", 80)), Text("element", 80),
                        Text("column_label", 80), Text("internal_type", 80),
                        Number("max_length"), Text("reference", 80),
                        Text("default_value", 4000), Flag("mandatory"),
                        Flag("read_only"), Flag("active", "true")})}),
      ForEverybody({"sys_app", "Custom Application", "name",
                    Application({Indexed(Text("name", 100)), Text("scope", 18),
                                 Text("version", 40), Flag("active", "true"),
                                 Text("short_description", 4000),
                                 Text("js_level", 40)})}),
      ForAdministrators(
          {"sys_scope_privilege", "Cross scope privilege", "target_name",
           Application({Text("operation", 40), Text("status", 40),
                        Text("target_name", 255), Text("target_scope", 32),
                        Text("target_type", 40), Text("source_scope", 32)})}),
      ForAdministrators(
          {"sys_remote_update_set",
           "Retrieved Update Set",
           "name",
           {Indexed(Text("name", 255)), Text("state", 40),
            Text("description", 4000), Text("application", 32),
            Text("application_name", 255), Text("application_scope", 40),
            Text("application_version", 40), Text("remote_sys_id", 32),
            Text("sys_class_name", 80)}}),
      ForAdministrators(
          {"sys_update_xml",
           "Customer Update",
           "name",
           {Indexed(Text("name", 255)), Text("action", 40),
            Text("application", 32), Text("category", 40),
            Text("payload", kScript), Text("payload_hash", 40),
            Link("remote_update_set", "sys_remote_update_set"),
            Text("target_name", 500), Text("type", 100),
            Text("update_guid", 32), Text("sys_recorded_at", 40)}}),
  };
}

std::vector<Table> ImportTables() {
  Field state = Text("sys_import_state", 40, "pending");
  Table row = ForEverybody(
      {"sys_import_set_row",
       "Import Set Row",
       "",
       {Link("sys_import_set", "sys_import_set"), Number("sys_import_row"),
        state, Text("sys_import_state_comment", 4000),
        Text("sys_target_table", 80), Text("sys_target_sys_id", 32),
        Link("sys_transform_map", "sys_transform_map"), Flag("sys_row_error"),
        Text("sys_class_name", 80)}});
  row.write_roles = "import_transformer,itil,sn_incident_write";
  Table user{.name = "imp_user",
             .label = "Import Users",
             .parent = "sys_import_set_row",
             .fields = {Text("user_id", 40), Text("first_name", 40),
                        Text("last_name", 40), Text("email", 100),
                        Text("phone", 40), Text("title", 60)},
             .write_roles = row.write_roles};
  Table incident{
      .name = "imp_opcon_incident",
      .label = "Import OpCon incidents",
      .parent = "sys_import_set_row",
      .fields = {Text("correlation_id", 100), Text("short_description", 255),
                 Text("description", 4000), Text("impact", 40),
                 Text("urgency", 40), Text("state", 40),
                 Text("assignment_group", 100), Text("work_notes", 4000)},
      .write_roles = row.write_roles};
  Table set = ForEverybody({"sys_import_set",
                            "Import Set",
                            "number",
                            {Text("number", 40), Text("table_name", 80),
                             Text("state", 40, "loading"), Text("mode", 40),
                             Text("short_description", 255)}});
  set.number_prefix = "ISET";
  set.first_number = 10001;
  return {
      std::move(set),
      std::move(row),
      std::move(user),
      std::move(incident),
      ForEverybody({"sys_transform_map",
                    "Table Transform Map",
                    "name",
                    {Text("name", 100), Indexed(Text("source_table", 80)),
                     Text("target_table", 80), Number("order", "100"),
                     Flag("active", "true"), Flag("run_business_rules", "true"),
                     Flag("copy_empty_fields"), Flag("enforce_mandatory")}}),
      ForEverybody({"sys_transform_entry",
                    "Field Map",
                    "target_field",
                    {Link("map", "sys_transform_map"), Text("source_field", 80),
                     Text("target_field", 80), Flag("coalesce"),
                     Text("choice_action", 40, "create")}}),
  };
}

std::vector<Table> OtherTables() {
  Table change{
      .name = "change_request",
      .label = "Change Request",
      .parent = "task",
      .display_field = "number",
      .number_prefix = "CHG",
      .first_number = 30001,
      .fields = {Text("type", 40, "normal"), Text("risk", 40, "3"),
                 Text("close_code", 40), Time("start_date"), Time("end_date")},
      .write_roles = "itil"};
  return {
      std::move(change),
      ForAdministrators(
          {"sys_trigger",
           "Schedule Item",
           "name",
           {Indexed(Text("name", 100)), Number("state", "0"),
            Number("trigger_type", "0"), Indexed(Time("next_action")),
            Time("repeat"), Text("script", kScript),
            Link("run_as", "sys_user")}}),
      ForAdministrators({"ecc_agent",
                         "MID Server",
                         "name",
                         {Indexed(Text("name", 100)), Text("status", 40)}}),
      ForAdministrators({"sysevent",
                         "Event",
                         "name",
                         {Indexed(Text("name", 100)), Text("table", 80),
                          Text("instance", 32), Text("parm1", 255),
                          Text("parm2", 255), Text("state", 40, "ready")}}),
      ForEverybody(
          {"sys_choice",
           "Choice",
           "label",
           {Indexed(Text("name", 80)), Text("element", 80), Text("value", 100),
            Text("label", 100), Text("language", 3, "en"), Number("sequence"),
            Flag("inactive"), Text("dependent_value", 100),
            Text("hint", 255)}}),
      ForEverybody(
          {"sys_user_grmember",
           "Group Member",
           "",
           {Link("user", "sys_user"), Link("group", "sys_user_group")}}),
      ForEverybody({"sys_user_role",
                    "Role",
                    "name",
                    {Indexed(Text("name", 100)), Text("description", 4000)}}),
      ForEverybody({"sys_user_has_role",
                    "User Role",
                    "",
                    {Link("user", "sys_user"), Link("role", "sys_user_role"),
                     Text("state", 40, "active"), Flag("inherited")}}),
  };
}

}  // namespace

std::vector<Table> PlatformTables() {
  std::vector<Table> all;
  for (std::vector<Table> some :
       {OtherTables(), ScriptTables(), RestMessageTables(), ApplicationTables(),
        ImportTables()}) {
    for (Table& table : some) all.push_back(std::move(table));
  }
  return all;
}

}  // namespace opcon_snow::sandbox::servicenow
