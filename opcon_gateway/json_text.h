#ifndef OPCON_SNOW_OPCON_GATEWAY_JSON_TEXT_H_
#define OPCON_SNOW_OPCON_GATEWAY_JSON_TEXT_H_

// One string of a JSON text, decoded as its bytes arrive: for texts that are
// too large to be held.

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::opcon {

// Gives the same as ParseUpstreamJson would: what is no UTF-8 becomes U+FFFD,
// one for each byte, and so does half of a surrogate pair.
class JsonTextDecoder {
 public:
  enum class State {
    kMore,    // all bytes were taken, and the string goes on
    kEnd,     // its closing quote was taken
    kBroken,  // this is no JSON string
  };

  // Takes bytes up to and including the closing quote, puts what they mean at
  // the end of `out`, and says in `taken` how many it took. Of `out` only whole
  // characters are missing, never more than three bytes and an escape. Not to
  // be called again after kEnd or kBroken.
  State Take(absl::string_view bytes, std::size_t* taken, std::string* out);

 private:
  enum class Mode { kPlain, kEscape, kUnicode };

  // One byte, outside of plain text.
  bool TakeEscape(char c, std::string* out);
  bool TakeDigit(char c, std::string* out);
  void TakePlain(absl::string_view run, std::string* out);
  void TakeUnit(unsigned unit, std::string* out);
  // What is held back can no longer become a character.
  void FlushTail(std::string* out);
  void FlushHigh(std::string* out);

  Mode mode_ = Mode::kPlain;
  // The beginning of a character of UTF-8.
  std::string tail_;
  // Digits of \uXXXX so far.
  int digits_ = 0;
  unsigned unit_ = 0;
  // The first half of a surrogate pair that waits for the second; 0 for none.
  unsigned high_ = 0;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JSON_TEXT_H_
