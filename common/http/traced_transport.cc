#include "common/http/traced_transport.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/trace/span.h"

namespace opcon_snow::http {
namespace {

// "host:port" and what follows it, up to the query.
std::pair<absl::string_view, absl::string_view> SplitUrl(
    absl::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != absl::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = std::min(url.find('/'), url.size());
  return {url.substr(0, slash), url.substr(slash)};
}

void SetServer(absl::string_view authority, trace::Span* span) {
  const std::size_t colon = authority.rfind(':');
  int port = 0;
  if (colon != absl::string_view::npos &&
      absl::SimpleAtoi(authority.substr(colon + 1), &port)) {
    span->Set("server.port", port);
    authority = authority.substr(0, colon);
  }
  span->Set("server.address", authority);
}

// A function of its own, so that it refers to nothing that may go meanwhile.
async::Task<Result> SendTraced(std::shared_ptr<Transport> inner,
                               trace::Span span, Request request) {
  Result result = co_await inner->Send(std::move(request));
  const int status =
      result.ok() ? result.response().status : result.error().status;
  if (status != 0) span.Set("http.response.status_code", status);
  if (!result.ok()) {
    span.Fail(KindName(result.error().kind));
  } else if (status >= 400) {
    span.Fail(absl::StrCat(status));
  }
  co_return result;
}

}  // namespace

std::string PathTemplate(absl::string_view url,
                         const std::vector<absl::string_view>& words) {
  std::string path;
  for (const absl::string_view segment :
       absl::StrSplit(SplitUrl(url).second, '/', absl::SkipEmpty())) {
    const bool constant =
        std::find(words.begin(), words.end(), segment) != words.end();
    absl::StrAppend(&path, "/", constant ? segment : "{}");
  }
  return path.empty() ? "/" : path;
}

TracedTransport::TracedTransport(std::shared_ptr<Transport> inner,
                                 std::vector<absl::string_view> words)
    : inner_(std::move(inner)), words_(std::move(words)) {}

async::Task<Result> TracedTransport::Send(Request request) {
  if (request.trace.valid() && !request.trace.sampled) {
    return inner_->Send(std::move(request));
  }
  const std::string path = PathTemplate(request.url, words_);
  const absl::string_view method = MethodName(request.method);
  const std::optional<trace::TraceParent> parent =
      request.trace.valid() ? std::optional(request.trace) : std::nullopt;
  trace::Span span = trace::StartSpan(absl::StrCat(method, " ", path),
                                      trace::Kind::kClient, parent);
  if (!span.told()) return inner_->Send(std::move(request));
  span.Set("http.request.method", method);
  span.Set("url.template", path);
  SetServer(SplitUrl(request.url).first, &span);
  return SendTraced(inner_, std::move(span), std::move(request));
}

}  // namespace opcon_snow::http
