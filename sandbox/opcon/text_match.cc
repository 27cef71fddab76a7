#include "sandbox/opcon/text_match.h"

#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// Bytes of the character that starts at `at`; at least one.
std::size_t CharacterLength(absl::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() &&
         (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    ++end;
  }
  return end - at;
}

bool SameLetter(char a, char b) {
  return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
         absl::ascii_tolower(static_cast<unsigned char>(b));
}

}  // namespace

bool OverMatches(absl::string_view pattern, absl::string_view text) {
  const std::string anywhere = absl::StrCat("*", pattern, "*");
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on when the characters after the last "*" do not fit.
  std::size_t star = std::string::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < anywhere.size() && anywhere[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < anywhere.size() && anywhere[p] == '?') {
      ++p;
      t += CharacterLength(text, t);
    } else if (p < anywhere.size() && SameLetter(anywhere[p], text[t])) {
      ++p;
      ++t;
    } else {  // there is always a star: the first character is one
      p = star + 1;
      star_text += CharacterLength(text, star_text);
      t = star_text;
    }
  }
  while (p < anywhere.size() && anywhere[p] == '*') ++p;
  return p == anywhere.size();
}

}  // namespace opcon_snow::sandbox::opcon
