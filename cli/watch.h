#ifndef OPCON_SNOW_CLI_WATCH_H_
#define OPCON_SNOW_CLI_WATCH_H_

// `incidentctl reports watch`.

#include <string>

#include "cli/command_context.h"

namespace opcon_snow::cli {

struct WatchOptions {
  // Empty: all reports, for ever.
  std::string report_id;
};

// Prints changes as they come; with --output json one reply a line. A
// connection that breaks is made again where it ended. Returns the exit code:
// when the report has ended, when the process is told to end, or for an error
// that trying again does not mend.
int Watch(CommandContext& context, const WatchOptions& options);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_WATCH_H_
