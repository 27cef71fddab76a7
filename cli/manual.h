#ifndef OPCON_SNOW_CLI_MANUAL_H_
#define OPCON_SNOW_CLI_MANUAL_H_

#include <string>

#include "cli/command_tree.h"

namespace opcon_snow::cli {

// The manual page incidentctl(1), for man.
std::string ManualPage(const CommandInfo& root);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_MANUAL_H_
