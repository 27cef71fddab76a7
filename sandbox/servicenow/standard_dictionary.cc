// Columns, lengths and defaults as on a new instance with the Incident
// Management plugin; where the vendor publishes none, the usual ones.

#include <string>
#include <utility>
#include <vector>

#include "sandbox/servicenow/dictionary.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

Field Text(std::string name, std::string label, std::size_t length,
           std::string default_value = "") {
  Field field;
  field.name = std::move(name);
  field.label = std::move(label);
  field.max_length = length;
  field.default_value = std::move(default_value);
  return field;
}

Field Typed(FieldType type, std::string name, std::string label,
            std::string default_value = "") {
  Field field =
      Text(std::move(name), std::move(label), 40, std::move(default_value));
  field.type = type;
  return field;
}

Field Integer(std::string name, std::string label,
              std::string default_value = "") {
  return Typed(FieldType::kInteger, std::move(name), std::move(label),
               std::move(default_value));
}

Field Boolean(std::string name, std::string label, std::string default_value) {
  return Typed(FieldType::kBoolean, std::move(name), std::move(label),
               std::move(default_value));
}

Field Time(std::string name, std::string label) {
  return Typed(FieldType::kDateTime, std::move(name), std::move(label));
}

Field Reference(std::string name, std::string label, std::string table) {
  Field field = Typed(FieldType::kReference, std::move(name), std::move(label));
  field.max_length = 32;
  field.reference = std::move(table);
  return field;
}

Field Choices(Field field, std::vector<Choice> choices) {
  field.choices = std::move(choices);
  return field;
}

Field ReadOnly(Field field) {
  field.read_only = true;
  return field;
}

Field Indexed(Field field) {
  field.indexed = true;
  return field;
}

}  // namespace

Field StringField(std::string name, std::string label, std::size_t length,
                  std::string default_value) {
  return Text(std::move(name), std::move(label), length,
              std::move(default_value));
}

std::vector<Field> SystemFields() {
  Field id = Typed(FieldType::kGuid, "sys_id", "Sys ID");
  id.max_length = 32;
  return {
      ReadOnly(id),
      ReadOnly(Indexed(Time("sys_created_on", "Created"))),
      ReadOnly(Text("sys_created_by", "Created by", 40)),
      ReadOnly(Indexed(Time("sys_updated_on", "Updated"))),
      ReadOnly(Text("sys_updated_by", "Updated by", 40)),
      ReadOnly(Integer("sys_mod_count", "Updates", "0")),
      Text("sys_tags", "Tags", 255),
  };
}

