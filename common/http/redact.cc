#include "common/http/redact.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::http {
namespace {

constexpr std::size_t kMaxUrlBytes = 512;

constexpr absl::string_view kLoggable[] = {
    "accept",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "server",
    "transfer-encoding",
    "user-agent",
    "x-is-logged-in",
    "x-ratelimit-limit",
    "x-ratelimit-reset",
    "x-ratelimit-rule",
    "x-total-count",
    "x-transaction-id",
};

std::string Printable(absl::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) {
        return !absl::ascii_isprint(static_cast<unsigned char>(c));
      },
      '?');
  return out;
}

}  // namespace

std::string RedactUrl(absl::string_view url) {
  url = url.substr(0, std::min(url.size(), url.find_first_of("?#")));
  std::string scheme;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != absl::string_view::npos) {
    scheme = std::string(url.substr(0, scheme_end + 3));
    url.remove_prefix(scheme_end + 3);
  }
  // Everything up to the LAST "@" before the path: a password may hold one.
  const absl::string_view authority = url.substr(0, url.find('/'));
  const std::size_t user_end = authority.rfind('@');
  if (user_end != absl::string_view::npos) url.remove_prefix(user_end + 1);
  std::string out = Printable(absl::StrCat(scheme, url));
  if (out.size() > kMaxUrlBytes) {
    out.resize(kMaxUrlBytes - 3);
    out += "...";
  }
  return out;
}

bool IsLoggableHeader(absl::string_view name) {
  return std::any_of(std::begin(kLoggable), std::end(kLoggable),
                     [name](absl::string_view loggable) {
                       return absl::EqualsIgnoreCase(loggable, name);
                     });
}

std::string HeadersForLog(const Headers& headers) {
  std::string out;
  for (const Headers::Field& field : headers) {
    absl::StrAppend(
        &out, out.empty() ? "" : ", ", Printable(field.first), ": ",
        IsLoggableHeader(field.first) ? Printable(field.second) : "<hidden>");
  }
  return out;
}

}  // namespace opcon_snow::http
