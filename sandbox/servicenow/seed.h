#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SEED_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SEED_H_

// The records an instance has from the start, and more from a file.

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {

// The sys_id that every instance gives its administrator.
inline constexpr char kAdminSysId[] = "6816f79cc0a8016401c5a33be04be441";

// The administrator, the integration user, a few people, groups and
// configuration items.
nlohmann::json StandardSeed(const Settings& settings);

// {"table": [{"column": "value", …}, …], …}. The columns are stored as they
// are, sys_id and sys_created_on among them. INVALID_ARGUMENT names the table
// and the record at fault.
absl::Status Plant(const nlohmann::json& seed, RecordWriter& writer);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SEED_H_
