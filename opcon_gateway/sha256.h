#ifndef OPCON_SNOW_OPCON_GATEWAY_SHA256_H_
#define OPCON_SNOW_OPCON_GATEWAY_SHA256_H_

#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::opcon {

// SHA-256 of `data` in lower-case hexadecimal.
std::string Sha256Hex(absl::string_view data);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_SHA256_H_
