#ifndef OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_LIST_H_
#define OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_LIST_H_

// Lists that OpCon hands out in pages, read to their end one page at a time.

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "common/http/url.h"
#include "nlohmann/json.hpp"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

struct UpstreamList {
  // Without Limit and Offset.
  http::UrlBuilder url;
  // "jobs": what stands in it, for errors.
  std::string what;
  // 404 and 405 mean that this OpCon has no such list: UPSTREAM_VERSION.
  bool optional_endpoint = false;
  // Of 200 elements each; with more the list is TOO_LARGE.
  int max_pages = 250;
};

// A filter ("?" and "*" are wildcards there) that finds `name` among others: in
// a filter "[" and "]" are syntax that cannot be escaped.
std::string AsFilter(absl::string_view name);

// Calls `take` for each element of the list, in its order. A list that is too
// long is an error: cut off in silence it would hide jobs.
async::Task<absl::Status> ReadList(
    RestClient* rest, UpstreamList list,
    std::function<void(const nlohmann::json&)> take, const CallScope& scope);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_LIST_H_
