#ifndef OPCON_SNOW_SNOW_GATEWAY_ROW_H_
#define OPCON_SNOW_SNOW_GATEWAY_ROW_H_

// A record as the Table API shows it: a JSON object of columns, whose values
// are strings, or objects for references and with display values. Every form is
// taken for every column, because the form depends on parameters, releases and
// properties of the instance.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::snow {

struct Cell {
  std::string value;
  std::string display_value;
};

// Nothing if the row has no such column: it does not exist, or the user may
// not read it. Always valid UTF-8.
std::optional<Cell> FindCell(const nlohmann::json& row,
                             absl::string_view column);

// The stored value; "" if there is none.
std::string ValueOf(const nlohmann::json& row, absl::string_view column);

// The column as a field, with its display value only if `display`.
std::optional<::servicenow::v1::FieldValue> FindField(const nlohmann::json& row,
                                                      absl::string_view column,
                                                      bool display);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ROW_H_
