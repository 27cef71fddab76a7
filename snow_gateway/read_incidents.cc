#include "snow_gateway/read_incidents.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/incident_write.h"
#include "snow_gateway/page.h"
#include "snow_gateway/page_query.h"
#include "snow_gateway/query.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Rows = std::vector<nlohmann::json>;
using Texts = std::vector<std::string>;
using RowOr = absl::StatusOr<nlohmann::json>;

constexpr int kMaxSysIds = 100;
// One answers to a number; more would show that something is wrong.
constexpr int kByNumberLimit = 10;

absl::Status Check(const v1::GetIncidentRequest& request) {
  Violations violations;
  switch (request.key_case()) {
    case v1::GetIncidentRequest::kSysId:
      CheckSysId("sys_id", request.sys_id(), &violations);
      break;
    case v1::GetIncidentRequest::kNumber:
      if (const auto fault = QueryValueFault(request.number())) {
        violations.Add("number", *fault);
      }
      break;
    case v1::GetIncidentRequest::KEY_NOT_SET:
      violations.Add("key", "is required: give sys_id or number");
      break;
  }
  CheckColumns("columns", request.columns(), &violations);
  return violations.ToStatus();
}

async::Task<RowOr> ReadBySysId(Instance* instance, std::string sys_id,
                               Texts columns, CallScope scope) {
  async::Task<absl::StatusOr<RecordReply>> getting = instance->records().Get(
      instance->settings().incident_table, std::move(sys_id),
      std::move(columns), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RecordReply reply,
                                 co_await std::move(getting));
  co_return std::move(reply.row);
}

async::Task<RowOr> ReadByNumber(Instance* instance, std::string number,
                                Texts columns, CallScope scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(BoundedQuery query,
                                 Query(IncidentQueryColumns())
                                     .Equals("number", number)
                                     .OrderBy("sys_id")
                                     .Build(kByNumberLimit));
  ListQuery list{instance->settings().incident_table, std::move(query),
                 std::move(columns)};
  async::Task<absl::StatusOr<Rows>> listing =
      instance->records().List(std::move(list), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Rows rows, co_await std::move(listing));
  std::erase_if(rows, [&number](const nlohmann::json& row) {
    return ValueOf(row, "number") != number;
  });
  if (rows.size() == 1) co_return std::move(rows[0]);

  ErrorDetails details;
  details.metadata["instance"] = instance->settings().name;
  details.metadata["number"] = number;
  if (rows.empty()) {
    co_return GatewayError(
        v1::ERROR_REASON_RECORD_NOT_FOUND,
        absl::StrCat("no incident has the number ", number,
                     ", or the integration user may not see it"),
        std::move(details));
  }
  details.metadata["candidates"] =
      absl::StrJoin(rows, ",", [](std::string* out, const auto& row) {
        absl::StrAppend(out, ValueOf(row, "sys_id"));
      });
  co_return GatewayError(
      v1::ERROR_REASON_AMBIGUOUS_RECORD,
      absl::StrCat(rows.size(), " incidents have the number ", number,
                   "; ask by sys_id"),
      std::move(details));
}

// The filters of a list, in the forms of the wire.
struct Filters {
  std::string correlation_id;
  std::string correlation_display;
  std::set<std::string> states;
  std::set<std::string> sys_ids;
  std::string since;

  bool Fit(const nlohmann::json& row) const {
    return Matches(correlation_id, ValueOf(row, "correlation_id")) &&
           Matches(correlation_display, ValueOf(row, "correlation_display")) &&
           Matches(states, ValueOf(row, "state")) &&
           Matches(sys_ids, ValueOf(row, "sys_id")) &&
           // Wire times compare as texts.
           (since.empty() || ValueOf(row, "sys_updated_on") >= since);
  }

 private:
  static bool Matches(const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  }
  static bool Matches(const std::set<std::string>& wanted,
                      const std::string& value) {
    return wanted.empty() || wanted.count(value) > 0;
  }
};

absl::Status Check(const v1::ListIncidentsRequest& request) {
  Violations violations;
  CheckLookedUp("correlation_id", request.correlation_id(), &violations);
  CheckLookedUp("correlation_display", request.correlation_display(),
                &violations);
  for (int i = 0; i < request.states_size(); ++i) {
    if (!IsKnownState(request.states(i))) {
      violations.Add(absl::StrCat("states[", i, "]"),
                     "is not one that this version knows");
    }
  }
  if (request.sys_ids_size() > kMaxSysIds) {
    violations.Add("sys_ids", absl::StrCat("has ", request.sys_ids_size(),
                                           " entries; at most ", kMaxSysIds));
  } else {
    for (int i = 0; i < request.sys_ids_size(); ++i) {
      CheckSysId(absl::StrCat("sys_ids[", i, "]"), request.sys_ids(i),
                 &violations);
    }
  }
  if (request.has_updated_since_time() &&
      !IsValidTimestamp(request.updated_since_time())) {
    violations.Add("updated_since_time", "is no time");
  }
  if (!request.updated_since_sys_id().empty()) {
    CheckSysId("updated_since_sys_id", request.updated_since_sys_id(),
               &violations);
    if (!request.has_updated_since_time()) {
      violations.Add("updated_since_sys_id", "needs updated_since_time");
    }
  }
  CheckColumns("columns", request.columns(), &violations);
  CheckPageSize(request.page_size(), &violations);
  return violations.ToStatus();
}

