#include "snow_gateway/lookup_records.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/page.h"
#include "snow_gateway/page_query.h"
#include "snow_gateway/query.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

constexpr int kMaxConditions = 10;
constexpr int kMaxValues = 100;

void CheckCondition(const std::string& field, const v1::Condition& condition,
                    Violations* violations) {
  if (!IsColumnPath(condition.column())) {
    violations->Add(absl::StrCat(field, ".column"),
                    "must be a column's name: lower-case letters, digits and "
                    "\"_\", with \".\" over references");
  }
  if (condition.values().empty() || condition.values_size() > kMaxValues) {
    violations->Add(absl::StrCat(field, ".values"),
                    absl::StrCat("must have 1 to ", kMaxValues, " entries"));
    return;
  }
  for (int i = 0; i < condition.values_size(); ++i) {
    const auto fault = condition.values_size() > 1
                           ? QueryListValueFault(condition.values(i))
                           : QueryValueFault(condition.values(i));
    if (fault.has_value()) {
      violations->Add(absl::StrCat(field, ".values[", i, "]"), *fault);
    }
  }
}

absl::Status Check(const v1::LookupRecordsRequest& request) {
  Violations violations;
  CheckTable("table", request.table(), &violations);
  if (request.conditions().empty() ||
      request.conditions_size() > kMaxConditions) {
    violations.Add("conditions",
                   absl::StrCat("must have 1 to ", kMaxConditions, " entries"));
  } else {
    for (int i = 0; i < request.conditions_size(); ++i) {
      CheckCondition(absl::StrCat("conditions[", i, "]"), request.conditions(i),
                     &violations);
    }
  }
  CheckColumns("columns", request.columns(), &violations);
  CheckPageSize(request.page_size(), &violations);
  return violations.ToStatus();
}

std::vector<std::string> ReturnedColumns(
    const v1::LookupRecordsRequest& request) {
  if (request.columns().empty()) return {"sys_id", "name"};
  return {request.columns().begin(), request.columns().end()};
}

bool Fits(const v1::LookupRecordsRequest& request, const nlohmann::json& row) {
  return std::all_of(
      request.conditions().begin(), request.conditions().end(),
      [&row](const v1::Condition& condition) {
        const std::string value = ValueOf(row, condition.column());
        return std::find(condition.values().begin(), condition.values().end(),
                         value) != condition.values().end();
      });
}

// A condition whose column the rows do not show cannot be checked.
absl::Status CheckShown(const Instance& instance,
                        const v1::LookupRecordsRequest& request,
                        const std::set<std::string>& hidden) {
  if (hidden.empty()) return absl::OkStatus();
  ErrorDetails details;
  details.metadata["instance"] = instance.settings().name;
  details.metadata["table"] = request.table();
  details.metadata["column"] = *hidden.begin();
  return GatewayError(
      v1::ERROR_REASON_UPSTREAM_REJECTED,
      absl::StrCat("table ", request.table(), " of ServiceNow instance ",
                   instance.settings().name, " shows no column ",
                   *hidden.begin(),
                   ": there is none of that name, and then the instance "
                   "ignored the condition, or the integration user may not "
                   "read it; correct the condition"),
      std::move(details));
}

}  // namespace

async::Task<absl::StatusOr<v1::LookupRecordsResponse>> LookupRecords(
    std::shared_ptr<Instance> instance, v1::LookupRecordsRequest request,
    CallScope scope) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(request));
  const std::vector<std::string> columns = ReturnedColumns(request);
  PageQuery query;
  query.table = request.table();
  std::set<std::string> shown(columns.begin(), columns.end());
  shown.insert("sys_id");
  // Those of the request were checked, and the rows must show each.
  QueryColumns asked;
  for (const v1::Condition& condition : request.conditions()) {
    asked.insert(condition.column());
  }
  query.filters = Query(std::move(asked));
  for (const v1::Condition& condition : request.conditions()) {
    query.filters.In(condition.column(),
                     {condition.values().begin(), condition.values().end()});
    shown.insert(condition.column());
  }
  query.columns.assign(shown.begin(), shown.end());
  query.display_values = request.display_values();
  query.page_size = EffectivePageSize(request.page_size());
  query.fingerprint = FilterFingerprint(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      query.after, TakePageToken(request.page_token(), query.fingerprint,
                                 /*with_time=*/false));
  std::set<std::string> hidden;
  query.fits = [&request, &hidden](const nlohmann::json& row) {
    for (const v1::Condition& condition : request.conditions()) {
      if (!FindCell(row, condition.column()).has_value()) {
        hidden.insert(condition.column());
      }
    }
    return Fits(request, row);
  };
  async::Task<absl::StatusOr<PageRows>> fetching =
      FetchPage(instance.get(), std::move(query), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(PageRows page, co_await std::move(fetching));
  OPCON_SNOW_CO_RETURN_IF_ERROR(CheckShown(*instance, request, hidden));

  v1::LookupRecordsResponse response;
  for (const nlohmann::json& row : page.rows) {
    *response.add_records() =
        RecordFromRow(row, request.table(), columns, request.display_values());
  }
  response.set_next_page_token(std::move(page.next_page_token));
  co_return response;
}

}  // namespace opcon_snow::snow
