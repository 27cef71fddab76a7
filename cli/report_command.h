#ifndef OPCON_SNOW_CLI_REPORT_COMMAND_H_
#define OPCON_SNOW_CLI_REPORT_COMMAND_H_

// `incidentctl report` and `recovered`. What is reported is either stored by
// the service or kept in the spool when it ends; the exit code says so.

#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/report_arguments.h"

namespace opcon_snow::cli {

// `switches` are the arguments without the subcommand. Returns the exit code.
int RunReport(const Environment& environment,
              const std::vector<std::string>& switches, ReportCommand command);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_REPORT_COMMAND_H_
