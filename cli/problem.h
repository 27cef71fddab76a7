#ifndef OPCON_SNOW_CLI_PROBLEM_H_
#define OPCON_SNOW_CLI_PROBLEM_H_

#include <string>

namespace opcon_snow::cli {

// A mistake in the command line or the configuration.
struct Problem {
  // kExitUsage, kExitData or kExitConfig; see exit_code.h.
  int exit_code = 0;
  // One sentence or two without a full stop: names what is wrong, says what
  // was found and what to write instead.
  std::string text;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_PROBLEM_H_
