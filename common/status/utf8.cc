#include "common/status/utf8.h"

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow {
namespace {

unsigned char ByteAt(absl::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Length of the well-formed character at the start of `text` (not empty), 0 if
// there is none. Ranges after table 3-7 of the Unicode standard.
std::size_t CharacterLength(absl::string_view text) {
  const unsigned char first = ByteAt(text, 0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  if (ByteAt(text, 1) < low || ByteAt(text, 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((ByteAt(text, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string ToValidUtf8(absl::string_view text, std::size_t max_bytes) {
  constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";
  std::string result;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const absl::string_view piece =
        length == 0 ? kReplacement : text.substr(0, length);
    if (result.size() + piece.size() > max_bytes) break;
    result.append(piece.data(), piece.size());
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace opcon_snow
