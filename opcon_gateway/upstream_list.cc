#include "opcon_gateway/upstream_list.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr int kPageSize = 200;

RestRequest PageRequest(const UpstreamList& list, int page) {
  http::UrlBuilder url = list.url;
  url.Query("Limit", absl::StrCat(kPageSize))
      .Query("Offset", absl::StrCat(page * kPageSize));
  RestRequest request;
  request.url = url.Build();
  request.missing_is_answer = list.optional_endpoint;
  return request;
}

absl::Status NoSuchList(const std::string& instance, absl::string_view what) {
  return OpConError(
      absl::StatusCode::kUnimplemented, v1::ERROR_REASON_UPSTREAM_VERSION,
      absl::StrCat("OpCon instance \"", instance, "\" offers no list of ", what,
                   ". ", MendOf(v1::ERROR_REASON_UPSTREAM_VERSION)));
}

absl::Status TooMany(const std::string& instance, const UpstreamList& list) {
  return OpConError(
      absl::StatusCode::kOutOfRange, v1::ERROR_REASON_TOO_LARGE,
      absl::StrCat("on OpCon instance \"", instance, "\" more than ",
                   kPageSize * list.max_pages, " ", list.what,
                   " fit the filters. Ask for fewer days or by more filters."));
}

}  // namespace

std::string AsFilter(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"[", "?"}, {"]", "?"}});
}

async::Task<absl::Status> ReadList(RestClient* rest, UpstreamList list,
                                   std::function<void(const json&)> take,
                                   const CallScope& scope) {
  json first_of_page;
  for (int page = 0; page < list.max_pages; ++page) {
    RestRequest request = PageRequest(list, page);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                   co_await rest->Send(request, scope));
    if (answer.missing()) co_return NoSuchList(rest->instance(), list.what);
    if (!answer.body.is_array() && !answer.body.is_null()) {
      const std::string why = absl::StrCat("it is no list of ", list.what);
      co_return rest->Unreadable(request, answer, why);
    }
    if (answer.body.empty()) co_return absl::OkStatus();
    // A server that does not page sends the same again.
    if (page > 0 && answer.body.front() == first_of_page) {
      co_return absl::OkStatus();
    }
    for (const json& element : answer.body) take(element);
    if (static_cast<int>(answer.body.size()) != kPageSize) {
      co_return absl::OkStatus();
    }
    first_of_page = std::move(answer.body.front());
  }
  co_return TooMany(rest->instance(), list);
}

}  // namespace opcon_snow::opcon
