#include "cli/app.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/report_arguments.h"
#include "cli/report_command.h"
#include "cli/switches.h"

namespace opcon_snow::cli {
namespace {

using Arguments = std::vector<std::string>;

constexpr std::array<absl::string_view, 14> kCommands = {
    "reports",    "tickets", "templates", "silences", "audit",
    "admin",      "spool",   "doctor",    "config",   "--help",
    "completion", "manual",  "-h",        "--version"};

// The index of the first argument that is neither a switch for every command
// nor its value.
std::size_t FirstOwnArgument(const Arguments& arguments) {
  std::size_t i = 0;
  while (i < arguments.size()) {
    const std::string& argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const Switch* what = FindSwitch(argument.substr(0, equals));
    if (what == nullptr || !what->IsGlobal()) break;
    i += equals == std::string::npos ? 2 : 1;
  }
  return std::min(i, arguments.size());
}

// Whether there is a switch that only a report has, perhaps with a wrong dash.
bool HasReportSwitch(const Arguments& arguments) {
  return std::any_of(
      arguments.begin(), arguments.end(), [](const std::string& argument) {
        const Switch* what = FindSwitch(argument.substr(0, argument.find('=')));
        return (what != nullptr && !what->IsGlobal()) ||
               !MendDashes(argument).empty();
      });
}

// Whether somebody probably tried to report something, though it begins with
// no command. A person who mistypes a command does not go on for so long.
bool LooksLikeReport(const Arguments& arguments, std::size_t word) {
  constexpr std::size_t kMany = 4;
  return HasReportSwitch(arguments) || arguments.size() - word >= kMany;
}

bool AsksForHelp(const Arguments& arguments) {
  return std::any_of(
      arguments.begin(), arguments.end(),
      [](const std::string& a) { return a == "--help" || a == "-h"; });
}

int RunReportCommand(const Environment& environment, std::size_t word,
                     ReportCommand command) {
  Arguments switches = environment.arguments;
  switches.erase(switches.begin() + static_cast<std::ptrdiff_t>(word));
  if (!HasReportSwitch(switches) && AsksForHelp(switches)) {
    environment.console->Out(ReportHelp(command));
    return kExitOk;
  }
  return RunReport(environment, switches, command);
}

int Dispatch(const Environment& environment) {
  const Arguments& arguments = environment.arguments;
  const std::size_t word = FirstOwnArgument(arguments);
  // Says that a command is missing.
  if (word == arguments.size()) return RunCommands(environment);
  const std::string& command = arguments[word];
  if (command == "report") {
    return RunReportCommand(environment, word, ReportCommand::kReport);
  }
  if (command == "recovered") {
    return RunReportCommand(environment, word, ReportCommand::kRecovered);
  }
  if (std::find(kCommands.begin(), kCommands.end(), command) !=
      kCommands.end()) {
    return RunCommands(environment);
  }
  if (LooksLikeReport(arguments, word)) {
    // The command line of the connector that this suite replaces, or a
    // misspelled "report".
    return RunReport(environment, arguments, ReportCommand::kReport);
  }
  // Says which command was probably meant.
  return RunCommands(environment);
}

}  // namespace

int RunApp(const Environment& environment) {
  const int code = Dispatch(environment);
  environment.console->Flush();
  return code;
}

}  // namespace opcon_snow::cli
