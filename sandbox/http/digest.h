#ifndef OPCON_SNOW_SANDBOX_HTTP_DIGEST_H_
#define OPCON_SNOW_SANDBOX_HTTP_DIGEST_H_

#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view bytes);

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_DIGEST_H_
