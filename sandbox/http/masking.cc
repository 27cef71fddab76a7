#include "sandbox/http/masking.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox {
namespace {

constexpr absl::string_view kMask = "***";

bool IsSecretName(absl::string_view name) {
  static constexpr std::array<absl::string_view, 9> kNames = {
      "password", "client_secret", "refresh_token", "access_token", "assertion",
      "token",    "x-sn-apikey",   "user_password", "secret"};
  const std::string lower = absl::AsciiStrToLower(name);
  return std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

// True if anything was masked.
bool MaskJson(nlohmann::ordered_json& value) {
  bool masked = false;
  if (value.is_object()) {
    for (auto& [key, member] : value.items()) {
      if (IsSecretName(key) && member.is_string()) {
        member = std::string(kMask);
        masked = true;
      } else {
        masked |= MaskJson(member);
      }
    }
  } else if (value.is_array()) {
    for (auto& member : value) masked |= MaskJson(member);
  }
  return masked;
}

}  // namespace

std::string MaskHeader(absl::string_view name, absl::string_view value) {
  if (name == "cookie" || name == "x-sn-apikey") return std::string(kMask);
  if (name != "authorization" && name != "proxy-authorization") {
    return std::string(value);
  }
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(value, absl::MaxSplits(' ', 1));
  if (halves.second.empty()) return std::string(kMask);
  if (!absl::EqualsIgnoreCase(halves.first, "basic")) {
    return absl::StrCat(halves.first, " ", kMask);
  }
  const std::string decoded = Base64Decode(halves.second);
  const std::size_t colon = decoded.find(':');
  if (colon == std::string::npos) return absl::StrCat(halves.first, " ", kMask);
  return absl::StrCat(halves.first, " ", decoded.substr(0, colon), ":", kMask);
}

std::string MaskForm(absl::string_view raw) {
  std::vector<std::string> items;
  for (const absl::string_view item : absl::StrSplit(raw, '&')) {
    const std::size_t equals = item.find('=');
    const absl::string_view name = item.substr(0, equals);
    if (equals != absl::string_view::npos &&
        IsSecretName(PercentDecode(name, true))) {
      items.push_back(absl::StrCat(name, "=", kMask));
    } else {
      items.emplace_back(item);
    }
  }
  return absl::StrJoin(items, "&");
}

std::string MaskBody(absl::string_view content_type, absl::string_view body) {
  if (absl::StartsWithIgnoreCase(content_type,
                                 "application/x-www-form-urlencoded")) {
    return MaskForm(body);
  }
  if (!absl::StrContains(absl::AsciiStrToLower(content_type), "json")) {
    return std::string(body);
  }
  auto value = nlohmann::ordered_json::parse(body.begin(), body.end(), nullptr,
                                             /*allow_exceptions=*/false);
  if (value.is_discarded() || !MaskJson(value)) return std::string(body);
  return value.dump(-1, ' ', false,
                    nlohmann::ordered_json::error_handler_t::replace);
}

std::string Base64Encode(absl::string_view bytes) {
  return absl::Base64Escape(bytes);
}

std::string Base64Decode(absl::string_view text) {
  std::string decoded;
  if (!absl::Base64Unescape(text, &decoded)) return "";
  return decoded;
}

}  // namespace opcon_snow::sandbox
