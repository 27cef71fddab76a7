#include "common/config/flags.h"

#include <sstream>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::config {

FlagsResult ParseServerFlags(int argc, const char* const* argv,
                             absl::string_view name, absl::string_view version,
                             absl::string_view description) {
  ServerFlags flags;
  FlagsResult result;
  CLI::App app{std::string(description), std::string(name)};
  app.add_option("--config", flags.config_file, "The configuration (YAML)")
      ->required()
      ->type_name("FILE");
  app.add_flag("--check-config", flags.check_config,
               "Check the configuration, say every fault, and exit: 0 or 78");
  app.add_flag("--show-config", flags.show_config,
               "Check the configuration, print what it comes to as YAML, "
               "secrets masked, and exit: 0 or 78");
  app.add_option("--port-file", flags.port_file,
                 "Write the ports really bound to FILE, name=port a line, "
                 "once calls are accepted")
      ->type_name("FILE");
  app.add_flag("--health", flags.health,
               "Ask the process that runs with this configuration and "
               "--port-file whether it serves, and exit: 0, or 69 and why");
  app.set_version_flag("--version", absl::StrCat(name, " ", version));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    result.exit_code = code == 0 ? kExitOk : kExitUsage;
    result.out = out.str();
    result.error = err.str();
    return result;
  }
  result.flags = std::move(flags);
  return result;
}

}  // namespace opcon_snow::config
