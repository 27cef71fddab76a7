#ifndef OPCON_SNOW_SNOW_GATEWAY_INCIDENT_WRITE_H_
#define OPCON_SNOW_SNOW_GATEWAY_INCIDENT_WRITE_H_

// What creating and updating an incident have in common: checking the values,
// turning them into a body, and finding out from the reply what the instance
// silently did with them.

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "servicenow/v1/incident.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {

// The names of the fields of `Incident` that can be written, beside `fields`
// and `state`: each is also the name of its column.
const std::vector<std::string>& WritableTexts();
const std::string& TextOf(const ::servicenow::v1::Incident& incident,
                          absl::string_view name);

// Adds the violations of the named parts ("state", "fields", texts).
void CheckWrittenParts(const ::servicenow::v1::Incident& incident,
                       const std::set<std::string>& parts,
                       Violations* violations);

struct WriteValues {
  // Values by column.
  nlohmann::json values;
  // What was done instead of what was asked.
  std::vector<std::string> warnings;
};

// The columns and values of the named parts; references given by name are
// looked up, and an assignment group that cannot be told becomes the instance's
// fallback, if it has one. A state that is unspecified is left out. For create
// also texts that are empty are.
async::Task<absl::StatusOr<WriteValues>> ValuesToWrite(
    Instance* instance, ::servicenow::v1::Incident incident,
    std::set<std::string> parts, bool keep_empty, CallScope scope);

// The columns to ask a reply for: the usual ones, and `more`.
std::vector<std::string> ColumnsToShow(const std::vector<std::string>& more);

// One sentence for each column of `values` that `row` shows otherwise: not at
// all, cut off, changed.
std::vector<std::string> CompareWritten(const nlohmann::json& values,
                                        const nlohmann::json& row);

// Whether `row` has every value, as it was to be written.
bool HasWritten(const nlohmann::json& values, const nlohmann::json& row);

// The columns of `incident.fields` that were given, to be shown in a reply.
std::vector<std::string> GivenColumns(
    const ::servicenow::v1::Incident& incident);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_INCIDENT_WRITE_H_
