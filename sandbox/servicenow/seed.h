#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SEED_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SEED_H_

// The records an instance has from the start, and more from a file.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

// The sys_id that every instance gives its administrator.
inline constexpr char kAdminSysId[] = "6816f79cc0a8016401c5a33be04be441";

// The administrator, the integration user, a few people, groups and
// configuration items, properties, dynamic filters, and the transform maps of
// the two staging tables. The choices of all columns of `dictionary`.
nlohmann::json StandardSeed(const Settings& settings,
                            const Dictionary& dictionary);

// {"table": [{"column": "value", …}, …], …}. The columns are stored as they
// are, sys_id and sys_created_on among them. A table that does not exist is
// made with the columns that occur; "_tables" defines tables properly:
//
//   {"_tables": {"u_ticket": {
//      "label": "Ticket", "extends": "task", "display": "number",
//      "number_prefix": "TCK", "first_number": 1,
//      "read_roles": "", "write_roles": "itil",
//      "columns": {"u_key": {"label": "Key", "type": "string",
//                            "max_length": 100, "default": "",
//                            "reference": "sys_user", "read_only": false,
//                            "indexed": true, "choices": {"1": "One"}}}}}}
//
// Types: string, integer, boolean, glide_date_time, GUID, reference,
// journal_input, password. INVALID_ARGUMENT names the table and the record at
// fault.
absl::Status Plant(const nlohmann::json& seed, Dictionary& dictionary,
                   RecordWriter& writer);

// Makes a table, or columns of text for names that it does not have.
void MakeTable(Dictionary& dictionary, const std::string& table,
               const FieldValues& columns);

// Many incidents at once, so that speed can be measured.
struct BulkIncidents {
  std::int64_t count = 0;
  // Each is updated so long after the one before; the last one now.
  std::int64_t seconds_apart = 10;
  // Followed by a number of seven digits.
  std::string correlation_prefix = "opcon.example.com:9010,20260105|16|1|JOB";
};

// Returns the number of the first one.
absl::StatusOr<std::string> MakeIncidents(const BulkIncidents& bulk,
                                          TableStore& store,
                                          RecordWriter& writer, absl::Time now);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SEED_H_
