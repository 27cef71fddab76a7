#include "sandbox/servicenow/script/text_encoding.h"

#include <cstddef>
#include <cstdint>

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

bool IsHigh(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLow(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

char Byte(std::uint32_t value) { return static_cast<char>(value); }

void AppendThreeBytes(std::uint32_t unit, std::string* out) {
  out->push_back(Byte(0xE0U | (unit >> 12U)));
  out->push_back(Byte(0x80U | ((unit >> 6U) & 0x3FU)));
  out->push_back(Byte(0x80U | (unit & 0x3FU)));
}

void AppendFourBytes(std::uint32_t point, std::string* out) {
  out->push_back(Byte(0xF0U | (point >> 18U)));
  out->push_back(Byte(0x80U | ((point >> 12U) & 0x3FU)));
  out->push_back(Byte(0x80U | ((point >> 6U) & 0x3FU)));
  out->push_back(Byte(0x80U | (point & 0x3FU)));
}

// How many bytes a character takes by its first one; 0: it is none.
std::size_t LengthOf(unsigned char first) {
  if (first < 0x80U) return 1;
  if (first < 0xC2U) return 0;
  if (first < 0xE0U) return 2;
  if (first < 0xF0U) return 3;
  return first < 0xF5U ? 4 : 0;
}

// The character at the start of `text`, and its length; 0: there is none.
std::size_t Decode(absl::string_view text, std::uint32_t* point) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = LengthOf(first);
  if (length == 0 || length > text.size()) return 0;
  *point = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return 0;
    *point = (*point << 6U) | (next & 0x3FU);
  }
  // Longer than it need be, or beyond the last character.
  if ((length == 3 && *point < 0x800U) ||
      (length == 4 && (*point < 0x10000U || *point > 0x10FFFFU))) {
    return 0;
  }
  return length;
}

}  // namespace

std::string ToScriptText(absl::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    std::uint32_t point = 0;
    const std::size_t length = Decode(utf8.substr(i), &point);
    if (length == 4) {
      const std::uint32_t rest = point - 0x10000U;
      AppendThreeBytes(0xD800U + (rest >> 10U), &out);
      AppendThreeBytes(0xDC00U + (rest & 0x3FFU), &out);
    } else if (length == 0) {
      out += kReplacement;
    } else {
      out.append(utf8.data() + i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string FromScriptText(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::uint32_t point = 0;
    const std::size_t length = Decode(text.substr(i), &point);
    if (length == 0) {
      out += kReplacement;
      ++i;
      continue;
    }
    std::uint32_t low = 0;
    if (IsHigh(point) && Decode(text.substr(i + length), &low) == 3 &&
        IsLow(low)) {
      AppendFourBytes(0x10000U + ((point - 0xD800U) << 10U) + (low - 0xDC00U),
                      &out);
      i += 6;
      continue;
    }
    if (IsHigh(point) || IsLow(point)) {
      out += kReplacement;
    } else {
      out.append(text.data() + i, length);
    }
    i += length;
  }
  return out;
}

}  // namespace opcon_snow::sandbox::servicenow
