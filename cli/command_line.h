#ifndef OPCON_SNOW_CLI_COMMAND_LINE_H_
#define OPCON_SNOW_CLI_COMMAND_LINE_H_

// From arguments to switches with values, for `report` and `recovered`.
//
// Notification Manager's documented command has no quotes around its tokens,
// so a name with blanks arrives as several arguments and an empty one as none.
// Hence a value is everything up to the next known switch, put together with
// single blanks.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/problem.h"
#include "cli/switches.h"

namespace opcon_snow::cli {

struct Given {
  // The switch as it was written: "-jn" or "--job".
  std::string name;
  // Without blanks and quotes around it. Empty: nothing was given.
  std::string value;
};

struct CommandLine {
  std::map<SwitchId, Given> given;
  // With kExitUsage.
  std::vector<Problem> problems;
  // What was understood, but probably not as it was meant.
  std::vector<std::string> warnings;
};

// Never fails: what it cannot make sense of becomes a problem.
CommandLine ReadCommandLine(const std::vector<std::string>& arguments);

// `argument` as it has to be written in a command line: in double quotes if it
// is empty or has blanks in it.
std::string Quoted(absl::string_view argument);

// How a value is shown in a message: in quotes, fit for a terminal, cut after
// 120 characters.
std::string Shown(absl::string_view value);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_COMMAND_LINE_H_
