#include "opcon_gateway/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/digest/sha256.h"

namespace opcon_snow::opcon {
namespace {

// Enough to tell filters apart; nothing is guarded by it.
std::string MarkOf(absl::string_view filters) {
  return Sha256Hex(filters).substr(0, 16);
}

}  // namespace

std::string MakePageToken(absl::string_view filters,
                          absl::string_view last_key) {
  return absl::WebSafeBase64Escape(absl::StrCat(MarkOf(filters), last_key));
}

std::optional<std::string> ReadPageToken(absl::string_view token,
                                         absl::string_view filters) {
  if (token.empty()) return std::string();
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return std::nullopt;
  absl::string_view key = text;
  if (!absl::ConsumePrefix(&key, MarkOf(filters)) || key.empty()) {
    return std::nullopt;
  }
  return std::string(key);
}

std::size_t PageSizeOf(int asked, int usual, int most) {
  return static_cast<std::size_t>(asked <= 0 ? usual : std::min(asked, most));
}

}  // namespace opcon_snow::opcon
