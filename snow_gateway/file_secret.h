#ifndef OPCON_SNOW_SNOW_GATEWAY_FILE_SECRET_H_
#define OPCON_SNOW_SNOW_GATEWAY_FILE_SECRET_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/config/secret.h"

namespace opcon_snow::snow {

// A secret and where it came from, for messages and to be read again.
struct FileSecret {
  config::Secret secret;
  std::string file;
  // Reads the file anew; empty: what was read stands.
  std::function<absl::StatusOr<config::Secret>()> read{};
};

// Reads the file again, after the instance has refused the secret: whoever
// replaces it writes the file first. True if there is another secret now. A
// file that cannot be read is told in the log, and the secret stays.
bool ReadAgain(absl::string_view instance, FileSecret* secret);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_FILE_SECRET_H_
