#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_UPDATE_SET_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_UPDATE_SET_H_

// Update-set XML, whoever wrote it: what "Import Update Set from XML" takes
// (<unload> with sys_update_xml records whose payloads are records), an export
// of records as they are, or one <record_update> as now-sdk builds it.

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sandbox/servicenow/record_hooks.h"

namespace opcon_snow::sandbox::servicenow {

struct UpdateRecord {
  std::string table;
  bool deletes = false;
  FieldValues values;
  // What references show, as the file tells.
  FieldValues shown;
};

struct UpdateSet {
  std::string name;  // of sys_remote_update_set; "" if there is none
  std::vector<UpdateRecord> records;  // in the order of the file
  // Payloads that are no records: "sys_update_xml NAME: why".
  std::vector<std::string> faults;
};

inline constexpr std::size_t kMostUpdateSetBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMostUpdateRecords = 100'000;

// INVALID_ARGUMENT if it is no such file, with the place in it.
absl::StatusOr<UpdateSet> ParseUpdateSet(absl::string_view xml);

struct UpdateSetResult {
  std::size_t stored = 0;
  std::size_t deleted = 0;
  // Tables that the instance did not have. Their records are there to be read,
  // and have no other effect.
  std::set<std::string> unknown_tables;
  // Records that could not be stored: "TABLE SYS_ID: why".
  std::vector<std::string> faults;
};

// Stores the records as they are; tables, columns and choices of the dictionary
// take effect at once.
UpdateSetResult CommitUpdateSet(const UpdateSet& update_set,
                                RecordAccess& records);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_UPDATE_SET_H_
