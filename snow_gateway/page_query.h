#ifndef OPCON_SNOW_SNOW_GATEWAY_PAGE_QUERY_H_
#define OPCON_SNOW_SNOW_GATEWAY_PAGE_QUERY_H_

// One page of any list of this service.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"
#include "snow_gateway/page.h"
#include "snow_gateway/query.h"

namespace opcon_snow::snow {

struct PageQuery {
  std::string table;
  // Not empty: the attachments of this record of `table` are listed, through
  // their own API.
  std::string attachments_of;
  // Without position and order; at least one condition, or `after`.
  Query filters{QueryColumns()};
  // The column whose time comes before the sys_id in the order; empty: none.
  std::string time_column;
  std::vector<std::string> columns;
  bool display_values = false;
  // From EffectivePageSize.
  int page_size = 0;
  std::optional<Position> after;
  // From FilterFingerprint; goes into the next token.
  std::string fingerprint;
  // How many rows can match at all, if that is known.
  std::optional<std::size_t> most;
  // Compares a row with the filters once more.
  std::function<bool(const nlohmann::json&)> fits;
};

// DecodePageToken, with INVALID_REQUEST for `page_token` as the error.
absl::StatusOr<std::optional<Position>> TakePageToken(
    absl::string_view token, absl::string_view fingerprint, bool with_time);

struct PageRows {
  std::vector<nlohmann::json> rows;
  std::string next_page_token;
};

// Rows that do not fit are left out. UPSTREAM_NOT_SERVICENOW if the instance
// ignores the position, because the list would never end. `instance` must live
// until the task has finished.
async::Task<absl::StatusOr<PageRows>> FetchPage(Instance* instance,
                                                PageQuery query,
                                                CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_PAGE_QUERY_H_
