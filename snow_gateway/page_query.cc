#include "snow_gateway/page_query.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

using Rows = std::vector<nlohmann::json>;

absl::StatusOr<BoundedQuery> EncodedQuery(const PageQuery& page) {
  Query query = page.filters;
  if (page.after.has_value()) {
    if (page.time_column.empty()) {
      query.After("sys_id", page.after->sys_id);
    } else {
      query.AfterPosition(page.time_column, page.after->time,
                          page.after->sys_id);
    }
  }
  if (!page.time_column.empty()) query.OrderBy(page.time_column);
  return query.OrderBy("sys_id").Build(page.page_size);
}

async::Task<absl::StatusOr<Rows>> Ask(Instance* instance, const PageQuery& page,
                                      BoundedQuery query, CallScope scope) {
  if (!page.attachments_of.empty()) {
    return instance->records().ListAttachments(
        page.table, page.attachments_of, std::move(query), std::move(scope));
  }
  ListQuery list{page.table, std::move(query), page.columns,
                 page.display_values};
  return instance->records().List(std::move(list), std::move(scope));
}

// Nothing for a row that cannot be placed.
std::optional<Position> PositionOf(const PageQuery& page,
                                   const nlohmann::json& row) {
  Position position;
  position.sys_id = ValueOf(row, "sys_id");
  if (!IsSysId(position.sys_id)) return std::nullopt;
  if (page.time_column.empty()) return position;
  position.time = ValueOf(row, page.time_column);
  if (!ParseWireTime(position.time).has_value()) return std::nullopt;
  return position;
}

absl::Status PositionIgnored(const Instance& instance, const PageQuery& page) {
  ErrorDetails details;
  details.metadata["instance"] = instance.settings().name;
  details.metadata["table"] = page.table;
  return GatewayError(
      ::servicenow::v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW,
      absl::StrCat("ServiceNow instance ", instance.settings().name,
                   " gave no row of ", page.table,
                   " after the one that the page begins after, but others: it "
                   "does not order or compare rows as ServiceNow does"),
      std::move(details));
}

}  // namespace

absl::StatusOr<std::optional<Position>> TakePageToken(
    absl::string_view token, absl::string_view fingerprint, bool with_time) {
  absl::StatusOr<std::optional<Position>> position =
      DecodePageToken(token, fingerprint, with_time);
  if (position.ok()) return position;
  Violations violations;
  violations.Add("page_token", position.status().message());
  return violations.ToStatus();
}

async::Task<absl::StatusOr<PageRows>> FetchPage(Instance* instance,
                                                PageQuery query,
                                                CallScope scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(BoundedQuery encoded, EncodedQuery(query));
  async::Task<absl::StatusOr<Rows>> asking =
      Ask(instance, query, std::move(encoded), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Rows raw, co_await std::move(asking));

  PageRows page;
  std::optional<Position> last = query.after;
  std::size_t left_out = 0;
  const std::size_t count = raw.size();
  for (nlohmann::json& row : raw) {
    const std::optional<Position> position = PositionOf(query, row);
    const bool ahead = position.has_value() &&
                       (!query.after.has_value() || *query.after < *position);
    if (ahead && (!last.has_value() || *last < *position)) last = position;
    if (ahead && query.fits(row)) {
      page.rows.push_back(std::move(row));
    } else {
      ++left_out;
    }
  }
  if (left_out > 0) {
    log::Warning("servicenow.rows_left_out",
                 {{"instance", instance->settings().name},
                  {"table", query.table},
                  {"rows", left_out}});
  }
  const bool certainly_all =
      query.most.has_value() &&
      *query.most < static_cast<std::size_t>(query.page_size);
  if (count == 0 || certainly_all) co_return page;
  if (last == query.after) co_return PositionIgnored(*instance, query);
  page.next_page_token = EncodePageToken(*last, query.fingerprint);
  co_return page;
}

}  // namespace opcon_snow::snow
