#ifndef OPCON_SNOW_CLI_WINDOWS_TEXT_H_
#define OPCON_SNOW_CLI_WINDOWS_TEXT_H_

// Windows speaks UTF-16, everything else here UTF-8. What is ill-formed on one
// side becomes U+FFFD on the other.

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::cli::platform {

std::wstring ToWide(absl::string_view text);
std::string ToUtf8(std::wstring_view text);

// A path as the functions of Windows take it: absolute, and with the prefix
// that lifts the limit of 260 characters.
std::wstring ToNativePath(const std::string& path);

// "cannot WHAT PATH: what Windows says", with the code that fits. `error` is
// one of GetLastError().
absl::Status ErrorStatus(unsigned long error, absl::string_view what,
                         const std::string& path);

}  // namespace opcon_snow::cli::platform

#endif  // OPCON_SNOW_CLI_WINDOWS_TEXT_H_
