#include "cli/manual.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "cli/event_kind.h"
#include "cli/exit_code.h"
#include "cli/version.h"

namespace opcon_snow::cli {
namespace {

// Text as roff shows it: a backslash and a hyphen mean something there, and so
// do a dot and a quote at the beginning of a line.
std::string Text(absl::string_view text) {
  std::string escaped =
      absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  if (!escaped.empty() && (escaped[0] == '.' || escaped[0] == '\'')) {
    escaped.insert(0, "\\&");
  }
  return escaped;
}

std::string Bold(absl::string_view text) {
  return absl::StrCat("\\fB", Text(text), "\\fR");
}

std::string Italic(absl::string_view text) {
  return absl::StrCat("\\fI", Text(text), "\\fR");
}

// A term with its meaning behind it.
std::string Item(absl::string_view term, absl::string_view meaning) {
  return absl::StrCat(".TP\n", term, "\n", Text(meaning), "\n");
}

std::string OptionItem(const OptionInfo& option) {
  std::string term;
  if (!option.short_name.empty()) term = Bold(option.short_name);
  if (!option.long_name.empty()) {
    absl::StrAppend(&term, term.empty() ? "" : ", ", Bold(option.long_name));
  }
  if (!option.value.empty()) {
    absl::StrAppend(&term, " ", Italic(option.value));
  }
  return Item(term, option.help);
}

// Those of one command, without --help, which every one has.
std::string Options(const CommandInfo& command) {
  std::string text;
  for (const OptionInfo& option : command.options) {
    if (!option.Has("--help")) absl::StrAppend(&text, OptionItem(option));
  }
  return text;
}

// "incidentctl reports discard ID --reason TEXT [OPTIONS]" with what it does,
// and the same of the commands within.
std::string CommandSections(const CommandInfo& command,
                            const std::string& path) {
  std::string text;
  if (command.commands.empty()) {
    std::string usage = absl::StrCat(".SS ", Text(path));
    for (const ArgumentInfo& argument : command.arguments) {
      absl::StrAppend(&usage, argument.required ? " " : " [",
                      Text(argument.name), argument.required ? "" : "]");
    }
    for (const OptionInfo& option : command.options) {
      if (!option.required) continue;
      absl::StrAppend(&usage, " ", Text(option.Name()), " ",
                      Text(option.value));
    }
    std::string help = Text(command.help);
    if (!help.empty()) help[0] = absl::ascii_toupper(help[0]);
    text = absl::StrCat(usage, "\n", help, ".\n");
    for (const ArgumentInfo& argument : command.arguments) {
      absl::StrAppend(&text, Item(Italic(argument.name), argument.help));
    }
    absl::StrAppend(&text, Options(command));
  }
  for (const CommandInfo& one : command.commands) {
    absl::StrAppend(&text,
                    CommandSections(one, absl::StrCat(path, " ", one.name)));
  }
  return text;
}

std::string ExitStatus() {
  struct Meaning {
    int code;
    absl::string_view text;
  };
  static constexpr Meaning kMeanings[] = {
      {kExitOk,
       "Done. For a report: the failure is safe, stored by the service or in "
       "the spool."},
      {kExitUsage,
       "The command line is not understood. That of a report is kept as it "
       "came."},
      {kExitData, "A value is not acceptable. That of a report is kept, too."},
      {kExitUnavailable,
       "The service cannot be reached; for a report: and the spool is off or "
       "cannot be written."},
      {kExitTryLater,
       "Try again later. With --wait: not finished in time, but the report is "
       "safe."},
      {kExitDenied, "The service does not permit it."},
      {kExitConfig, "The configuration is wrong."}};
  std::string text = ".SH EXIT STATUS\n";
  for (const Meaning& meaning : kMeanings) {
    absl::StrAppend(&text,
                    Item(Bold(absl::StrCat(meaning.code)), meaning.text));
  }
  return text;
}

std::string Variables(const CommandInfo& root) {
  std::string text =
      ".SH ENVIRONMENT\nEach option of every command has a variable, which "
      "the option wins over:\n";
  for (const OptionInfo& option : root.options) {
    if (option.value.empty()) continue;
    const std::string variable = absl::StrCat(
        "INCIDENTCTL_", absl::AsciiStrToUpper(absl::StrReplaceAll(
                            option.long_name.substr(2), {{"-", "_"}})));
    absl::StrAppend(&text, Item(Bold(variable),
                                absl::StrCat("For ", option.long_name, ".")));
  }
  return text;
}

constexpr absl::string_view kDescription =
    "Tells the incident service what happened to OpCon jobs, so that each "
    "failure becomes a ServiceNow incident, and shows what became of it.\n"
    ".PP\n"
    "\\fBreport\\fR returns when the failure is safe: stored by the service, "
    "or, if that cannot be reached, in a spool on this machine, which later "
    "runs deliver. The word \\fBreport\\fR may be left out: the command line "
    "of the connector that the suite replaces works with only the program "
    "exchanged.\n"
    ".PP\n"
    "A value goes up to the next word that is a switch, so names with blanks "
    "need no quotes unless such a word is in them. N/A and nothing mean that "
    "OpCon had no value. A token that OpCon did not resolve, as in "
    "[[$JOB NAME]], is a mistake where the value is required, and left out "
    "with a warning elsewhere.\n";

constexpr absl::string_view kFiles =
    ".SH FILES\n"
    ".TP\n\\fI/etc/opcon\\-snow/incidentctl.yaml\\fR\n"
    "The configuration, unless \\fB\\-\\-config\\fR names another file. "
    "Need not exist.\n"
    ".TP\n\\fI/var/spool/incidentctl\\fR\n"
    "The spool of root; that of other users is "
    "\\fI$XDG_STATE_HOME/incidentctl/spool\\fR or "
    "\\fI~/.local/state/incidentctl/spool\\fR.\n";

constexpr absl::string_view kExamples =
    ".SH EXAMPLES\n"
    ".TP\nA job failed:\n"
    "incidentctl report \\-a GENP001 \\-s \"Payroll Daily\" \\-jn JOB001 "
    "\\-e 0000000005 \\-sd 2026\\-01\\-05 \\-si 16 \\-sn 1 \\-t basic.json\n"
    ".TP\nWhat needs a person:\n"
    "incidentctl reports list \\-\\-state dead_letter\n"
    ".TP\nDeliver what waits on this machine, as a service:\n"
    "incidentctl spool run\n";

}  // namespace

std::string ManualPage(const CommandInfo& root) {
  std::string text = absl::StrCat(
      ".TH INCIDENTCTL 1 \"\" \"", Text(absl::StrCat(kProgram, " ", kVersion)),
      "\" \"User Commands\"\n.SH NAME\nincidentctl \\- reports what happens "
      "to OpCon jobs, and shows what became of it\n"
      ".SH SYNOPSIS\n\\fBincidentctl\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR "
      "\\&...\n.br\n\\fBincidentctl\\fR \\fISWITCHES\\fR\n"
      ".SH DESCRIPTION\n",
      kDescription, ".SH OPTIONS OF EVERY COMMAND\n", Options(root),
      OptionItem({"-h", "--help", "", "Says what a command takes.", false}),
      ".SH COMMANDS\n");
  for (const CommandInfo& command : root.commands) {
    absl::StrAppend(&text, CommandSections(command, command.name));
  }
  return absl::StrCat(text, ".SS Kinds\nThe KIND of a report is one of ",
                      Text(EventKindNames()),
                      ", or the name of a trigger of Notification Manager.\n",
                      ExitStatus(), Variables(root), kFiles, kExamples);
}

}  // namespace opcon_snow::cli
