#ifndef OPCON_SNOW_COMMON_STATUS_UTF8_H_
#define OPCON_SNOW_COMMON_STATUS_UTF8_H_

// Text that came from outside, made fit for protobuf strings and JSON.

#include <cstddef>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow {

// `text` as valid UTF-8 of at most `max_bytes`: what is no UTF-8 (overlong
// forms and surrogates included) becomes U+FFFD, one for each byte, and the
// end is cut off between two characters.
std::string ToValidUtf8(
    absl::string_view text,
    std::size_t max_bytes = std::numeric_limits<std::size_t>::max());

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_STATUS_UTF8_H_
