#ifndef OPCON_SNOW_CLI_COMMAND_TREE_H_
#define OPCON_SNOW_CLI_COMMAND_TREE_H_

// What can be typed, as one tree: shell completion, the manual page and the
// correction of mistakes all come from it.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

struct OptionInfo {
  // "-jn", "--job"; either may be empty, not both.
  std::string short_name;
  std::string long_name;
  // What stands for the value: "JOB"; empty if it takes none.
  std::string value;
  std::string help;
  bool required = false;

  bool Has(absl::string_view name) const {
    return !name.empty() && (name == short_name || name == long_name);
  }
  // The long name, if there is one.
  const std::string& Name() const {
    return long_name.empty() ? short_name : long_name;
  }
};

struct ArgumentInfo {
  // "FILE".
  std::string name;
  std::string help;
  bool required = false;
};

struct CommandInfo {
  // "reports"; of the root: "incidentctl".
  std::string name;
  std::string help;
  std::vector<OptionInfo> options;
  std::vector<ArgumentInfo> arguments;
  // One of them is required, if there are any.
  std::vector<CommandInfo> commands;

  const CommandInfo* Find(absl::string_view command) const;
};

// The values that a placeholder such as "FORMAT" stands for, if they are few.
std::vector<std::string> ChoicesFor(absl::string_view value);
// Whether a placeholder stands for a file or for a folder.
bool IsFile(absl::string_view value);
bool IsDirectory(absl::string_view value);

// What is wrong with a command line, by the names in it.
struct Correction {
  // One sentence each. Empty: the names are right.
  std::vector<std::string> problems;
  // The command line with nearest names in place of unknown ones, and a word
  // such as TEXT where something has to be put in.
  std::string corrected;
};

// `arguments` without the program. Values are not looked at.
Correction Correct(const CommandInfo& root,
                   const std::vector<std::string>& arguments);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_COMMAND_TREE_H_
