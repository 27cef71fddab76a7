#ifndef OPCON_SNOW_SNOW_GATEWAY_COLUMNS_H_
#define OPCON_SNOW_SNOW_GATEWAY_COLUMNS_H_

// What this gateway knows of the columns of an incident.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::snow {

// A reference column that can be written by the name of what it refers to.
struct ReferenceColumn {
  absl::string_view column;
  // The table referred to.
  absl::string_view table;
  // The columns that a name is looked up in, one after the other, until one
  // has it; the second may be empty.
  absl::string_view keys[2];
};

// Null for columns that are not known to be references. Only known ones are
// looked up: the API's own `sysparm_input_display_value` would re-read every
// other value of the request too (dates by the user's time zone, choices by
// their labels), and an instance's dictionary is rarely open to an integration
// user.
const ReferenceColumn* FindReferenceColumn(absl::string_view column);

// "assignment_group, assigned_to, …", for messages.
std::string KnownReferenceColumns();

// Why `column` must not be in `Incident.fields` of a write: it has a field of
// its own, is a journal, or is computed. Nothing if it may.
std::optional<std::string> FixedColumnFault(absl::string_view column);

// The columns that every incident is read with, in the order of the request.
const std::vector<std::string>& IncidentColumns();

// Columns of an incident that hold this many characters on a stock instance.
inline constexpr std::size_t kMaxCorrelation = 100;
inline constexpr std::size_t kMaxDescription = 4000;

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_COLUMNS_H_
