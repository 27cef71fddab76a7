// What a person at a terminal has of the program, and that a script gets the
// same exit codes: completion, the manual page, corrections, live progress.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/exit_code.h"
#include "cli/switches.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::WatchReportsResponse;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class TerminalTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    UseServer(service_.address());
    options_.environment["TERM"] = "xterm";
    options_.environment["PATH"] = "/usr/bin:/bin";
  }

  // Words that a script of a shell prints, one a line.
  std::vector<std::string> Shell(const std::vector<std::string>& command,
                                 const std::string& script) {
    std::vector<std::string> arguments(command.begin() + 1, command.end());
    arguments.push_back(script);
    const ProcessResult result =
        RunProcess(command.front(), arguments, options_);
    EXPECT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(result.error, IsEmpty());
    return absl::StrSplit(result.out, absl::ByAnyChar("\r\n"),
                          absl::SkipEmpty());
  }

  std::string Script(const std::string& shell) {
    const ProcessResult result = Run({"completion", shell});
    EXPECT_EQ(result.exit_code, kExitOk);
    return WriteFile(shell, result.out);
  }

  FakeIncidentService service_;
};

// --- Exit codes -----------------------------------------------------------

TEST_F(TerminalTest, ExitCodesAreTheSameWithATerminalAndWithout) {
  const std::string no_spool =
      WriteFile("off.yaml", "spool: {disabled: true}\n");
  const std::string broken = WriteFile("broken.yaml", "servr: {}\n");
  struct Case {
    int exit_code;
    std::vector<std::string> arguments;
  };
  const std::vector<Case> cases = {
      {kExitOk, FailureReport()},
      {kExitOk, {"-jn", "J", "-sd", "20260105", "-si", "1", "-sn", "1"}},
      {kExitUsage, FailureReport({"--colour"})},
      {kExitUsage, {"reports", "lst"}},
      {kExitData, FailureReport({"--kind", "unwell"})},
      {kExitUnavailable,
       FailureReport({"--config", no_spool, "--server", kNobody})},
      {kExitTryLater, FailureReport({"--wait", "--timeout", "100ms"})},
      {kExitDenied, FailureReport({"-t", "forbidden"})},
      {kExitConfig, FailureReport({"--config", broken})}};
  service_.AnswerReports([](const FakeIncidentService::Request& request) {
    return request.template_() == "forbidden"
               ? absl::PermissionDeniedError("not you")
               : absl::OkStatus();
  });
  for (const Case& c : cases) {
    for (const int columns : {0, 80}) {
      options_.terminal_columns = columns;
      const ProcessResult result = Run(c.arguments);
      EXPECT_EQ(result.exit_code, c.exit_code)
          << columns << " " << result.out << result.error;
      EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
    }
  }
}

// --- Live progress --------------------------------------------------------

WatchReportsResponse Change(const std::string& token,
                            ::incident::v1::ReportState state) {
  WatchReportsResponse message;
  message.set_resume_token(token);
  message.mutable_report()->set_report_id("R1");
  message.mutable_report()->set_state(state);
  auto& step = *message.mutable_report()->add_steps();
  step.set_kind(::incident::v1::STEP_KIND_TICKET);
  step.set_attempts(1);
  step.set_state(state == ::incident::v1::REPORT_STATE_SUCCEEDED
                     ? ::incident::v1::STEP_STATE_SUCCEEDED
                     : ::incident::v1::STEP_STATE_RUNNING);
  return message;
}

