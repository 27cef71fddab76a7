#include "snow_gateway/query_syntax.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace opcon_snow::snow {
namespace {

constexpr std::size_t kMaxName = 80;
constexpr std::size_t kMaxPath = 200;
constexpr std::size_t kMaxValue = 1000;

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::optional<std::string> QueryValueFault(absl::string_view value) {
  if (value.empty()) return "must not be empty";
  if (value.size() > kMaxValue) {
    return absl::StrCat("must not be longer than ", kMaxValue, " bytes");
  }
  if (absl::StrContains(value, '^')) {
    return "must not contain \"^\": ServiceNow's queries have no escape for it";
  }
  if (absl::StartsWithIgnoreCase(absl::StripLeadingAsciiWhitespace(value),
                                 "javascript:")) {
    return "must not begin with \"javascript:\": ServiceNow would run it";
  }
  if (std::any_of(value.begin(), value.end(), IsControl)) {
    return "must not contain control characters";
  }
  return std::nullopt;
}

std::optional<std::string> QueryListValueFault(absl::string_view value) {
  if (absl::StrContains(value, ',')) {
    return "must not contain \",\" where there are several: ServiceNow's lists "
           "have no escape for it";
  }
  // "nameIN" + "STANCEOFx" reads as another operator.
  if (absl::StartsWith(value, "STANCEOF")) {
    return "must not begin with \"STANCEOF\" where there are several";
  }
  return QueryValueFault(value);
}

bool IsColumnName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_';
  });
}

bool IsColumnPath(absl::string_view path) {
  if (path.size() > kMaxPath) return false;
  for (absl::string_view name : absl::StrSplit(path, '.')) {
    if (!IsColumnName(name)) return false;
  }
  return true;
}

bool IsTableName(absl::string_view name) { return IsColumnName(name); }

bool IsSysId(absl::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace opcon_snow::snow
