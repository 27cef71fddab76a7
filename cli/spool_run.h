#ifndef OPCON_SNOW_CLI_SPOOL_RUN_H_
#define OPCON_SNOW_CLI_SPOOL_RUN_H_

// `incidentctl spool run`.

#include "absl/time/time.h"
#include "cli/command_context.h"

namespace opcon_snow::cli {

// Looks into the spool every `interval` and delivers what waits, until the
// process is told to end. After a failure it looks less often, up to every five
// minutes, and says why once. It connects anew for each delivery, so that
// renewed certificates and moved addresses take effect. Returns the exit code.
int RunSpool(CommandContext& context, absl::Duration interval);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_SPOOL_RUN_H_
