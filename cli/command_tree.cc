#include "cli/command_tree.h"

#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/command_line.h"
#include "cli/enum_text.h"
#include "cli/event_kind.h"
#include "cli/nearest.h"
#include "cli/text.h"
#include "incident/v1/report.pb.h"

namespace opcon_snow::cli {
namespace {

constexpr std::size_t kMaxValue = 255;

class Corrector {
 public:
  Corrector(const CommandInfo& root, const std::vector<std::string>& arguments)
      : arguments_(arguments), path_({&root}), words_({root.name}) {}

  Correction Run() && {
    while (next_ < arguments_.size()) {
      const std::string& argument = arguments_[next_++];
      if (argument.size() > 1 && argument[0] == '-') {
        TakeOption(argument);
      } else {
        TakeWord(argument);
      }
    }
    TakeWhatIsMissing();
    correction_.corrected = absl::StrJoin(words_, " ");
    return std::move(correction_);
  }

 private:
  const CommandInfo& command() const { return *path_.back(); }

  // "incidentctl reports list".
  std::string CommandText() const {
    return absl::StrJoin(path_, " ",
                         [](std::string* out, const CommandInfo* part) {
                           out->append(part->name);
                         });
  }

  static std::string Value(absl::string_view text) {
    return Quoted(ForTerminal(text, kMaxValue));
  }

  // Those of the command and of the ones around it.
  const OptionInfo* FindOption(absl::string_view name) const {
    for (const CommandInfo* part : path_) {
      for (const OptionInfo& option : part->options) {
        if (option.Has(name)) return &option;
      }
    }
    return nullptr;
  }

  std::string NearestOption(absl::string_view name) const {
    std::vector<absl::string_view> names;
    for (const CommandInfo* part : path_) {
      for (const OptionInfo& option : part->options) {
        names.push_back(option.Name());
      }
    }
    return Nearest(name, names);
  }

  void TakeOption(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const OptionInfo* option = FindOption(name);
    if (option == nullptr) {
      const std::string nearest = NearestOption(name);
      Problem(absl::StrCat(Shown(name), " is not an option of \"",
                           CommandText(), "\""),
              nearest);
      option = FindOption(nearest);
      if (option == nullptr) return;
      words_.push_back(option->Name());
    } else {
      words_.push_back(name);
    }
    given_.insert(option);
    if (option->value.empty()) return;
    if (equals != std::string::npos) {
      words_.push_back(Value(argument.substr(equals + 1)));
    } else if (next_ < arguments_.size()) {
      words_.push_back(Value(arguments_[next_++]));
    } else {
      words_.push_back(option->value);
      Problem(
          absl::StrCat(name, " has no value; write ", name, " ", option->value),
          "");
    }
  }

  void TakeWord(const std::string& word) {
    if (!command().commands.empty()) {
      TakeCommand(word);
    } else if (arguments_taken_ < command().arguments.size()) {
      ++arguments_taken_;
      words_.push_back(Value(word));
    } else {
      Problem(absl::StrCat(Shown(word), " is one argument too many for \"",
                           CommandText(), "\""),
              "");
    }
  }

  void TakeCommand(const std::string& word) {
    const CommandInfo* found = command().Find(word);
    if (found == nullptr) {
      std::vector<absl::string_view> names;
      for (const CommandInfo& one : command().commands) {
        names.push_back(one.name);
      }
      const std::string nearest = Nearest(word, names);
      Problem(absl::StrCat(
                  Shown(word), " is not a command of \"", CommandText(), "\"",
                  nearest.empty()
                      ? absl::StrCat("; it has ", absl::StrJoin(names, ", "))
                      : ""),
              nearest);
      found = command().Find(nearest);
      if (found == nullptr) return;
    }
    words_.push_back(found->name);
    path_.push_back(found);
  }

  void TakeWhatIsMissing() {
    if (!command().commands.empty()) {
      std::vector<std::string> names;
      for (const CommandInfo& one : command().commands) {
        names.push_back(one.name);
      }
      if (correction_.problems.empty()) {
        Problem(absl::StrCat("a command is missing after \"", CommandText(),
                             "\": one of ", absl::StrJoin(names, ", ")),
                "");
      }
      words_.push_back("COMMAND");
      return;
    }
    for (std::size_t i = arguments_taken_; i < command().arguments.size();
         ++i) {
      const ArgumentInfo& argument = command().arguments[i];
      if (!argument.required) continue;
      Problem(absl::StrCat(argument.name, " is missing: ", argument.help), "");
      words_.push_back(argument.name);
    }
    for (const OptionInfo& option : command().options) {
      if (!option.required || given_.contains(&option)) continue;
      Problem(absl::StrCat(option.Name(), " is missing: ", option.help), "");
      words_.push_back(option.Name());
      if (!option.value.empty()) words_.push_back(option.value);
    }
  }

  void Problem(std::string text, absl::string_view nearest) {
    if (!nearest.empty()) {
      absl::StrAppend(&text, "; did you mean ", nearest, "?");
    }
    correction_.problems.push_back(std::move(text));
  }

  const std::vector<std::string>& arguments_;
  std::size_t next_ = 0;
  std::vector<const CommandInfo*> path_;
  std::vector<std::string> words_;
  std::size_t arguments_taken_ = 0;
  std::set<const OptionInfo*> given_;
  Correction correction_;
};

}  // namespace

const CommandInfo* CommandInfo::Find(absl::string_view command) const {
  for (const CommandInfo& one : commands) {
    if (one.name == command) return &one;
  }
  return nullptr;
}

std::vector<std::string> ChoicesFor(absl::string_view value) {
  if (value == "FORMAT") return {"table", "json"};
  if (value == "SHELL") return {"bash", "zsh", "fish", "powershell"};
  if (value == "KIND") return absl::StrSplit(EventKindNames(), ", ");
  if (value == "STATE") {
    return absl::StrSplit(EnumTexts<::incident::v1::ReportState>(), ", ");
  }
  return {};
}

bool IsFile(absl::string_view value) { return value == "FILE"; }

bool IsDirectory(absl::string_view value) { return value == "DIRECTORY"; }

Correction Correct(const CommandInfo& root,
                   const std::vector<std::string>& arguments) {
  return Corrector(root, arguments).Run();
}

}  // namespace opcon_snow::cli
