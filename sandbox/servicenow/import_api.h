#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_IMPORT_API_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_IMPORT_API_H_

// /api/now/[v1/]import/{staging table}[/insertMultiple|/{sys_id}]: rows go into
// a staging table (one that extends sys_import_set_row) and are transformed at
// once by the maps in sys_transform_map and sys_transform_entry. Fields of a
// map with `coalesce` find the record to be updated.

#include <string>

#include "sandbox/servicenow/api_call.h"

namespace opcon_snow::sandbox::servicenow {

class ImportApi {
 public:
  explicit ImportApi(Parts parts) : parts_(std::move(parts)) {}

  Reply Handle(const ApiCall& call);

 private:
  struct Outcome {
    nlohmann::json shown;
    FieldValues row;  // what the staging row says about it
  };

  absl::StatusOr<const Record*> NewImportSet(const ApiCall& call,
                                             const std::string& staging);
  // Stores one row and runs every map of the table over it. Returns the
  // `result` of the answer.
  absl::StatusOr<nlohmann::json> Import(const ApiCall& call,
                                        const std::string& staging,
                                        const FieldValues& values,
                                        const std::string& import_set, int row);
  Outcome Transform(const ApiCall& call, const Record& map, const Record& row);
  // nullptr: no record fulfils every coalesce field, or there is none such.
  const Record* FindTarget(const std::string& table,
                           const FieldValues& coalesce) const;
  nlohmann::json Shown(const ApiCall& call, const Record& map,
                       const Record* target, const std::string& status) const;
  Reply One(const ApiCall& call, const std::string& staging);
  Reply Multiple(const ApiCall& call, const std::string& staging);
  Reply Get(const ApiCall& call, const std::string& staging,
            const Record& row) const;

  const Parts parts_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_IMPORT_API_H_
