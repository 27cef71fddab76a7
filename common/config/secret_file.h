#ifndef OPCON_SNOW_COMMON_CONFIG_SECRET_FILE_H_
#define OPCON_SNOW_COMMON_CONFIG_SECRET_FILE_H_

// Secrets come from files, never from arguments or the configuration itself.

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "common/config/secret.h"

namespace opcon_snow::config {

struct SecretFileOptions {
  std::size_t max_bytes = std::size_t{64} << 10;
  // A file that everybody on the machine may read or write (mode & 0007) is
  // refused; true: it is only warned about in the log.
  bool allow_world_access = false;
  // A secret of several lines, such as a private key in PEM form; its line
  // break at the end is kept.
  bool multiline = false;
};

// Reads one secret; one line break at the end is dropped. Symbolic links are
// followed (that is how orchestrators mount secrets); the mode is the
// target's. Errors, each with the path and without the content: NOT_FOUND,
// PERMISSION_DENIED (unreadable, or readable by everybody), INVALID_ARGUMENT
// (empty, too long, a NUL or line break inside, not a regular file).
absl::StatusOr<Secret> ReadSecretFile(const std::string& path,
                                      const SecretFileOptions& options = {});

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_SECRET_FILE_H_
