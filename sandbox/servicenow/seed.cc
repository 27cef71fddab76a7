#include "sandbox/servicenow/seed.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::servicenow {

using Json = nlohmann::json;

nlohmann::json StandardSeed(const Settings& settings) {
  const char* const hardware = "8a5055c9c61122780043563ef53438e3";
  const char* const network = "287ebd7da9fe198100f92cc8d1d2154e";
  const char* const operations = "4c1e2f60c0a80a2b00f1d9a6b7c8e001";
  const char* const service = "27d32778c0a8000b00db970eeaa60f16";
  return {
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
                     {"roles", "itil"}}})},
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
}

absl::Status Plant(const nlohmann::json& seed, RecordWriter& writer) {
  if (!seed.is_object()) {
    return absl::InvalidArgumentError("seed data must be an object of tables");
  }
  const Actor actor{kAdminSysId, "admin", true};
  for (const auto& [table, records] : seed.items()) {
    if (!records.is_array()) {
      return absl::InvalidArgumentError(
          absl::StrCat("table ", table, ": must be an array of records"));
    }
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
      const absl::StatusOr<const Record*> planted =
          writer.Store(table, values, actor);
      if (!planted.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(where, std::string(planted.status().message())));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::servicenow
