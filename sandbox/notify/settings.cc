#include "sandbox/notify/settings.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "yaml-cpp/yaml.h"

namespace opcon_snow::sandbox::notify {
namespace {

std::size_t CountCharacters(absl::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

absl::StatusOr<Unresolved> ParseUnresolved(const std::string& text) {
  if (text == "literal") return Unresolved::kLiteral;
  if (text == "empty") return Unresolved::kEmpty;
  return absl::InvalidArgumentError(
      absl::StrCat("unresolved must be literal or empty, not '", text, "'"));
}

std::string PlaceOf(const YAML::Node& node) {
  return node.Mark().is_null() ? "" : absl::StrCat(node.Mark().line + 1, ": ");
}

absl::Status CheckKeys(const YAML::Node& map,
                       const std::vector<absl::string_view>& known) {
  if (!map.IsMap()) {
    return absl::InvalidArgumentError(
        absl::StrCat(PlaceOf(map), "must be a mapping"));
  }
  for (const auto& entry : map) {
    const std::string key = entry.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(PlaceOf(entry.first), "unknown key '", key,
                       "'; known are ", absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyRules(const YAML::Node& rules, Settings* settings) {
  for (const YAML::Node& node : rules) {
    OPCON_SNOW_RETURN_IF_ERROR(
        CheckKeys(node, {"trigger", "command", "working_directory"}));
    Rule rule;
    rule.trigger = node["trigger"].as<std::string>("");
    rule.command = node["command"].as<std::string>("");
    rule.working_directory = node["working_directory"].as<std::string>("");
    settings->rules.push_back(std::move(rule));
  }
  return absl::OkStatus();
}

absl::Status ApplyNode(const YAML::Node& root, Settings* settings) {
  OPCON_SNOW_RETURN_IF_ERROR(CheckKeys(root, {"opcon", "unresolved", "rules"}));
  settings->opcon = root["opcon"].as<std::string>(settings->opcon);
  if (root["unresolved"]) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        settings->unresolved,
        ParseUnresolved(root["unresolved"].as<std::string>()));
  }
  if (!root["rules"]) return absl::OkStatus();
  if (!root["rules"].IsSequence()) {
    return absl::InvalidArgumentError(
        absl::StrCat(PlaceOf(root["rules"]), "rules must be a list"));
  }
  return ApplyRules(root["rules"], settings);
}

void CheckRule(const Rule& rule, std::vector<std::string>& faults) {
  if (rule.trigger.empty() || rule.command.empty()) {
    faults.push_back("a rule needs a trigger and a command");
  }
  if (CountCharacters(rule.command) > kMaxCommandCharacters) {
    faults.push_back(absl::StrCat("the command for '", rule.trigger,
                                  "' has more than ", kMaxCommandCharacters,
                                  " characters"));
  }
  if (CountCharacters(rule.working_directory) > kMaxDirectoryCharacters) {
    faults.push_back(absl::StrCat("the working directory for '", rule.trigger,
                                  "' has more than ", kMaxDirectoryCharacters,
                                  " characters"));
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text.str();
}

}  // namespace

void AddFlags(CLI::App& app, Flags* flags) {
  Settings& settings = flags->settings;
  app.add_option("--config", flags->config, "YAML or JSON file with rules");
  app.add_option("--opcon", settings.opcon,
                 "Base URL of the OpCon sandbox, http://host:port");
  app.add_option("--ca-file", settings.ca_file,
                 "PEM file to trust for an https OpCon");
  app.add_option("--trigger", flags->triggers,
                 "Notification trigger, e.g. \"Job Failed\"; one for each "
                 "--command")
      ->allow_extra_args(false);
  app.add_option("--command", flags->commands,
                 "Command string with [[tokens]], at most 4000 characters")
      ->allow_extra_args(false);
  app.add_option("--working-directory", flags->working_directory,
                 "Where the commands of --command run");
  app.add_option("--map-program", flags->program_map,
                 "FROM=TO: run TO where a command names FROM")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--unresolved",
         [flags](const std::string& text) {
           flags->settings.unresolved = *ParseUnresolved(text);
           flags->unresolved_given = true;
         },
         "What a token without a property becomes (literal|empty)")
      ->check(CLI::IsMember({"literal", "empty"}));
  app.add_option("--log", settings.log_file,
                 "File that gets a JSON line per run; - is standard output");
  app.add_option("--cursor", settings.cursor_file,
                 "File that remembers what was handled, over restarts");
  app.add_option("--once", settings.once,
                 "End after so many notifications were handled")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  app.add_option("--poll-wait-ms", flags->poll_wait_ms,
                 "How long one request waits for a notification")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  app.add_option("--delay-ms", flags->delay_ms,
                 "Time between a notification and its command")
      ->check(CLI::Range(0, 3'600'000))
      ->capture_default_str();
  app.add_option("--command-timeout-ms", flags->command_timeout_ms,
                 "A command is killed after so long")
      ->check(CLI::Range(1, 24 * 3'600'000))
      ->capture_default_str();
}

absl::Status ApplyConfig(absl::string_view text, absl::string_view name,
                         Settings* settings) {
  absl::Status status;
  try {
    status = ApplyNode(YAML::Load(std::string(text)), settings);
  } catch (const YAML::Exception& error) {
    status = absl::InvalidArgumentError(
        absl::StrCat(error.mark.line + 1, ": ", error.msg));
  }
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(name, ":", std::string(status.message())));
}

absl::StatusOr<Settings> ToSettings(const Flags& flags) {
  Settings settings;
  if (!flags.config.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(flags.config));
    OPCON_SNOW_RETURN_IF_ERROR(ApplyConfig(text, flags.config, &settings));
  }
  const Settings from_file = settings;
  settings = flags.settings;
  if (settings.opcon.empty()) settings.opcon = from_file.opcon;
  if (!flags.unresolved_given) settings.unresolved = from_file.unresolved;
  settings.rules = from_file.rules;
  settings.poll_wait = absl::Milliseconds(flags.poll_wait_ms);
  settings.delay = absl::Milliseconds(flags.delay_ms);
  settings.command_timeout = absl::Milliseconds(flags.command_timeout_ms);

  std::vector<std::string> faults;
  if (flags.triggers.size() != flags.commands.size()) {
    faults.push_back("there must be one --trigger for each --command");
  }
  for (std::size_t i = 0;
       i < std::min(flags.triggers.size(), flags.commands.size()); ++i) {
    settings.rules.push_back(
        {flags.triggers[i], flags.commands[i], flags.working_directory});
  }
  if (settings.rules.empty()) faults.push_back("there is no rule");
  for (const Rule& rule : settings.rules) CheckRule(rule, faults);
  for (const std::string& pair : flags.program_map) {
    const std::size_t equals = pair.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      faults.push_back(absl::StrCat("--map-program must be FROM=TO: ", pair));
      continue;
    }
    settings.program_map[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (settings.opcon.empty()) faults.push_back("--opcon is missing");
  while (absl::EndsWith(settings.opcon, "/")) settings.opcon.pop_back();
  if (faults.empty()) return settings;
  return absl::InvalidArgumentError(absl::StrJoin(faults, "; "));
}

}  // namespace opcon_snow::sandbox::notify
