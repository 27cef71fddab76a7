#include "common/web/message.h"

#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "common/rpc/address.h"

namespace opcon_snow::web {

absl::string_view Request::Header(absl::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (header == name) return value;
  }
  return "";
}

bool Request::HasHeader(absl::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (header == name) return true;
  }
  return false;
}

bool IsLoopbackAuthority(absl::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  if (colon != absl::string_view::npos && !absl::EndsWith(authority, "]")) {
    authority = authority.substr(0, colon);
  }
  return rpc::IsLoopbackHost(std::string(authority));
}

bool NamesLoopback(const Request& head) {
  const absl::string_view host = head.Header("host");
  if (host.empty()) return !head.HasHeader("host");
  return IsLoopbackAuthority(host);
}

}  // namespace opcon_snow::web
