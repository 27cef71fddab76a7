#ifndef OPCON_SNOW_CLI_COMPLETION_H_
#define OPCON_SNOW_CLI_COMPLETION_H_

// Scripts that let a shell complete the command line.

#include <string>

#include "absl/strings/string_view.h"
#include "cli/command_tree.h"

namespace opcon_snow::cli {

// For one of ChoicesFor("SHELL"). Names of jobs and the like are not completed:
// the shell would have to wait for the service.
std::string CompletionScript(const CommandInfo& root, absl::string_view shell);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_COMPLETION_H_
