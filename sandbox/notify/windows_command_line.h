#ifndef OPCON_SNOW_SANDBOX_NOTIFY_WINDOWS_COMMAND_LINE_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_WINDOWS_COMMAND_LINE_H_

// How Windows makes arguments of a command line, which is one string there.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::notify {

// The longest command line that CreateProcess takes, in UTF-16 units with the
// terminating one.
inline constexpr std::size_t kMaxCommandLineUnits = 32'767;

// What CommandLineToArgvW gives for `line` (UTF-8 here; every special character
// is ASCII). A NUL ends the line.
//
// The first argument, the program: if the line starts with a quote, everything
// up to the next quote, else everything up to the next blank or tab; no
// backslash is special. A line that starts with a blank has an empty program.
//
// The others are separated by blanks and tabs outside of quotes. In them
//   2n   backslashes and a quote  give n backslashes, and the quote opens or
//                                 closes a quoted part;
//   2n+1 backslashes and a quote  give n backslashes and a quote;
//   backslashes before anything else stand for themselves;
//   two quotes in a quoted part   give one quote and close the part.
// The last rule is that of CommandLineToArgvW; a program built with the C
// runtime of 2008 or later goes on with the quoted part instead.
std::vector<std::string> SplitCommandLine(absl::string_view line);

// `argument` so that SplitCommandLine gives it back, as any argument but the
// first. Must not contain NUL.
std::string QuoteArgument(absl::string_view argument);

// UTF-16 units of UTF-8 text; each byte that is not UTF-8 counts as one.
std::size_t CountUtf16Units(absl::string_view text);

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_WINDOWS_COMMAND_LINE_H_
