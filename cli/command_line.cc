#include "cli/command_line.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/exit_code.h"
#include "cli/text.h"

namespace opcon_snow::cli {
namespace {

// A switch as it stands in the arguments, with the arguments that follow it.
struct Occurrence {
  const Switch* what = nullptr;  // null: an unknown one
  std::string name;
  std::vector<std::string> words;
};

bool IsLetter(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c));
}

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// "--termnation" or "--termnation=5": a mistake and not part of a value. What
// has a blank or the like in it was in quotes, so it is a value.
bool LooksLikeLongSwitch(absl::string_view token) {
  if (token.size() <= 2 || token[0] != '-' || token[1] != '-') return false;
  const absl::string_view name = token.substr(2, token.find('=') - 2);
  return IsLetter(token[2]) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsLetter(c) || IsDigit(c) || c == '-' || c == '_';
         });
}

bool LooksLikeShortSwitch(absl::string_view token) {
  return token.size() > 1 && token[0] == '-' && IsLetter(token[1]);
}

// "--job=JOB 001" into name and value; the value is missing without "=".
std::pair<absl::string_view, const absl::string_view> SplitAtEquals(
    absl::string_view token) {
  const std::size_t equals = token.find('=');
  if (equals == absl::string_view::npos) return {token, ""};
  return {token.substr(0, equals), token.substr(equals + 1)};
}

std::string WithoutQuotes(absl::string_view value) {
  static constexpr std::array<std::pair<absl::string_view, absl::string_view>,
                              4>
      kQuotes = {{{"\"", "\""},
                  {"'", "'"},
                  {"\u201c", "\u201d"},
                  {"\u201e", "\u201c"}}};
  for (const auto& [open, close] : kQuotes) {
    if (value.size() >= open.size() + close.size() &&
        value.substr(0, open.size()) == open &&
        value.substr(value.size() - close.size()) == close) {
      value.remove_prefix(open.size());
      value.remove_suffix(close.size());
      return std::string(absl::StripAsciiWhitespace(value));
    }
  }
  return std::string(value);
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& arguments) {
    for (const std::string& token : arguments) Take(token);
  }

  CommandLine Result() && {
    if (!stray_.empty()) {
      const std::string words = absl::StrJoin(stray_, " ");
      AddUsage(absl::StrCat(Shown(words),
                            " belongs to no switch; a value comes after its "
                            "switch, as in -jn JOB001"));
    }
    for (const Occurrence& occurrence : occurrences_) {
      if (occurrence.what == nullptr) {
        AddUnknown(occurrence.name);
      } else {
        Finish(occurrence);
      }
    }
    return std::move(line_);
  }

 private:
  void Take(const std::string& token) {
    if (const Switch* what = FindSwitch(token); what != nullptr) {
      occurrences_.push_back({what, token, {}});
      return;
    }
    if (LooksLikeLongSwitch(token)) {
      const auto [name, value] = SplitAtEquals(token);
      const Switch* what = FindSwitch(name);
      if (what == nullptr || what->TakesValue()) {
        occurrences_.push_back({what, std::string(name), {std::string(value)}});
      } else {
        occurrences_.push_back({nullptr, token, {}});
      }
      return;
    }
    if (!MendDashes(token).empty()) {
      occurrences_.push_back({nullptr, token, {}});
      return;
    }
    if (occurrences_.empty() && LooksLikeShortSwitch(token)) {
      occurrences_.push_back({nullptr, token, {}});
      return;
    }
    const bool is_value =
        !occurrences_.empty() && (occurrences_.back().what == nullptr ||
                                  occurrences_.back().what->TakesValue());
    (is_value ? occurrences_.back().words : stray_).push_back(token);
  }

  void Finish(const Occurrence& occurrence) {
    const std::string value = Joined(occurrence);
    auto [given, added] =
        line_.given.emplace(occurrence.what->id, Given{occurrence.name, value});
    if (added || given->second.value == value) return;
    AddUsage(absl::StrCat(
        given->second.name, " is given twice, as ", Shown(given->second.value),
        " and as ", Shown(value),
        "; if one of them is part of a name, put that name in quotes"));
  }

  // The value of an occurrence, with a warning if a word in it looks as if a
  // switch was meant.
  std::string Joined(const Occurrence& occurrence) {
    std::string value;
    for (const std::string& word : occurrence.words) {
      const absl::string_view stripped = absl::StripAsciiWhitespace(word);
      if (stripped.empty()) continue;
      if (occurrence.words.size() > 1 && LooksLikeShortSwitch(stripped)) {
        line_.warnings.push_back(absl::StrCat(
            Shown(stripped), " is not a switch and was taken for a part of ",
            "the value of ", occurrence.name,
            "; put values with blanks in quotes"));
      }
      absl::StrAppend(&value, value.empty() ? "" : " ", stripped);
    }
    return WithoutQuotes(value);
  }

  void AddUnknown(const std::string& name) {
    const std::string mended = MendDashes(name);
    if (!mended.empty()) {
      AddUsage(absl::StrCat(Shown(name),
                            " does not begin with the hyphen of "
                            "the keyboard; write ",
                            mended));
      return;
    }
    const Switch* flag = FindSwitch(SplitAtEquals(name).first);
    if (flag != nullptr) {
      AddUsage(
          absl::StrCat(Shown(name), ": ", flag->long_name, " takes no value"));
      return;
    }
    const Switch* near = NearestSwitch(name);
    AddUsage(absl::StrCat(
        Shown(name), " is not a switch",
        near == nullptr
            ? absl::StrCat("; \"incidentctl report --help\" "
                           "lists them")
            : absl::StrCat("; did you mean ", near->long_name, "?")));
  }

  void AddUsage(std::string text) {
    line_.problems.push_back({kExitUsage, std::move(text)});
  }

  CommandLine line_;
  std::vector<Occurrence> occurrences_;
  std::vector<std::string> stray_;
};

}  // namespace

CommandLine ReadCommandLine(const std::vector<std::string>& arguments) {
  return Reader(arguments).Result();
}

std::string Quoted(absl::string_view argument) {
  const bool plain =
      !argument.empty() && argument.find_first_of(" \t\n\"'|&;<>()$`*?#~") ==
                               absl::string_view::npos;
  return plain ? std::string(argument) : absl::StrCat("\"", argument, "\"");
}

std::string Shown(absl::string_view value) {
  return absl::StrCat("\"", ForTerminal(value, 120), "\"");
}

}  // namespace opcon_snow::cli
