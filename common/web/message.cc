#include "common/web/message.h"

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

}  // namespace opcon_snow::web
