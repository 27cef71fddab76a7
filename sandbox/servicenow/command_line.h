#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_COMMAND_LINE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_COMMAND_LINE_H_

// The switches of snow_sandbox, and what is made from them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/servicenow/instance.h"
#include "sandbox/servicenow/script/script_engine.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {

struct CommandLine {
  ServerFlags server;
  Settings settings;
  // Values as typed that become part of `settings`.
  std::string blocked_extensions;
  std::int64_t token_lifetime_seconds = 1800;
  int display_offset_minutes = -480;
  std::vector<std::string> seed_files;
  std::string oauth_grants;
  std::string jwt_key_file;
  std::string conditions;
  std::int64_t incidents = 0;
  std::vector<std::string> update_set_files;
  std::int64_t script_timeout_seconds = 10;
  std::int64_t script_memory_megabytes = 64;
  std::string outbound_ca_file;
};

// `command_line` must live until the arguments are parsed.
void AddOptions(CLI::App& app, CommandLine* command_line);

// Reads the seed files. INVALID_ARGUMENT names the file and what is wrong.
absl::StatusOr<std::unique_ptr<Instance>> MakeInstance(
    const CommandLine& command_line);

// What runs scripts on it; reads the update sets. INVALID_ARGUMENT names the
// file and what is wrong. It must be destroyed before the instance, after
// SetHooks(nullptr).
absl::StatusOr<std::unique_ptr<ScriptEngine>> MakeScriptEngine(
    const CommandLine& command_line, Instance& instance);

// For SandboxServer. `instance` must outlive the server.
SandboxServer::Options ServerOptions(const CommandLine& command_line,
                                     Instance& instance);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_COMMAND_LINE_H_
