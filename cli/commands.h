#ifndef OPCON_SNOW_CLI_COMMANDS_H_
#define OPCON_SNOW_CLI_COMMANDS_H_

// The commands other than `report`. Each family declares its subcommands and
// options to CLI11 and says what to do once the command line is read.

#include <cstdint>
#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/command_context.h"
#include "cli/command_tree.h"
#include "cli/environment.h"

namespace opcon_snow::cli {

// What is to be done once the settings are known; returns the exit code. The
// subcommand that was given puts its own into `action` below.
using Action = std::function<int(CommandContext& context)>;

// The same for what is printed without settings and service.
using TextAction = std::function<std::string()>;

// Declares --limit, which is `limit` unless given.
void AddLimit(CLI::App& command, std::int32_t& limit);

void AddReportsCommands(CLI::App& app, Action& action);
void AddTicketsCommands(CLI::App& app, Action& action);
void AddTemplatesCommands(CLI::App& app, Action& action);
void AddSilencesCommands(CLI::App& app, Action& action);
void AddAuditCommands(CLI::App& app, Action& action);
void AddAdminCommands(CLI::App& app, Action& action);
void AddSpoolCommands(CLI::App& app, Action& action);
void AddDoctorCommand(CLI::App& app, Action& action);
void AddConfigCommand(CLI::App& app, Action& action);
// `app` must live until `text` has run.
void AddSelfDescription(CLI::App& app, TextAction& text);

// All that can be typed, as declared.
CommandInfo DescribeCommands(const CLI::App& app);

// Reads the command line with CLI11 and does what it says. Also prints the
// help and the version. Returns the exit code.
int RunCommands(const Environment& environment);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_COMMANDS_H_
