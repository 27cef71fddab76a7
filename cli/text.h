#ifndef OPCON_SNOW_CLI_TEXT_H_
#define OPCON_SNOW_CLI_TEXT_H_

// Text from outside on its way to a protobuf field or a terminal.

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

// Characters (code points) of valid UTF-8.
std::size_t CharacterCount(absl::string_view text);

// The first `count` characters of valid UTF-8.
absl::string_view FirstCharacters(absl::string_view text, std::size_t count);

// C0 controls, DEL and C1 controls: a line break, an escape sequence.
bool HasControlCharacters(absl::string_view text);

bool IsValidUtf8(absl::string_view text);

// Valid UTF-8 in which every control character and every byte that is not
// UTF-8 became U+FFFD.
std::string WithoutControlCharacters(absl::string_view text);

// The same, with "…" in place of what is over `max_characters`.
std::string ForTerminal(absl::string_view text, std::size_t max_characters);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TEXT_H_