Filters FiltersOf(const v1::ListIncidentsRequest& request) {
  Filters filters;
  filters.correlation_id = request.correlation_id();
  filters.correlation_display = request.correlation_display();
  for (int state : request.states()) {
    filters.states.insert(absl::StrCat(state));
  }
  filters.sys_ids = {request.sys_ids().begin(), request.sys_ids().end()};
  if (request.has_updated_since_time()) {
    filters.since = FormatWireTime(FromTimestamp(request.updated_since_time()));
  }
  return filters;
}

Query QueryOf(const Filters& filters) {
  Query query(IncidentQueryColumns());
  if (!filters.correlation_id.empty()) {
    query.Equals("correlation_id", filters.correlation_id);
  }
  if (!filters.correlation_display.empty()) {
    query.Equals("correlation_display", filters.correlation_display);
  }
  if (!filters.states.empty()) {
    query.In("state", {filters.states.begin(), filters.states.end()});
  }
  if (!filters.sys_ids.empty()) {
    query.In("sys_id", {filters.sys_ids.begin(), filters.sys_ids.end()});
  }
  // Without any other filter every incident is meant, which the query must say.
  query.NotBefore("sys_updated_on", filters.since.empty()
                                        ? "1970-01-01 00:00:00"
                                        : filters.since);
  return query;
}

absl::StatusOr<PageQuery> PageQueryOf(const Instance& instance,
                                      const v1::ListIncidentsRequest& request) {
  const Filters filters = FiltersOf(request);
  PageQuery page;
  page.table = instance.settings().incident_table;
  page.filters = QueryOf(filters);
  page.time_column = "sys_updated_on";
  page.columns =
      ColumnsToShow({request.columns().begin(), request.columns().end()});
  page.page_size = EffectivePageSize(request.page_size());
  page.fingerprint = FilterFingerprint(request);
  if (!filters.sys_ids.empty()) page.most = filters.sys_ids.size();
  page.fits = [filters](const nlohmann::json& row) { return filters.Fit(row); };
  OPCON_SNOW_ASSIGN_OR_RETURN(
      page.after, TakePageToken(request.page_token(), page.fingerprint,
                                /*with_time=*/true));
  if (!page.after.has_value() && !request.updated_since_sys_id().empty()) {
    page.after = Position{filters.since, request.updated_since_sys_id()};
  }
  return page;
}

}  // namespace

async::Task<absl::StatusOr<v1::GetIncidentResponse>> GetIncident(
    std::shared_ptr<Instance> instance, v1::GetIncidentRequest request,
    CallScope scope) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(request));
  const Texts columns = {request.columns().begin(), request.columns().end()};
  const bool by_number = request.key_case() == v1::GetIncidentRequest::kNumber;
  async::Task<RowOr> reading =
      by_number ? ReadByNumber(instance.get(), request.number(),
                               ColumnsToShow(columns), std::move(scope))
                : ReadBySysId(instance.get(), request.sys_id(),
                              ColumnsToShow(columns), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(const nlohmann::json row,
                                 co_await std::move(reading));
  v1::GetIncidentResponse response;
  *response.mutable_incident() =
      IncidentFromRow(row, instance->settings().base_url.text(),
                      instance->settings().incident_table, columns);
  response.set_instance(instance->settings().name);
  co_return response;
}

async::Task<absl::StatusOr<v1::ListIncidentsResponse>> ListIncidents(
    std::shared_ptr<Instance> instance, v1::ListIncidentsRequest request,
    CallScope scope) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(request));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(PageQuery query,
                                 PageQueryOf(*instance, request));
  async::Task<absl::StatusOr<PageRows>> fetching =
      FetchPage(instance.get(), std::move(query), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(PageRows page, co_await std::move(fetching));
  const Texts columns = {request.columns().begin(), request.columns().end()};
  v1::ListIncidentsResponse response;
  for (const nlohmann::json& row : page.rows) {
    *response.add_incidents() =
        IncidentFromRow(row, instance->settings().base_url.text(),
                        instance->settings().incident_table, columns);
  }
  response.set_next_page_token(std::move(page.next_page_token));
  co_return response;
}

}  // namespace opcon_snow::snow
