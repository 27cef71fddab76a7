#ifndef OPCON_SNOW_CLI_SETTINGS_H_
#define OPCON_SNOW_CLI_SETTINGS_H_

// What every command needs to know: the service, how to reach it, how to
// print, where the spool is. Each setting comes from, in this order: the flag,
// the environment, the configuration file, the default
// (docs/decisions/configuration-precedence.md).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/problem.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::cli {

// The flags as they were written; empty means not given.
struct GlobalFlags {
  std::string server;
  std::string config;
  std::string output;
  std::string timeout;
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
  std::string token_file;
  std::string spool_dir;
};

// The value of an environment variable; nullopt if it is not set.
using GetEnvironment =
    std::function<std::optional<std::string>(const std::string& name)>;

enum class Output { kTable, kJson };

struct Settings {
  // The file that was read; empty if none was.
  std::string config_file;
  ::config::v1::Channel server;
  // The file with the bearer token; empty for none.
  std::string token_file;
  // Where the address comes from, for messages: "--server",
  // "INCIDENTCTL_SERVER", a file, "the default".
  std::string server_origin;
  absl::Duration timeout = absl::Seconds(5);
  // By flag or environment, not by the file or default.
  bool timeout_is_explicit = false;
  Output output = Output::kTable;
  bool spool_enabled = true;
  // Empty if the platform offers none.
  std::string spool_directory;
  std::int64_t spool_max_entries = 100'000;
};

struct ResolvedSettings {
  Settings settings;
  // Every mistake, with kExitUsage for flags and kExitConfig for the rest.
  std::vector<Problem> problems;
  // False if a mistake makes it uncertain which service is meant, or how it
  // is to be reached.
  bool may_dial = true;
};

// Why there is no spool: it is switched off, or no folder for it is known.
// Empty if there is one.
std::string SpoolObstacle(const Settings& settings);

// What the platform says where nothing else does.
struct PlatformDefaults {
  // Read only if it exists; empty for none.
  std::string config_file;
  std::string spool_directory;
};

// With mistakes, the settings hold what was right and defaults for the rest.
ResolvedSettings ResolveSettings(const GlobalFlags& flags,
                                 const GetEnvironment& environment,
                                 const PlatformDefaults& defaults);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_SETTINGS_H_
