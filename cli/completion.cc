#include "cli/completion.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace opcon_snow::cli {
namespace {

// A command with what may follow it.
struct Place {
  // " reports list"; empty for the program itself.
  std::string path;
  const CommandInfo* command = nullptr;
  // Its own and those of the commands around it.
  std::vector<OptionInfo> options;
};

void AddPlaces(const CommandInfo& command, const std::string& path,
               std::vector<OptionInfo> options, std::vector<Place>& places) {
  for (const OptionInfo& option : command.options) {
    bool known = false;
    for (const OptionInfo& outer : options) known |= outer.Has(option.Name());
    if (!known) options.push_back(option);
  }
  places.push_back({path, &command, options});
  for (const CommandInfo& one : command.commands) {
    AddPlaces(one, absl::StrCat(path, " ", one.name), options, places);
  }
}

std::vector<Place> AllPlaces(const CommandInfo& root) {
  std::vector<Place> places;
  AddPlaces(root, "", {}, places);
  return places;
}

std::vector<std::string> Names(const OptionInfo& option) {
  std::vector<std::string> names;
  if (!option.short_name.empty()) names.push_back(option.short_name);
  if (!option.long_name.empty()) names.push_back(option.long_name);
  return names;
}

// The names of options by what stands for their value. A name has one meaning
// in all commands.
std::map<std::string, std::set<std::string>> NamesByValue(
    const std::vector<Place>& places) {
  std::map<std::string, std::set<std::string>> names;
  std::set<std::string> known;
  for (const Place& place : places) {
    for (const OptionInfo& option : place.options) {
      if (option.value.empty()) continue;
      for (const std::string& name : Names(option)) {
        if (known.insert(name).second) names[option.value].insert(name);
      }
    }
  }
  return names;
}

std::set<std::string> OptionsWithValue(const std::vector<Place>& places) {
  std::set<std::string> all;
  for (const auto& [value, names] : NamesByValue(places)) {
    all.insert(names.begin(), names.end());
  }
  return all;
}

// "' reports'|' reports list'", of all commands but the program.
std::string Paths(const std::vector<Place>& places,
                  absl::string_view separator) {
  std::vector<std::string> paths;
  for (const Place& place : places) {
    if (!place.path.empty())
      paths.push_back(absl::StrCat("'", place.path, "'"));
  }
  return absl::StrJoin(paths, separator);
}

// What may stand at a place and is known: commands, options, choices.
std::vector<std::pair<std::string, std::string>> Words(const Place& place) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const CommandInfo& one : place.command->commands) {
    words.emplace_back(one.name, one.help);
  }
  for (const ArgumentInfo& argument : place.command->arguments) {
    for (const std::string& choice : ChoicesFor(argument.name)) {
      words.emplace_back(choice, argument.help);
    }
  }
  for (const OptionInfo& option : place.options) {
    for (const std::string& name : Names(option)) {
      words.emplace_back(name, option.help);
    }
  }
  return words;
}

bool TakesFile(const Place& place) {
  for (const ArgumentInfo& argument : place.command->arguments) {
    if (IsFile(argument.name)) return true;
  }
  return false;
}

// --- bash -----------------------------------------------------------------

std::string BashValues(const std::vector<Place>& places) {
  std::string text = "  case $prev in\n";
  for (const auto& [value, names] : NamesByValue(places)) {
    absl::StrAppend(&text, "    ", absl::StrJoin(names, "|"), ")\n");
    const std::vector<std::string> choices = ChoicesFor(value);
    if (IsFile(value) || IsDirectory(value)) {
      absl::StrAppend(&text, "      compopt -o filenames 2>/dev/null\n",
                      "      mapfile -t COMPREPLY < <(compgen ",
                      IsFile(value) ? "-f" : "-d", " -- \"$cur\")\n");
    } else if (!choices.empty()) {
      absl::StrAppend(&text, "      mapfile -t COMPREPLY < <(compgen -W '",
                      absl::StrJoin(choices, " "), "' -- \"$cur\")\n");
    }
    absl::StrAppend(&text, "      return ;;\n");
  }
  return absl::StrCat(text, "  esac\n");
}

std::string BashWords(const std::vector<Place>& places) {
  std::string text = "  case $path in\n";
  for (const Place& place : places) {
    std::vector<std::string> words;
    for (const auto& [word, help] : Words(place)) words.push_back(word);
    absl::StrAppend(&text, "    '", place.path, "')",
                    TakesFile(place) ? " files=yes" : "", "\n      words='",
                    absl::StrJoin(words, " "), "' ;;\n");
  }
  return absl::StrCat(text, "  esac\n");
}

