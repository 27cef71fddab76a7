#ifndef OPCON_SNOW_CLI_TESTING_PROCESS_H_
#define OPCON_SNOW_CLI_TESTING_PROCESS_H_

// Runs a program and looks at what it did.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace opcon_snow::cli {

struct ProcessResult {
  // -1 if it did not exit by itself.
  int exit_code = -1;
  std::string out;
  std::string error;
  absl::Duration wall;
};

struct ProcessOptions {
  // The whole environment.
  std::map<std::string, std::string> environment = {};
  // Closes standard input, output and error, instead of collecting them.
  bool close_standard_files = false;
  // All three are a terminal, this many columns wide, whose text is collected
  // in `out`. 0: none of them is one.
  int terminal_columns = 0;
  // Asks it to end as soon as this is true.
  std::function<bool()> terminate_when = {};
};

// What exec takes: argv and the environment.
struct ProgramStart {
  ProgramStart(const std::string& program,
               const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment);
  ProgramStart(const ProgramStart&) = delete;
  ProgramStart& operator=(const ProgramStart&) = delete;

  std::vector<std::string> strings;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

// Starts `program` and waits for its end. Aborts if it cannot be started.
ProcessResult RunProcess(const std::string& program,
                         const std::vector<std::string>& arguments,
                         const ProcessOptions& options);

// Runs it until it is about to make the `call`th system call of its first
// thread from its first folder on, and kills it there. nullopt; or the exit
// code of a program that ended before.
std::optional<int> RunUntilCall(const std::string& program,
                                const std::vector<std::string>& arguments,
                                const ProcessOptions& options, int call);

// The path of a file that a test or tool has as data, such as
// "cli/incidentctl".
std::string RunfilePath(const std::string& path);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TESTING_PROCESS_H_
