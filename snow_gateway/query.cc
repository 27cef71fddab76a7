#include "snow_gateway/query.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "snow_gateway/errors.h"

namespace opcon_snow::snow {

const QueryColumns& IncidentQueryColumns() {
  static const auto* const columns = new QueryColumns{
      "active", "correlation_display", "correlation_id", "number",
      "state",  "sys_updated_on"};
  return *columns;
}

const QueryColumns& JournalQueryColumns() {
  static const auto* const columns =
      new QueryColumns{"element", "element_id", "sys_created_on", "value"};
  return *columns;
}

const QueryColumns& AttachmentQueryColumns() {
  static const auto* const columns = new QueryColumns{
      "file_name", "sys_created_on", "table_name", "table_sys_id"};
  return *columns;
}

bool Query::CheckColumn(absl::string_view column) {
  if (IsColumnPath(column) &&
      (column == "sys_id" || columns_.count(std::string(column)) > 0)) {
    return true;
  }
  if (!fault_.empty()) return false;
  fault_ = IsColumnPath(column)
               ? absl::StrCat("queries of this table do not ask for \"", column,
                              "\"")
               : "a column's name is not one";
  return false;
}

void Query::Fail(absl::string_view column, absl::string_view fault) {
  if (!fault_.empty()) return;
  fault_ = absl::StrCat("the value for \"", column, "\" ", fault);
}

Query& Query::Add(absl::string_view column, absl::string_view op,
                  absl::string_view value, absl::string_view joint) {
  if (!CheckColumn(column)) return *this;
  if (const auto fault = QueryValueFault(value)) Fail(column, *fault);
  conditions_.push_back(absl::StrCat(joint, column, op, value));
  return *this;
}

Query& Query::Equals(absl::string_view column, absl::string_view value) {
  return Add(column, "=", value);
}

Query& Query::In(absl::string_view column,
                 const std::vector<std::string>& values) {
  if (values.size() == 1) return Equals(column, values[0]);
  for (const std::string& value : values) {
    if (const auto fault = QueryListValueFault(value)) Fail(column, *fault);
  }
  if (values.empty()) Fail(column, "is missing");
  // The parts were checked; the whole may be longer than one value.
  if (!CheckColumn(column)) return *this;
  conditions_.push_back(absl::StrCat(column, "IN", absl::StrJoin(values, ",")));
  return *this;
}

Query& Query::After(absl::string_view column, absl::string_view value) {
  return Add(column, ">", value);
}

Query& Query::NotBefore(absl::string_view column, absl::string_view value) {
  return Add(column, ">=", value);
}

Query& Query::Contains(absl::string_view column, absl::string_view value) {
  return Add(column, "LIKE", value);
}

Query& Query::AfterPosition(absl::string_view time_column,
                            absl::string_view time, absl::string_view sys_id) {
  NotBefore(time_column, time);
  // (later than it) or (greater than it): "^OR" joins a condition with the one
  // right before it.
  After(time_column, time);
  return Add("sys_id", ">", sys_id, "OR");
}

Query& Query::OrderBy(absl::string_view column) {
  if (!CheckColumn(column)) return *this;
  order_.push_back(absl::StrCat("ORDERBY", column));
  return *this;
}

absl::StatusOr<BoundedQuery> Query::Build(int limit) const {
  if (limit < 1 || limit > kMaxLimit) {
    return GatewayError(
        ::servicenow::v1::ERROR_REASON_INVALID_REQUEST,
        absl::StrCat("a query needs a limit of 1 to ", kMaxLimit));
  }
  if (!fault_.empty()) {
    return GatewayError(::servicenow::v1::ERROR_REASON_INVALID_REQUEST, fault_);
  }
  if (conditions_.empty()) {
    return GatewayError(::servicenow::v1::ERROR_REASON_INVALID_REQUEST,
                        "a query needs at least one condition");
  }
  std::vector<std::string> parts = conditions_;
  parts.insert(parts.end(), order_.begin(), order_.end());
  return BoundedQuery(absl::StrJoin(parts, "^"), limit);
}

}  // namespace opcon_snow::snow