std::string Bash(const std::vector<Place>& places) {
  return absl::StrCat(
      R"(# Completion of incidentctl for bash 4 and later. In ~/.bashrc:
#   source <(incidentctl completion bash)
_incidentctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local path='' words='' files='' i
  COMPREPLY=()
  # "--output=json" arrives in three parts.
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      )",
      absl::StrJoin(OptionsWithValue(places), "|"),
      R"() [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
        ((i++)) ;;
      *) case "$path ${COMP_WORDS[i]}" in
          )",
      Paths(places, "|"), R"() path="$path ${COMP_WORDS[i]}" ;;
        esac ;;
    esac
  done
)",
      BashValues(places), BashWords(places),
      R"(  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ $files && $cur != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _incidentctl incidentctl
)");
}

// --- zsh ------------------------------------------------------------------

// Text within single quotes in which a colon and brackets have no meaning.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"},
                                    {"'", "'\\''"},
                                    {"[", "\\["},
                                    {"]", "\\]"},
                                    {":", "\\:"}});
}

std::string ZshAction(absl::string_view value) {
  if (IsFile(value)) return "_files";
  if (IsDirectory(value)) return "_files -/";
  const std::vector<std::string> choices = ChoicesFor(value);
  return choices.empty() ? " "
                         : absl::StrCat("(", absl::StrJoin(choices, " "), ")");
}

std::string ZshFunction(const Place& place) {
  return absl::StrCat("_incidentctl",
                      absl::StrReplaceAll(place.path, {{" ", "_"}}));
}

std::string ZshOptions(const Place& place) {
  std::string text;
  for (const OptionInfo& option : place.options) {
    const std::vector<std::string> names = Names(option);
    for (const std::string& name : names) {
      const bool is_long = name == option.long_name;
      absl::StrAppend(&text, " \\\n    '(", absl::StrJoin(names, " "), ")",
                      name, is_long && !option.value.empty() ? "=" : "", "[",
                      ZshText(option.help), "]");
      if (!option.value.empty()) {
        absl::StrAppend(&text, ":", ZshText(option.value), ":",
                        ZshAction(option.value));
      }
      absl::StrAppend(&text, "'");
    }
  }
  return text;
}

std::string ZshPlace(const Place& place) {
  const CommandInfo& command = *place.command;
  std::string text =
      absl::StrCat("\n", ZshFunction(place),
                   "() {\n  local curcontext=\"$curcontext\" state line\n"
                   "  typeset -A opt_args\n  _arguments -C",
                   ZshOptions(place));
  for (const ArgumentInfo& argument : command.arguments) {
    absl::StrAppend(&text, " \\\n    ':", ZshText(argument.name), ":",
                    ZshAction(argument.name), "'");
  }
  if (command.commands.empty()) return absl::StrCat(text, "\n}\n");
  absl::StrAppend(&text,
                  " \\\n    '1: :->command' '*:: :->rest'\n"
                  "  case $state in\n    command)\n"
                  "      local -a commands=(\n");
  for (const CommandInfo& one : command.commands) {
    absl::StrAppend(&text, "        '", ZshText(one.name), ":",
                    ZshText(one.help), "'\n");
  }
  absl::StrAppend(&text,
                  "      )\n      _describe command commands ;;\n"
                  "    rest)\n      case $words[1] in\n");
  for (const CommandInfo& one : command.commands) {
    absl::StrAppend(&text, "        ", one.name, ") ", ZshFunction(place), "_",
                    one.name, " ;;\n");
  }
  return absl::StrCat(text, "      esac ;;\n  esac\n}\n");
}

std::string Zsh(const std::vector<Place>& places) {
  std::string text =
      "#compdef incidentctl\n"
      "# Completion of incidentctl for zsh. Either in ~/.zshrc, after "
      "compinit:\n"
      "#   source <(incidentctl completion zsh)\n"
      "# or as the file _incidentctl in a folder of $fpath.\n";
  for (const Place& place : places) absl::StrAppend(&text, ZshPlace(place));
  return absl::StrCat(text, R"(
if [ "$funcstack[1]" = _incidentctl ]; then
  _incidentctl "$@"
else
  compdef _incidentctl incidentctl
fi
)");
}

// --- fish -----------------------------------------------------------------