TEST_F(TerminalTest, WatchingAReportChangesItsLinesInPlace) {
  service_.SetWatch({Change("1", ::incident::v1::REPORT_STATE_RUNNING),
                     Change("2", ::incident::v1::REPORT_STATE_SUCCEEDED)},
                    absl::UnavailableError("restarting"));
  options_.terminal_columns = 60;
  ProcessResult result = Run({"reports", "watch", "R1"});
  EXPECT_EQ(result.exit_code, kExitOk);
  // Two lines each time: the report and its step; the former are taken away.
  EXPECT_THAT(result.out, AllOf(HasSubstr("R1  running"),
                                HasSubstr("ticket       running    attempt 1"),
                                HasSubstr("\x1b[2A\r\x1b[J"),
                                HasSubstr("UNAVAILABLE: restarting"),
                                HasSubstr("ticket       succeeded")));
  // A program reads lines, and so does a terminal that cannot replace them.
  options_.terminal_columns = 0;
  result = Run({"reports", "watch", "R1"});
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("R1  succeeded"), Not(HasSubstr("\x1b"))));
  options_.terminal_columns = 60;
  options_.environment["TERM"] = "dumb";
  EXPECT_THAT(Run({"reports", "watch", "R1"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(TerminalTest, WatchingAllCountsWhatIsAtWork) {
  service_.SetWatch({Change("1", ::incident::v1::REPORT_STATE_RUNNING)},
                    absl::UnavailableError("restarting"));
  options_.terminal_columns = 80;
  options_.terminate_when = [this] {
    return service_.watch_calls().size() > 1;
  };
  const ProcessResult result = Run({"reports", "watch"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("R1  running"), HasSubstr("-- 1 changes in "),
                    HasSubstr(", 1 running")));
}

// --- Corrections ----------------------------------------------------------

TEST_F(TerminalTest, MistakesAreNamedAndTheCommandLineCorrected) {
  struct Case {
    std::vector<std::string> arguments;
    std::string error;
  };
  const std::vector<Case> cases = {
      {{"doctr"},
       "incidentctl: \"doctr\" is not a command of \"incidentctl\"; did you "
       "mean doctor?\n"
       "incidentctl: right would be: incidentctl doctor\n"},
      {{"--output", "json", "reports", "lst", "--stat", "dead letter"},
       "incidentctl: \"lst\" is not a command of \"incidentctl reports\"; did "
       "you mean list?\n"
       "incidentctl: \"--stat\" is not an option of \"incidentctl reports "
       "list\"; did you mean --state?\n"
       "incidentctl: right would be: incidentctl --output json reports list "
       "--state \"dead letter\"\n"},
      {{"reports", "discard"},
       "incidentctl: ID is missing: the report's id\n"
       "incidentctl: --reason is missing: why, for the audit\n"
       "incidentctl: right would be: incidentctl reports discard ID --reason "
       "TEXT\n"},
      {{"reports", "show", "R1", "R2"},
       "incidentctl: \"R2\" is one argument too many for \"incidentctl reports "
       "show\"\n"
       "incidentctl: right would be: incidentctl reports show R1\n"},
      {{"spool"},
       "incidentctl: a command is missing after \"incidentctl spool\": one of "
       "list, flush, run\n"
       "incidentctl: right would be: incidentctl spool COMMAND\n"},
      {{"spool", "xyz"},
       "incidentctl: \"xyz\" is not a command of \"incidentctl spool\"; it has "
       "list, flush, run\n"
       "incidentctl: right would be: incidentctl spool COMMAND\n"},
      {{"reports", "list", "--limit"},
       "incidentctl: --limit has no value; write --limit NUMBER\n"
       "incidentctl: right would be: incidentctl reports list --limit "
       "NUMBER\n"}};
  for (const Case& c : cases) {
    const ProcessResult result = Run(c.arguments);
    EXPECT_EQ(result.exit_code, kExitUsage);
    EXPECT_EQ(result.error, c.error);
  }
  // A value that is wrong is named as well.
  EXPECT_THAT(Run({"reports", "list", "--limit", "x"}).error,
              HasSubstr("--limit"));
  EXPECT_THAT(Run({"completion", "tcsh"}).error, HasSubstr("tcsh"));
}

// --- Completion -----------------------------------------------------------

// What bash offers for the last of `words`.
std::string BashScript(const std::string& file, const std::string& words,
                       int last) {
  return absl::StrCat("source ", file, "; COMP_WORDS=(", words,
                      "); COMP_CWORD=", last,
                      "; _incidentctl; printf '%s\\n' \"${COMPREPLY[@]}\"");
}

TEST_F(TerminalTest, BashCompletes) {
  const std::string file = Script("bash");
  const std::vector<std::string> bash = {"/bin/bash", "--norc", "-c"};
  const auto offered = [&](const std::string& words, int last) {
    return Shell(bash, BashScript(file, words, last));
  };
  EXPECT_THAT(offered("incidentctl rep", 1), ElementsAre("report", "reports"));
  EXPECT_THAT(offered("incidentctl reports ''", 2),
              AllOf(Contains("list"), Contains("discard"), Contains("--server"),
                    Not(Contains("reports"))));
  EXPECT_THAT(offered("incidentctl --server a:1 reports list --st", 5),
              ElementsAre("--state"));
  // The value of an option is not a command.
  EXPECT_THAT(offered("incidentctl --spool-dir reports do", 3),
              ElementsAre("doctor"));
  EXPECT_THAT(offered("incidentctl reports list --state dead", 4),
              ElementsAre("dead_letter"));
  EXPECT_THAT(offered("incidentctl --output = js", 3), ElementsAre("json"));
  EXPECT_THAT(offered("incidentctl report -j", 2), ElementsAre("-jn"));
  EXPECT_THAT(offered("incidentctl report -jn ''", 3), IsEmpty());
  EXPECT_THAT(offered("incidentctl completion z", 2), ElementsAre("zsh"));
  WriteFile("a blank.yaml", "");
  EXPECT_THAT(offered(absl::StrCat("incidentctl --config ", home_, "/a"), 2),
              ElementsAre(home_ + "/a blank.yaml"));
  EXPECT_THAT(
      offered(absl::StrCat("incidentctl admin backup ", home_, "/a"), 3),
      ElementsAre(home_ + "/a blank.yaml"));
}

TEST_F(TerminalTest, FishCompletes) {
  const std::string file = Script("fish");
  const auto offered = [&](const std::string& line) {
    return Shell({"/usr/bin/fish", "--no-config", "-c"},
                 absl::StrCat("source ", file, "; complete -C '", line, "'"));
  };
  EXPECT_THAT(offered("incidentctl docto"),
              ElementsAre(StartsWith("doctor\tchecks every hop")));
  EXPECT_THAT(offered("incidentctl --server a:1 reports list --sta"),
              ElementsAre(StartsWith("--state\t")));
  EXPECT_THAT(offered("incidentctl reports list --state dead"),
              ElementsAre(StartsWith("dead_letter")));
  EXPECT_THAT(offered("incidentctl report -j"), Contains(StartsWith("-jn\t")));
  EXPECT_THAT(offered("incidentctl completion pow"),
              ElementsAre(StartsWith("powershell")));
}

TEST_F(TerminalTest, ZshCompletes) {
  const std::string file = Script("zsh");
  // A shell within a pseudo-terminal: completion needs one. Control-O shows
  // what the line has become.
  const auto completed = [&](const std::string& line,
                             const std::string& expected) {
    return Shell(
        {"/usr/bin/zsh", "-f", "-c"},
        absl::StrCat(
            "zmodload zsh/zpty; zpty z zsh -f -i;"
            "zpty -w z 'PROMPT=; unsetopt beep; autoload -U compinit; compinit "
            "-u -D; source ",
            file,
            "; show() { print -r -- \"@$BUFFER@\" }; zle -N show; "
            "bindkey \"^O\" show; print rea\"\"dy';"
            "zpty -r z out '*ready*'; zpty -w -n z $'",
            line, "\\t\\x0f'; zpty -r z out '*@", expected,
            "*@*' && print found"));
  };
  EXPECT_THAT(completed("incidentctl docto", "incidentctl doctor"),
              ElementsAre("found"));
  EXPECT_THAT(completed("incidentctl reports list --stat",
                        "incidentctl reports list --state"),
              ElementsAre("found"));
  EXPECT_THAT(completed("incidentctl reports list --state dead",
                        "incidentctl reports list --state dead_letter"),
              ElementsAre("found"));
}

TEST_F(TerminalTest, PowerShellGetsEveryCommandAndOption) {
  const std::string script = Run({"completion", "powershell"}).out;
  for (const Switch& what : AllSwitches()) {
    EXPECT_THAT(script, HasSubstr(absl::StrCat("\n            '",
                                               what.long_name, "' = '")));
  }
  EXPECT_THAT(script, AllOf(HasSubstr("' reports discard' = [ordered]@{\n"),
                            HasSubstr("'--output' = @('table', 'json')"),
                            HasSubstr("'--reason' = 'why, for the audit'\n"),
                            // A result without an explanation is an error.
                            Not(HasSubstr("' = ''\n"))));
}

// --- The manual page ------------------------------------------------------

TEST_F(TerminalTest, TheManualPageHasEverySwitchAndCommand) {
  const ProcessResult page = Run({"manual"});
  EXPECT_EQ(page.exit_code, kExitOk);
  const std::string file = WriteFile("incidentctl.1", page.out);
  const std::string text =
      RunProcess("/usr/bin/mandoc", {"-T", "utf8", "-O", "width=200", file},
                 options_)
          .out;
  // Bold letters are printed twice with a backspace between.
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && text[i + 1] == '\b') {
      ++i;
    } else {
      plain.push_back(text[i]);
    }
  }
  for (const Switch& what : AllSwitches()) {
    const std::string names =
        what.short_name.empty()
            ? std::string(what.long_name)
            : absl::StrCat(what.short_name, ", ", what.long_name);
    EXPECT_THAT(plain, HasSubstr(absl::StrCat(
                           names, what.TakesValue() ? " " : "", what.value)));
  }
  // The help of every command is there: what is listed under "Subcommands:".
  for (const std::string family : {"reports", "tickets", "templates",
                                   "silences", "audit", "admin", "spool"}) {
    const std::string help = Run({family, "--help"}).out;
    for (const absl::string_view line :
         absl::StrSplit(help.substr(help.find("Subcommands:") + 12), '\n',
                        absl::SkipWhitespace())) {
      const std::vector<std::string> words =
          absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (line[0] != ' ' || words.size() < 2) continue;
      EXPECT_THAT(plain, HasSubstr(absl::StrCat(family, " ", words[0])));
    }
  }
  for (const std::string part :
       {"INCIDENTCTL_TLS_CA", "spool run", "completion SHELL",
        "reports discard ID --reason TEXT", "Kinds", "missed_start_time"}) {
    EXPECT_THAT(plain, HasSubstr(part));
  }
  const ProcessResult checked = RunProcess(
      "/usr/bin/mandoc", {"-T", "lint", "-W", "error", file}, options_);
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.error;
}

}  // namespace
}  // namespace opcon_snow::cli
