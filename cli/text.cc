#include "cli/text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/utf8.h"

namespace opcon_snow::cli {
namespace {

constexpr absl::string_view kReplacement = "\uFFFD";

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The length in bytes of the control character at the beginning of `text`, or
// 0. C1 controls are two bytes: C2 80 to C2 9F.
std::size_t ControlLength(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20U || first == 0x7FU) return 1;
  if (first != 0xC2U || text.size() < 2) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  return second >= 0x80U && second <= 0x9FU ? 2 : 0;
}

}  // namespace

std::size_t CharacterCount(absl::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

absl::string_view FirstCharacters(absl::string_view text, std::size_t count) {
  std::size_t end = 0;
  while (end < text.size() && count > 0) {
    ++end;
    while (end < text.size() && IsContinuation(text[end])) ++end;
    --count;
  }
  return text.substr(0, end);
}

bool HasControlCharacters(absl::string_view text) {
  for (; !text.empty(); text.remove_prefix(1)) {
    if (ControlLength(text) > 0) return true;
  }
  return false;
}

bool IsValidUtf8(absl::string_view text) {
  return ToValidUtf8(text, text.size()) == text;
}

std::string WithoutControlCharacters(absl::string_view text) {
  // A byte that is not UTF-8 becomes three.
  const std::string valid = ToValidUtf8(text, text.size() * 3);
  std::string result;
  for (absl::string_view rest = valid; !rest.empty();) {
    const std::size_t control = ControlLength(rest);
    if (control > 0) {
      absl::StrAppend(&result, kReplacement);
    } else {
      result.push_back(rest[0]);
    }
    rest.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return result;
}

std::string ForTerminal(absl::string_view text, std::size_t max_characters) {
  std::string clean = WithoutControlCharacters(text);
  if (CharacterCount(clean) <= max_characters) return clean;
  return absl::StrCat(FirstCharacters(clean, max_characters - 1), "\u2026");
}

}  // namespace opcon_snow::cli