std::string FishText(absl::string_view text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishOption(const Place& place, const OptionInfo& option) {
  std::string text = absl::StrCat(
      "complete -c incidentctl -n \"__incidentctl_at '", place.path, "'\"");
  if (!option.long_name.empty()) {
    absl::StrAppend(&text, " -l ", option.long_name.substr(2));
  }
  if (!option.short_name.empty()) {
    absl::StrAppend(&text, option.short_name.size() == 2 ? " -s " : " -o ",
                    option.short_name.substr(1));
  }
  const std::vector<std::string> choices = ChoicesFor(option.value);
  if (IsFile(option.value)) {
    absl::StrAppend(&text, " -r -F");
  } else if (IsDirectory(option.value)) {
    absl::StrAppend(&text, " -x -a '(__fish_complete_directories)'");
  } else if (!choices.empty()) {
    absl::StrAppend(&text, " -x -a '", absl::StrJoin(choices, " "), "'");
  } else if (!option.value.empty()) {
    absl::StrAppend(&text, " -x");
  }
  return absl::StrCat(text, " -d ", FishText(option.help), "\n");
}

std::string FishPlace(const Place& place) {
  std::string text;
  const std::string at = absl::StrCat(
      "complete -c incidentctl -n \"__incidentctl_at '", place.path, "'\"");
  for (const CommandInfo& one : place.command->commands) {
    absl::StrAppend(&text, at, " -a ", one.name, " -d ", FishText(one.help),
                    "\n");
  }
  for (const ArgumentInfo& argument : place.command->arguments) {
    const std::vector<std::string> choices = ChoicesFor(argument.name);
    if (!choices.empty()) {
      absl::StrAppend(&text, at, " -a '", absl::StrJoin(choices, " "), "' -d ",
                      FishText(argument.help), "\n");
    }
  }
  if (TakesFile(place)) absl::StrAppend(&text, at, " -F\n");
  for (const OptionInfo& option : place.options) {
    absl::StrAppend(&text, FishOption(place, option));
  }
  return text;
}

std::string Fish(const std::vector<Place>& places) {
  std::string text = absl::StrCat(
      R"(# Completion of incidentctl for fish. Once:
#   incidentctl completion fish > ~/.config/fish/completions/incidentctl.fish
function __incidentctl_path
    set -l words (commandline -opc)
    set -e words[1]
    set -l path ''
    set -l value no
    for word in $words
        if test $value = yes
            set value no
            continue
        end
        switch $word
            case )",
      absl::StrJoin(OptionsWithValue(places), " "),
      R"(
                set value yes
            case '*'
                switch "$path $word"
                    case )",
      Paths(places, " "),
      R"(
                        set path "$path $word"
                end
        end
    end
    echo $path
end
function __incidentctl_at
    set -l path (__incidentctl_path)
    test "$path" = "$argv[1]"
end
complete -c incidentctl -f
)");
  for (const Place& place : places) absl::StrAppend(&text, FishPlace(place));
  return text;
}

// --- PowerShell -----------------------------------------------------------

std::string PowerShellText(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

std::string PowerShellWords(const std::vector<Place>& places) {
  std::string text;
  for (const Place& place : places) {
    absl::StrAppend(&text, "        ", PowerShellText(place.path),
                    " = [ordered]@{\n");
    for (const auto& [word, help] : Words(place)) {
      absl::StrAppend(&text, "            ", PowerShellText(word), " = ",
                      PowerShellText(help), "\n");
    }
    absl::StrAppend(&text, "        }\n");
  }
  return text;
}

std::string PowerShellChoices(const std::vector<Place>& places) {
  std::string text;
  for (const auto& [value, names] : NamesByValue(places)) {
    std::vector<std::string> choices;
    for (const std::string& choice : ChoicesFor(value)) {
      choices.push_back(PowerShellText(choice));
    }
    for (const std::string& name : names) {
      absl::StrAppend(&text, "        ", PowerShellText(name), " = @(",
                      absl::StrJoin(choices, ", "), ")\n");
    }
  }
  return text;
}

std::string PowerShell(const std::vector<Place>& places) {
  return absl::StrCat(
      R"(# Completion of incidentctl for PowerShell. In $PROFILE:
#   incidentctl completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName incidentctl, incidentctl.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    # What may follow each command, with its help.
    $words = @{
)",
      PowerShellWords(places), R"(    }
    # Options that take a value, with those that are known.
    $choices = @{
)",
      PowerShellChoices(places), R"(    }
    $path = ''
    $option = ''
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        $word = $element.ToString()
        if ($option) {
            $option = ''
        } elseif ($choices.ContainsKey($word)) {
            $option = $word
        } elseif ($words.ContainsKey("$path $word")) {
            $path = "$path $word"
        }
    }
    $known = $words[$path]
    if ($option) {
        $known = [ordered]@{}
        $choices[$option] | ForEach-Object { $known[$_] = $_ }
    }
    $known.Keys | Where-Object { $_.StartsWith($wordToComplete) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $known[$_])
    }
}
)");
}

}  // namespace

std::string CompletionScript(const CommandInfo& root, absl::string_view shell) {
  const std::vector<Place> places = AllPlaces(root);
  if (shell == "zsh") return Zsh(places);
  if (shell == "fish") return Fish(places);
  if (shell == "powershell") return PowerShell(places);
  return Bash(places);
}

}  // namespace opcon_snow::cli
