#include "opcon_gateway/upstream_json.h"

#include <cstddef>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/http/json.h"
#include "common/status/utf8.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;

// The code unit of an escape "\uXXXX" that begins at `at`; none if there is no
// such escape.
std::optional<int> UnicodeEscape(absl::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') {
    return std::nullopt;
  }
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!absl::ascii_isxdigit(c)) return std::nullopt;
    const int digit =
        absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHigh(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// Replaces escapes that name half of a surrogate pair. Outside of strings JSON
// has no backslash, so that the text need not be understood for that.
std::string MendSurrogates(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out.push_back(text[i++]);
      continue;
    }
    const std::optional<int> unit = UnicodeEscape(text, i);
    if (!unit.has_value()) {
      // Two characters: the second may be a backslash, too.
      const absl::string_view escape = text.substr(i, 2);
      absl::StrAppend(&out, escape);
      i += escape.size();
      continue;
    }
    const std::optional<int> next = UnicodeEscape(text, i + 6);
    if (IsHigh(*unit) && next.has_value() && IsLow(*next)) {
      absl::StrAppend(&out, text.substr(i, 12));
      i += 12;
      continue;
    }
    absl::StrAppend(
        &out, IsHigh(*unit) || IsLow(*unit) ? "\\ufffd" : text.substr(i, 6));
    i += 6;
  }
  return out;
}

const json& Null() {
  static const json* const null = new json(nullptr);
  return *null;
}

}  // namespace

absl::StatusOr<json> ParseUpstreamJson(absl::string_view body) {
  absl::StatusOr<json> parsed = http::ParseJson(body);
  if (parsed.ok()) return parsed;
  const std::string mended = MendSurrogates(
      ToValidUtf8(body, std::numeric_limits<std::size_t>::max()));
  if (mended == body) return parsed;
  return http::ParseJson(mended);
}

const json& MemberOf(const json& object, absl::string_view key) {
  const json* member = http::FindMember(object, key);
  return member == nullptr ? Null() : *member;
}

std::string TextOf(const json& object, absl::string_view key) {
  const json& member = MemberOf(object, key);
  if (member.is_string()) return member.get<std::string>();
  return member.is_number() ? http::WriteJson(member) : std::string();
}

std::int64_t Int64Of(const json& object, absl::string_view key) {
  if (const auto number = http::FindInt64(object, key)) return *number;
  std::int64_t number = 0;
  const json& member = MemberOf(object, key);
  if (member.is_string() &&
      absl::SimpleAtoi(member.get_ref<const std::string&>(), &number)) {
    return number;
  }
  return 0;
}

std::int32_t Int32Of(const json& object, absl::string_view key) {
  const std::int64_t number = Int64Of(object, key);
  if (number < std::numeric_limits<std::int32_t>::min() ||
      number > std::numeric_limits<std::int32_t>::max()) {
    return 0;
  }
  return static_cast<std::int32_t>(number);
}

}  // namespace opcon_snow::opcon
