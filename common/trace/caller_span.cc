#include "common/trace/caller_span.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace opcon_snow::trace {
namespace {

constexpr absl::string_view kBegin = "begin=";
constexpr absl::string_view kParent = ";parent=";
constexpr std::size_t kMaxDigits = 18;
constexpr absl::Duration kLongestWait = absl::Hours(24 * 90);
constexpr absl::Duration kMostAhead = absl::Hours(1);

}  // namespace

std::string FormatCallerSpan(const CallerSpan& span) {
  return absl::StrCat(
      kBegin, absl::ToUnixMicros(span.begin),
      span.parent ? absl::StrCat(kParent, Hex(*span.parent)) : "");
}

std::optional<CallerSpan> ParseCallerSpan(absl::string_view text,
                                          absl::Time now) {
  if (!absl::ConsumePrefix(&text, kBegin)) return std::nullopt;
  const std::size_t length =
      std::min(text.find_first_not_of("0123456789"), text.size());
  std::int64_t micros = 0;
  if (length > kMaxDigits ||
      !absl::SimpleAtoi(text.substr(0, length), &micros)) {
    return std::nullopt;
  }
  text.remove_prefix(length);
  CallerSpan span{absl::FromUnixMicros(micros), std::nullopt};
  if (span.begin < now - kLongestWait || span.begin > now + kMostAhead) {
    return std::nullopt;
  }
  span.begin = std::min(span.begin, now);
  if (text.empty()) return span;
  if (!absl::ConsumePrefix(&text, kParent)) return std::nullopt;
  span.parent = ParseSpanId(text);
  return span.parent ? std::optional(span) : std::nullopt;
}

}  // namespace opcon_snow::trace
