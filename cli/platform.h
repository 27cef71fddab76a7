#ifndef OPCON_SNOW_CLI_PLATFORM_H_
#define OPCON_SNOW_CLI_PLATFORM_H_

// Everything that incidentctl wants from the operating system. It is
// implemented by platform_posix.cc and, for Windows, by the folder windows/;
// nothing else in this folder includes a header of a system.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/environment.h"
#include "cli/files.h"
#include "cli/settings.h"

namespace opcon_snow::cli::platform {

// To be called first, before there is any thread. Makes sure that standard
// input, output and error are open, because a spool file must not become
// standard error by being opened as descriptor 2; and that writing to a closed
// pipe, or more than a limit on the size of files allows, is an error and not
// the end of the process.
void PrepareProcess();

// While the result lives, a request to end the process (SIGTERM, SIGINT,
// SIGHUP) calls `on_request` in another thread instead, once. Make it before
// any other thread, because threads inherit what makes it work. At most one.
std::unique_ptr<TerminationGuard> GuardTermination(
    std::function<void()> on_request);

// The arguments without the program, as UTF-8 where the system knows the
// encoding.
std::vector<std::string> Arguments(int argc, const char* const* argv);

// Of the environment; nullopt if it is not set.
std::optional<std::string> Variable(const std::string& name);

PlatformDefaults Defaults();

// The disk. Lives until the process ends.
Files* RealFiles();

// From the system's random source; ends the process if there is none.
std::array<std::uint8_t, 16> RandomBytes();

// Empty if unknown.
std::string HostName();

// UTF-8, as it is; ignored where nobody reads.
void WriteToOutput(absl::string_view text);
void WriteToError(absl::string_view text);

bool StandardOutputIsTerminal();
// Columns; 0 if unknown.
int TerminalWidth();
// Whether a terminal that is standard output moves its cursor when told to.
bool TerminalTakesControlSequences();

}  // namespace opcon_snow::cli::platform

#endif  // OPCON_SNOW_CLI_PLATFORM_H_
