#ifndef OPCON_SNOW_CLI_TEMPLATE_FILES_COMMANDS_H_
#define OPCON_SNOW_CLI_TEMPLATE_FILES_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "cli/commands.h"

namespace opcon_snow::cli {

// Those of `templates` that take files.
void AddTemplateFilesCommands(CLI::App& templates, Action& action);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TEMPLATE_FILES_COMMANDS_H_
