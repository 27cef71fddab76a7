#ifndef OPCON_SNOW_COMMON_CONFIG_FLAGS_H_
#define OPCON_SNOW_COMMON_CONFIG_FLAGS_H_

// The command line that every server has.
//
//   --config FILE      the configuration (YAML); required
//   --check-config     check it, say every fault, exit: 0 or 78
//   --show-config      check it, print what it comes to, exit: 0 or 78
//   --version          print name and version, exit 0
//   --port-file FILE   write the ports really bound, "name=port" a line
//   --health           ask the process that runs with this configuration (and
//                      this --port-file) whether it serves: 0 or 69
//   --help

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::config {

// Exit codes after sysexits.h.
inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;  // cannot start; does not serve
inline constexpr int kExitSoftware = 70;     // did not stop in time
inline constexpr int kExitConfig = 78;

struct ServerFlags {
  std::string config_file;
  std::string port_file;
  bool check_config = false;
  bool show_config = false;
  bool health = false;
};

// Either the flags, or what to print and the code to exit with.
struct FlagsResult {
  std::optional<ServerFlags> flags;
  int exit_code = kExitOk;
  std::string out;    // for stdout: --help, --version
  std::string error;  // for stderr
};

FlagsResult ParseServerFlags(int argc, const char* const* argv,
                             absl::string_view name, absl::string_view version,
                             absl::string_view description);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_FLAGS_H_
