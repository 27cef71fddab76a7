#ifndef OPCON_SNOW_SANDBOX_NOTIFY_SETTINGS_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_SETTINGS_H_

// What the notification manager is told, by flags and by a file.
//
// The file (--config) is YAML, of which JSON is a part:
//
//   opcon: http://127.0.0.1:9010
//   unresolved: literal            # or empty
//   rules:
//     - trigger: Job Failed
//       command: C:\Suite\incidentctl.exe -a [[$MACHINE NAME]] -t basic.json
//       working_directory: /tmp    # may be left out
//
// Flags win over the file; rules of both are taken together.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sandbox/notify/command_template.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}  // namespace CLI

namespace opcon_snow::sandbox::notify {

// The product's limits, in characters.
inline constexpr std::size_t kMaxCommandCharacters = 4000;
inline constexpr std::size_t kMaxDirectoryCharacters = 255;

struct Rule {
  std::string trigger;  // in any case
  std::string command;
  std::string working_directory;
};

struct Settings {
  std::string opcon;  // base URL
  std::string ca_file;
  std::vector<Rule> rules;
  Unresolved unresolved = Unresolved::kLiteral;
  // Programs as commands name them, to what is run in their place: the
  // documented command of a Windows server can stand in a test as it is.
  std::map<std::string, std::string> program_map;
  std::string log_file;     // "" or "-": standard output
  std::string cursor_file;  // "": none
  std::int64_t once = 0;    // 0: for ever
  absl::Duration poll_wait = absl::Seconds(10);
  absl::Duration delay;  // between a notification and its command
  absl::Duration command_timeout = absl::Minutes(5);
};

// The flags as they are typed; turned into Settings by ToSettings.
struct Flags {
  Settings settings;
  bool unresolved_given = false;
  std::string config;
  std::vector<std::string> triggers;
  std::vector<std::string> commands;
  std::string working_directory;
  std::vector<std::string> program_map;  // "FROM=TO"
  int poll_wait_ms = 10'000;
  int delay_ms = 0;
  int command_timeout_ms = 300'000;
};

// `flags` must live until the arguments are parsed.
void AddFlags(CLI::App& app, Flags* flags);

// Reads the file if one is named and puts both together. INVALID_ARGUMENT with
// everything that is wrong.
absl::StatusOr<Settings> ToSettings(const Flags& flags);

// The text of a --config file into `settings`. `name` is for messages.
absl::Status ApplyConfig(absl::string_view text, absl::string_view name,
                         Settings* settings);

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_SETTINGS_H_
