#ifndef OPCON_SNOW_CLI_ENVIRONMENT_H_
#define OPCON_SNOW_CLI_ENVIRONMENT_H_

// What a run of the program gets from outside, so that tests can give it
// something else. See platform.h for the real things.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/files.h"
#include "cli/settings.h"
#include "common/clock/clock.h"

namespace opcon_snow::cli {

// While it lives, a request to end the process calls a function instead. May be
// left to live until the process ends.
class TerminationGuard {
 public:
  virtual ~TerminationGuard() = default;
};

struct Environment {
  // Without the program.
  std::vector<std::string> arguments;
  GetEnvironment variables;
  PlatformDefaults defaults;
  std::string host;
  Console* console = nullptr;
  Files* files = nullptr;
  const Clock* clock = nullptr;
  std::function<std::array<std::uint8_t, 16>()> random;
  std::function<std::unique_ptr<TerminationGuard>(std::function<void()>)>
      guard_termination;
  // Called before any command but a report; see descriptors.h. May be empty.
  std::function<void()> register_descriptors{};
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_ENVIRONMENT_H_
