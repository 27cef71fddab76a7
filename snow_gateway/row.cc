#include "snow_gateway/row.h"

#include <cstddef>
#include <limits>

#include "common/http/json.h"
#include "common/status/utf8.h"

namespace opcon_snow::snow {
namespace {

std::string TextOf(const nlohmann::json& value) {
  if (value.is_string()) {
    return ToValidUtf8(value.get<std::string>(),
                       std::numeric_limits<std::size_t>::max());
  }
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return http::WriteJson(value);
  return "";
}

}  // namespace

std::optional<Cell> FindCell(const nlohmann::json& row,
                             absl::string_view column) {
  const nlohmann::json* found = http::FindMember(row, column);
  if (found == nullptr) return std::nullopt;
  Cell cell;
  if (!found->is_object()) {
    cell.value = TextOf(*found);
    return cell;
  }
  const nlohmann::json* value = http::FindMember(*found, "value");
  const nlohmann::json* display = http::FindMember(*found, "display_value");
  if (value != nullptr) cell.value = TextOf(*value);
  if (display != nullptr) cell.display_value = TextOf(*display);
  return cell;
}

std::string ValueOf(const nlohmann::json& row, absl::string_view column) {
  return FindCell(row, column).value_or(Cell()).value;
}

std::optional<::servicenow::v1::FieldValue> FindField(const nlohmann::json& row,
                                                      absl::string_view column,
                                                      bool display) {
  std::optional<Cell> cell = FindCell(row, column);
  if (!cell.has_value()) return std::nullopt;
  ::servicenow::v1::FieldValue field;
  field.set_value(cell->value);
  if (display) field.set_display_value(cell->display_value);
  return field;
}

}  // namespace opcon_snow::snow
