#ifndef OPCON_SNOW_CLI_PAGING_H_
#define OPCON_SNOW_CLI_PAGING_H_

// Lists of any length from calls that return pages.

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "cli/command_context.h"

namespace opcon_snow::cli {

// Calls `method` until there is no further page or `limit` items are there
// (0: no limit), and joins the pages: MergeFrom appends the items and takes
// the last page's token over, which is empty if the list is complete.
// `count` tells how many items a reply has.
template <class Interface, class Request, class Reply, class Count>
absl::StatusOr<Reply> CallForAllPages(
    CommandContext& context,
    grpc::Status (Interface::*method)(grpc::ClientContext*, const Request&,
                                      Reply*),
    Request request, std::int32_t limit, Count count) {
  constexpr std::int32_t kMaxPage = 1000;
  Reply all;
  for (;;) {
    const std::int32_t missing = limit - count(all);
    request.set_page_size(limit == 0 ? kMaxPage : std::min(missing, kMaxPage));
    absl::StatusOr<Reply> page = context.Call(method, request);
    if (!page.ok()) return page.status();
    all.clear_next_page_token();
    all.MergeFrom(*page);
    const bool enough = limit != 0 && count(all) >= limit;
    // A token that comes back is a fault of the service, and an endless loop.
    if (enough || page->next_page_token().empty() ||
        page->next_page_token() == request.page_token()) {
      return all;
    }
    request.set_page_token(page->next_page_token());
  }
}

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_PAGING_H_