namespace {

void Append(std::vector<Field>& to, std::vector<Field> fields) {
  for (Field& field : fields) to.push_back(std::move(field));
}

std::vector<Choice> OneToThree() {
  return {{"1", "1 - High"}, {"2", "2 - Medium"}, {"3", "3 - Low"}};
}

std::vector<Choice> Priorities() {
  return {{"1", "1 - Critical"},
          {"2", "2 - High"},
          {"3", "3 - Moderate"},
          {"4", "4 - Low"},
          {"5", "5 - Planning"}};
}

std::vector<Choice> IncidentStates() {
  return {{"1", "New"},      {"2", "In Progress"}, {"3", "On Hold"},
          {"6", "Resolved"}, {"7", "Closed"},      {"8", "Canceled"}};
}

Table Task() {
  Table table{"task", "Task", "", "number", "TASK", 20001, SystemFields()};
  table.write_roles = "itil";
  Field domain = Reference("sys_domain", "Domain", "sys_user_group");
  domain.default_value = "global";
  Append(
      table.fields,
      {
          ReadOnly(Text("sys_class_name", "Task type", 80)),
          Indexed(Text("number", "Number", 40)),
          Text("short_description", "Short description", 160),
          Text("description", "Description", 4000),
          Choices(Integer("state", "State", "1"), {{"-5", "Pending"},
                                                   {"1", "Open"},
                                                   {"2", "Work in Progress"},
                                                   {"3", "Closed Complete"},
                                                   {"4", "Closed Incomplete"},
                                                   {"7", "Closed Skipped"}}),
          Boolean("active", "Active", "true"),
          Choices(Integer("impact", "Impact", "3"), OneToThree()),
          Choices(Integer("urgency", "Urgency", "3"), OneToThree()),
          Choices(Integer("priority", "Priority", "4"), Priorities()),
          Reference("assigned_to", "Assigned to", "sys_user"),
          Reference("assignment_group", "Assignment group", "sys_user_group"),
          Reference("opened_by", "Opened by", "sys_user"),
          Reference("closed_by", "Closed by", "sys_user"),
          Reference("parent", "Parent", "task"),
          Reference("cmdb_ci", "Configuration item", "cmdb_ci"),
          Reference("business_service", "Service", "cmdb_ci"),
          Time("opened_at", "Opened"),
          Time("closed_at", "Closed"),
          Time("due_date", "Due date"),
          Time("work_start", "Actual start"),
          Time("work_end", "Actual end"),
          Time("expected_start", "Expected start"),
          Time("activity_due", "Activity due"),
          Time("follow_up", "Follow up"),
          Time("sla_due", "SLA due"),
          Time("approval_set", "Approval set"),
          Text("close_notes", "Close notes", 4000),
          Indexed(Text("correlation_id", "Correlation ID", 100)),
          Text("correlation_display", "Correlation display", 100),
          Typed(FieldType::kJournal, "work_notes", "Work notes"),
          Typed(FieldType::kJournal, "comments", "Additional comments"),
          ReadOnly(Typed(FieldType::kJournalList, "comments_and_work_notes",
                         "Comments and Work notes")),
          Text("work_notes_list", "Work notes list", 4000),
          Text("watch_list", "Watch list", 4000),
          Text("additional_assignee_list", "Additional assignee list", 4000),
          Text("group_list", "Group list", 4000),
          Text("contact_type", "Contact type", 40),
          Text("approval", "Approval", 40, "not requested"),
          Text("approval_history", "Approval history", 4000),
          Text("upon_approval", "Upon approval", 40, "proceed"),
          Text("upon_reject", "Upon reject", 40, "cancel"),
          Choices(Integer("escalation", "Escalation", "0"), {{"0", "Normal"},
                                                             {"1", "Moderate"},
                                                             {"2", "High"},
                                                             {"3", "Overdue"}}),
          Integer("reassignment_count", "Reassignment count", "0"),
          Boolean("knowledge", "Knowledge", "false"),
          Boolean("made_sla", "Made SLA", "true"),
          Integer("order", "Order"),
          Text("time_worked", "Time worked", 40),
          Text("calendar_duration", "Duration", 40),
          Text("business_duration", "Business duration", 40),
          Text("delivery_plan", "Delivery plan", 32),
          Text("delivery_task", "Delivery task", 32),
          Text("location", "Location", 32),
          Text("company", "Company", 32),
          Text("user_input", "User input", 4000),
          Text("rejection_goto", "Rejection goto", 32),
          Text("wf_activity", "Workflow activity", 32),
          ReadOnly(domain),
          ReadOnly(Text("sys_domain_path", "Domain Path", 255, "/")),
      });
  return table;
}

Table Incident() {
  Table table{"incident", "Incident", "task", "number", "INC", 10001, {}};
  table.write_roles = "itil,sn_incident_write";
  table.mobile_fields = {"number",   "short_description", "state",
                         "priority", "assignment_group",  "assigned_to",
                         "sys_id"};
  table.fields = {
      Choices(Integer("state", "State", "1"), IncidentStates()),
      Choices(Integer("incident_state", "Incident state", "1"),
              IncidentStates()),
      Choices(Integer("priority", "Priority", "5"), Priorities()),
      Choices(Text("close_code", "Resolution code", 40),
              {{"Duplicate", "Duplicate"},
               {"Known error", "Known error"},
               {"No resolution provided", "No resolution provided"},
               {"Resolved by caller", "Resolved by caller"},
               {"Resolved by change", "Resolved by change"},
               {"Resolved by problem", "Resolved by problem"},
               {"Resolved by request", "Resolved by request"},
               {"Solution provided", "Solution provided"},
               {"Workaround provided", "Workaround provided"},
               {"User error", "User error"}}),
      Text("close_notes", "Resolution notes", 4000),
      Choices(Integer("hold_reason", "On hold reason"),
              {{"1", "Awaiting Caller"},
               {"5", "Awaiting Change"},
               {"3", "Awaiting Problem"},
               {"4", "Awaiting Vendor"}}),
      Choices(Text("category", "Category", 40, "inquiry"),
              {{"inquiry", "Inquiry / Help"},
               {"software", "Software"},
               {"hardware", "Hardware"},
               {"network", "Network"},
               {"database", "Database"}}),
      Text("subcategory", "Subcategory", 40),
      Reference("caller_id", "Caller", "sys_user"),
      Reference("resolved_by", "Resolved by", "sys_user"),
      Indexed(Time("resolved_at", "Resolved")),
      Reference("reopened_by", "Last reopened by", "sys_user"),
      Time("reopened_time", "Last reopened at"),
      Integer("reopen_count", "Reopen count", "0"),
      Choices(Integer("severity", "Severity", "3"), OneToThree()),
      Choices(Integer("notify", "Notify", "1"),
              {{"1", "Do Not Notify"}, {"2", "Send Email"}, {"3", "Phone"}}),
      Reference("parent_incident", "Parent Incident", "incident"),
      Integer("child_incidents", "Child Incidents", "0"),
      Reference("problem_id", "Problem", "problem"),
      Reference("rfc", "Change Request", "task"),
      Reference("caused_by", "Caused by Change", "task"),
      Text("business_stc", "Business resolve time", 40),
      Text("calendar_stc", "Resolve time", 40),
  };
  return table;
}

Table Problem() {
  Table table{"problem", "Problem", "task", "number", "PRB", 40001, {}};
  table.write_roles = "itil,problem_admin";
  table.fields = {
      Choices(Integer("state", "State", "101"), {{"101", "New"},
                                                 {"102", "Assess"},
                                                 {"103", "Root Cause Analysis"},
                                                 {"104", "Fix in Progress"},
                                                 {"106", "Resolved"},
                                                 {"107", "Closed"}}),
      Choices(Integer("problem_state", "Problem state", "101"),
              {{"101", "New"}, {"107", "Closed"}}),
      Boolean("known_error", "Known error", "false"),
      Text("cause_notes", "Cause notes", 4000),
      Text("fix_notes", "Fix notes", 4000),
      Text("workaround", "Workaround", 4000),
      Reference("first_reported_by_task", "First reported by", "task"),
      Text("category", "Category", 40),
      Integer("related_incidents", "Related Incidents", "0"),
  };
  return table;
}

Table User() {
  Table table{"sys_user", "User", "", "name", "", 0, SystemFields()};
  table.write_roles = "user_admin";
  Append(table.fields,
         {
             Indexed(Text("user_name", "User ID", 40)),
             Indexed(Text("name", "Name", 151)),
             Text("first_name", "First name", 50),
             Text("last_name", "Last name", 50),
             Text("email", "Email", 100),
             Text("title", "Title", 60),
             Text("phone", "Business phone", 40),
             Boolean("active", "Active", "true"),
             Boolean("locked_out", "Locked out", "false"),
             Boolean("web_service_access_only", "Web service access only",
                     "false"),
             Text("roles", "Roles", 255),
             Typed(FieldType::kPassword, "user_password", "Password"),
             Reference("manager", "Manager", "sys_user"),
             Text("department", "Department", 32),
             Text("location", "Location", 32),
             Text("employee_number", "Employee number", 40),
             Text("time_zone", "Time zone", 40),
         });
  return table;
}

Table Group() {
  Table table{"sys_user_group", "Group", "", "name", "", 0, SystemFields()};
  table.write_roles = "user_admin";
  Append(table.fields, {
                           Indexed(Text("name", "Name", 80)),
                           Text("description", "Description", 1000),
                           Text("email", "Group email", 100),
                           Text("type", "Type", 4000),
                           Boolean("active", "Active", "true"),
                           Reference("manager", "Manager", "sys_user"),
                           Reference("parent", "Parent", "sys_user_group"),
                       });
  return table;
}

Table ConfigurationItem() {
  Table table{"cmdb_ci", "Configuration Item", "", "name", "",
              0,         SystemFields()};
  table.write_roles = "itil,asset";
  Append(table.fields,
         {
             ReadOnly(Text("sys_class_name", "Class", 80)),
             Indexed(Text("name", "Name", 255)),
             Text("short_description", "Description", 1000),
             Text("asset_tag", "Asset tag", 100),
             Text("serial_number", "Serial number", 255),
             Text("category", "Category", 40),
             Text("subcategory", "Subcategory", 40),
             Text("correlation_id", "Correlation ID", 512),
             Text("environment", "Environment", 40),
             Text("fqdn", "Fully qualified domain name", 255),
             Text("ip_address", "IP Address", 255),
             Text("location", "Location", 32),
             Text("company", "Company", 32),
             Choices(Integer("install_status", "Status", "1"),
                     {{"1", "Installed"}, {"6", "In Stock"}, {"7", "Retired"}}),
             Choices(Integer("operational_status", "Operational status", "1"),
                     {{"1", "Operational"}, {"2", "Non-Operational"}}),
             Reference("support_group", "Support group", "sys_user_group"),
             Reference("assignment_group", "Change Group", "sys_user_group"),
             Reference("managed_by", "Managed by", "sys_user"),
             Reference("owned_by", "Owned by", "sys_user"),
         });
  return table;
}

Table ConfigurationItemClass(std::string name, std::string label,
                             std::string parent, std::vector<Field> fields) {
  return {std::move(name),  std::move(label), std::move(parent), "", "", 0,
          std::move(fields)};
}

Table JournalField() {
  Table table{"sys_journal_field", "Journal Entry", "", "", "", 0,
              SystemFields()};
  Field element_id = Typed(FieldType::kGuid, "element_id", "Element ID");
  element_id.max_length = 32;
  Append(table.fields, {
                           Text("name", "Name", 80),
                           Indexed(element_id),
                           Text("element", "Element", 80),
                           Text("value", "Value", 65536),
                       });
  return table;
}

Table Attachment() {
  Table table{"sys_attachment", "Attachment", "", "file_name", "", 0,
              SystemFields()};
  Field record = Typed(FieldType::kGuid, "table_sys_id", "Table sys ID");
  record.max_length = 32;
  Append(table.fields,
         {
             Text("table_name", "Table name", 80),
             Indexed(record),
             Text("file_name", "File name", 100),
             Text("content_type", "Content type", 100),
             Text("encryption_context", "Encryption context", 32),
             ReadOnly(Integer("size_bytes", "Size bytes")),
             ReadOnly(Integer("size_compressed", "Size compressed")),
             ReadOnly(Boolean("compressed", "Compressed", "true")),
             ReadOnly(Text("hash", "Hash", 64)),
             Text("average_image_color", "Average image color", 40),
             Integer("image_height", "Image height"),
             Integer("image_width", "Image width"),
         });
  return table;
}

}  // namespace

Dictionary StandardDictionary() {
  Dictionary dictionary;
  dictionary.Add(Task());
  dictionary.Add(Incident());
  dictionary.Add(Problem());
  dictionary.Add(User());
  dictionary.Add(Group());
  dictionary.Add(ConfigurationItem());
  dictionary.Add(ConfigurationItemClass(
      "cmdb_ci_server", "Server", "cmdb_ci",
      {Text("os", "Operating System", 40), Text("host_name", "Host name", 255),
       Text("cpu_count", "CPU count", 40)}));
  dictionary.Add(ConfigurationItemClass(
      "cmdb_ci_appl", "Application", "cmdb_ci",
      {Text("version", "Version", 255), Text("used_for", "Used for", 40)}));
  dictionary.Add(ConfigurationItemClass(
      "cmdb_ci_service", "Service", "cmdb_ci",
      {Text("busines_criticality", "Business criticality", 40)}));
  dictionary.Add(JournalField());
  dictionary.Add(Attachment());
  for (Table& table : PlatformTables()) dictionary.Add(std::move(table));
  return dictionary;
}

}  // namespace opcon_snow::sandbox::servicenow
