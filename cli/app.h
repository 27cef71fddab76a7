#ifndef OPCON_SNOW_CLI_APP_H_
#define OPCON_SNOW_CLI_APP_H_

// The program.

#include "cli/environment.h"

namespace opcon_snow::cli {

// Does what the arguments say and passes the output on. Returns the exit code.
int RunApp(const Environment& environment);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_APP_H_
