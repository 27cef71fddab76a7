// The command lines that `report` understands, and what it says to others.

#include "cli/report_arguments.h"

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Arguments = std::vector<std::string>;

ReportArguments Read(const Arguments& arguments) {
  return ReadReportArguments(arguments, ReportCommand::kReport);
}

// What identifies the job, with more put behind it.
Arguments Key(const Arguments& more = {}) {
  Arguments all = {"-jn", "JOB001", "-sd", "2026-01-05",
                   "-si", "16",     "-sn", "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// "schedule date|id|instance|job; machine; schedule; termination; template".
std::string Summary(const ReportArguments& read) {
  if (!read.event) return read.problems.empty() ? "nothing" : "problems";
  const auto& key = read.event->job_key();
  const auto& date = key.schedule_date();
  return std::to_string(date.year()) + "-" + std::to_string(date.month()) +
         "-" + std::to_string(date.day()) + "|" +
         std::to_string(key.schedule_id()) + "|" +
         std::to_string(key.schedule_instance()) + "|" + key.job_name() + "; " +
         read.event->machine() + "; " + read.event->schedule_name() + "; " +
         read.event->termination() + "; " + read.template_name;
}

struct Form {
  std::string name;
  Arguments arguments;
  std::string summary;
};

class Understood : public ::testing::TestWithParam<Form> {};

TEST_P(Understood, MeansThat) {
  const ReportArguments read = Read(GetParam().arguments);
  EXPECT_EQ(Summary(read), GetParam().summary);
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(read.warnings, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Forms, Understood,
    ::testing::Values(
        Form{"ShortSwitches",
             {"-a", "GENP001", "-s", "Payroll", "-jn", "JOB001", "-e",
              "0000000010", "-sd", "2026-01-05", "-si", "16", "-sn", "1", "-t",
              "basic.json"},
             "2026-1-5|16|1|JOB001; GENP001; Payroll; 0000000010; basic.json"},
        Form{"LongSwitches",
             {"--machine", "GENP001", "--schedule", "Payroll", "--job",
              "JOB001", "--termination", "+000000010:0000:N", "--schedule-date",
              "2026-01-05", "--schedule-id", "16", "--schedule-instance", "1",
              "--template", "basic.json"},
             "2026-1-5|16|1|JOB001; GENP001; Payroll; +000000010:0000:N; "
             "basic.json"},
        Form{"LongSwitchesWithEquals",
             {"--job=JOB=001", "--schedule-date=20260105", "--schedule-id=16",
              "--schedule-instance=1", "--schedule=Payroll Daily"},
             "2026-1-5|16|1|JOB=001; ; Payroll Daily; ; "},
        Form{"MixedAndInAnotherOrder",
             {"-t", "x.json", "-sn", "2", "--job", "J", "-si", "0016", "-sd",
              "05-Jan-2026"},
             "2026-1-5|16|2|J; ; ; ; x.json"},
        Form{"QuotedBlanks",
             {"-s", "Payroll Daily[Sub]", "-jn", "JOB 001$0002", "-sd",
              "2026-01-05", "-si", "16", "-sn", "1"},
             "2026-1-5|16|1|JOB 001$0002; ; Payroll Daily[Sub]; ; "},
        Form{"QuotedHyphensAreNoSwitch",
             {"-s", "--cleanup all", "-jn", "--terminaton of x", "-sd",
              "2026-01-05", "-si", "16", "-sn", "1"},
             "2026-1-5|16|1|--terminaton of x; ; --cleanup all; ; "},
        Form{"UnquotedBlanks",
             {"-a",  "GEN", "P001", "-s", "Payroll", "-",  "Daily",     "[Sub]",
              "-jn", "JOB", "001",  "x",  "-sd",     "5",  "Jan",       "2026",
              "-si", "16",  "-sn",  "1",  "-t",      "my", "basic.json"},
             "2026-1-5|16|1|JOB 001 x; GEN P001; Payroll - Daily [Sub]; ; my "
             "basic.json"},
        Form{"UnquotedBlanksAfterEquals",
             {"--job=JOB", "001", "-sd", "2026-01-05", "-si", "16", "-sn", "1"},
             "2026-1-5|16|1|JOB 001; ; ; ; "},
        Form{"NegativeExitCode", Key({"-e", "-1073741819"}),
             "2026-1-5|16|1|JOB001; ; ; -1073741819; "},
        Form{"EmptyUnquoted",
             {"-a", "-s", "-jn", "JOB001", "-e", "-sd", "2026-01-05", "-si",
              "16", "-sn", "1", "-t"},
             "2026-1-5|16|1|JOB001; ; ; ; "},
        Form{"EmptyQuoted", Key({"-a", "", "-s", " ", "--template="}),
             "2026-1-5|16|1|JOB001; ; ; ; "},
        Form{"NotAvailable",
             Key({"-a", "N/A", "-s", "n/a", "-e", "N/A", "-t", "N/A", "--opcon",
                  "N/A", "--kind", "N/A", "--job-number", "N/A"}),
             "2026-1-5|16|1|JOB001; ; ; ; "},
        Form{"NestedSubscheduleIsNoToken",
             Key({"-s", "Parent_Container[Sub_X[Deep]]"}),
             "2026-1-5|16|1|JOB001; ; Parent_Container[Sub_X[Deep]]; ; "},
        Form{"QuotesThatTheShellLeft",
             {"-jn", "'JOB 001'", "-s", "\"Pay", "roll\"", "-sd",
              "'2026-01-05'", "-si", "16", "-sn", "1"},
             "2026-1-5|16|1|JOB 001; ; Pay roll; ; "},
        Form{"TypographicQuotes",
             {"-jn", "\u201cJOB", "001\u201d", "-sd", "2026-01-05", "-si", "16",
              "-sn", "1"},
             "2026-1-5|16|1|JOB 001; ; ; ; "},
        Form{"TheSameTwice", Key({"--job", "JOB001"}),
             "2026-1-5|16|1|JOB001; ; ; ; "}),
    [](const auto& info) { return info.param.name; });

TEST(ReadReportArgumentsTest, TakesTheOtherSwitches) {
  const ReportArguments read =
      Read(Key({"--kind", "Job Missed Start Time", "--opcon", "prod",
                "--notification-id", "4711", "--job-number", "0000049895",
                "--wait", "--dry-run"}));
  ASSERT_TRUE(read.event);
  EXPECT_EQ(read.event->kind(), ::incident::v1::EVENT_KIND_MISSED_START_TIME);
  EXPECT_EQ(read.event->job_key().opcon(), "prod");
  EXPECT_EQ(read.event->notification_id(), "4711");
  EXPECT_EQ(read.event->job_number(), 49895);
  EXPECT_TRUE(read.wait);
  EXPECT_TRUE(read.dry_run);
}

TEST(ReadReportArgumentsTest, TakesTheSwitchesOfEveryCommand) {
  const ReportArguments read = Read(Key(
      {"--server", "a:1", "--config", "my file.yaml", "--output=json",
       "--timeout", "2s", "--tls-ca", "ca", "--tls-cert", "cert", "--tls-key",
       "key", "--token-file", "token", "--spool-dir", "spool", "dir"}));
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.globals.server, "a:1");
  EXPECT_EQ(read.globals.config, "my file.yaml");
  EXPECT_EQ(read.globals.output, "json");
  EXPECT_EQ(read.globals.timeout, "2s");
  EXPECT_EQ(read.globals.tls_ca, "ca");
  EXPECT_EQ(read.globals.tls_cert, "cert");
  EXPECT_EQ(read.globals.tls_key, "key");
  EXPECT_EQ(read.globals.token_file, "token");
  EXPECT_EQ(read.globals.spool_dir, "spool dir");
}

TEST(ReadReportArgumentsTest, FailureAndRecoveryDifferInTheirKind) {
  EXPECT_EQ(Read(Key()).event->kind(), ::incident::v1::EVENT_KIND_JOB_FAILED);
  const ReportArguments recovered =
      ReadReportArguments(Key(), ReportCommand::kRecovered);
  EXPECT_EQ(recovered.event->kind(), ::incident::v1::EVENT_KIND_RECOVERED);
  const ReportArguments contradiction = ReadReportArguments(
      Key({"--kind", "job_failed"}), ReportCommand::kRecovered);
  ASSERT_THAT(contradiction.problems, SizeIs(1));
  EXPECT_EQ(contradiction.problems[0].exit_code, kExitUsage);
  EXPECT_EQ(contradiction.problems[0].text,
            "--kind \"job_failed\" contradicts \"recovered\"; write "
            "\"report\" or leave --kind out");
}

struct Mistake {
  std::string name;
  Arguments arguments;
  int exit_code;
  std::string text;
};

class NotUnderstood : public ::testing::TestWithParam<Mistake> {};

TEST_P(NotUnderstood, SaysSo) {
  const ReportArguments read = Read(GetParam().arguments);
  EXPECT_FALSE(read.event);
  ASSERT_THAT(read.problems, SizeIs(1));
  EXPECT_EQ(read.problems[0].text, GetParam().text);
  EXPECT_EQ(read.problems[0].exit_code, GetParam().exit_code);
  EXPECT_THAT(read.corrected, StartsWith("incidentctl report "));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, NotUnderstood,
    ::testing::Values(
        Mistake{"JobMissing",
                {"-sd", "2026-01-05", "-si", "16", "-sn", "1"},
                kExitUsage,
                "-jn (--job) is missing: the full daily job name, \"[[$JOB "
                "NAME]]\" in Notification Manager"},
        Mistake{"DateMissing",
                {"-jn", "J", "-si", "16", "-sn", "1"},
                kExitUsage,
                "-sd (--schedule-date) is missing: the day of the schedule, "
                "best as yyyy-MM-dd, \"[[$SCHEDULE DATE-SNOW]]\" in "
                "Notification Manager"},
        Mistake{"IdMissing",
                {"-jn", "J", "-sd", "2026-01-05", "-sn", "1"},
                kExitUsage,
                "-si (--schedule-id) is missing: the number of the schedule, "
                "\"[[$SCHEDULE ID]]\" in Notification Manager"},
        Mistake{"InstanceMissing",
                {"-jn", "J", "-sd", "2026-01-05", "-si", "16"},
                kExitUsage,
                "-sn (--schedule-instance) is missing: the instance of the "
                "schedule on that day, \"[[$SCHEDULE INST]]\" in Notification "
                "Manager"},
        Mistake{"JobEmpty",
                {"-jn", "-sd", "2026-01-05", "-si", "16", "-sn", "1"},
                kExitData,
                "-jn has no value, but it is required: the full daily job "
                "name, \"[[$JOB NAME]]\" in Notification Manager"},
        Mistake{"JobNotAvailable",
                {"--job", "N/A", "-sd", "2026-01-05", "-si", "16", "-sn", "1"},
                kExitData,
                "--job is \"N/A\", but it is required: the full daily job "
                "name, \"[[$JOB NAME]]\" in Notification Manager"},
        Mistake{"JobUnresolved",
                {"-jn", "[[$JOB", "NAME]]", "-sd", "2026-01-05", "-si", "16",
                 "-sn", "1"},
                kExitData,
                "-jn \"[[$JOB NAME]]\" is a token that OpCon did not resolve; "
                "names of tokens are case-sensitive and must exist"},
        Mistake{"DateUnresolvedWithBraces",
                {"-jn", "J", "-sd", "{{$SCHEDULE DATE-SNOW}}", "-si", "16",
                 "-sn", "1"},
                kExitData,
                "-sd \"{{$SCHEDULE DATE-SNOW}}\" is a token that OpCon did "
                "not resolve; names of tokens are case-sensitive and must "
                "exist"},
        Mistake{"IdNoNumber",
                {"-jn", "J", "-sd", "2026-01-05", "-si", "16a", "-sn", "1"},
                kExitData,
                "-si \"16a\" is not a whole number from 1 to 2147483647"},
        Mistake{
            "IdTooLarge",
            {"-jn", "J", "-sd", "2026-01-05", "-si", "2147483648", "-sn", "1"},
            kExitData,
            "-si \"2147483648\" is not a whole number from 1 to "
            "2147483647"},
        Mistake{"InstanceZero",
                {"-jn", "J", "-sd", "2026-01-05", "-si", "16", "-sn", "0"},
                kExitData,
                "-sn \"0\" is not a whole number from 1 to 2147483647"},
        Mistake{"InstanceNegative",
                {"-jn", "J", "-sd", "2026-01-05", "-si", "16", "-sn", "-1"},
                kExitData,
                "-sn \"-1\" is not a whole number from 1 to 2147483647"},
        Mistake{"DateAmbiguous",
                {"-jn", "J", "-sd", "03/04/2026", "-si", "16", "-sn", "1"},
                kExitData,
                "-sd \"03/04/2026\" can be read two ways: 3 April 2026 (write "
                "2026-04-03) or 4 March 2026 (write 2026-03-04); in OpCon the "
                "global property \"$SCHEDULE DATE-SNOW\" with the value "
                "yyyy-MM-dd gives a date that has only one reading"},
        Mistake{"JobIdInsteadOfName",
                {"-jn", "20260105|16|1|J", "-sd", "2026-01-05", "-si", "16",
                 "-sn", "1"},
                kExitData,
                "-jn \"20260105|16|1|J\" has a \"|\" in it, which no job name "
                "has; give the name alone, not the id of the daily job"},
        Mistake{"JobTooLong",
                {"-jn", std::string(129, 'J'), "-sd", "2026-01-05", "-si", "16",
                 "-sn", "1"},
                kExitData,
                "-jn \"" + std::string(119, 'J') +
                    "\u2026\" has 129 characters; a job name has at most 128"},
        Mistake{"JobNotUtf8",
                {"-jn", "J\xe4", "-sd", "2026-01-05", "-si", "16", "-sn", "1"},
                kExitData,
                "-jn \"J\uFFFD\" is not UTF-8"},
        Mistake{
            "JobWithControlCharacters",
            {"-jn", "J\x1b[31m", "-sd", "2026-01-05", "-si", "16", "-sn", "1"},
            kExitData,
            "-jn \"J\uFFFD[31m\" has control characters in it"},
        Mistake{"OpconTooLong", Key({"--opcon", std::string(64, 'o')}),
                kExitData,
                "--opcon \"" + std::string(64, 'o') +
                    "\" has more than 63 characters"},
        Mistake{"KindUnknown", Key({"--kind", "recoverd"}), kExitData,
                "--kind \"recoverd\" is none of job_failed, marked_failed, "
                "initialization_error, prerun_failed, missed_start_time, "
                "exceeded_max_runtime, late_to_start, late_to_finish, "
                "wait_machine, still_attempting_to_start, to_be_killed, "
                "cancelled, recovered"},
        Mistake{"SwitchMisspelled", Key({"--terminaton", "5"}), kExitUsage,
                "\"--terminaton\" is not a switch; did you mean "
                "--termination?"},
        Mistake{"SwitchMisspelledWithEquals", Key({"--machin=X"}), kExitUsage,
                "\"--machin\" is not a switch; did you mean --machine?"},
        Mistake{"SwitchUnknown", Key({"--colour", "blue"}), kExitUsage,
                "\"--colour\" is not a switch; \"incidentctl report --help\" "
                "lists them"},
        Mistake{"FirstSwitchUnknown",
                {"-machine", "X", "-jn", "J", "-sd", "2026-01-05", "-si", "16",
                 "-sn", "1"},
                kExitUsage,
                "\"-machine\" is not a switch; did you mean --machine?"},
        Mistake{"EnDash", Key({"\u2013t", "basic.json"}), kExitUsage,
                "\"\u2013t\" does not begin with the hyphen of the keyboard; "
                "write -t"},
        Mistake{"EmDashForTwo", Key({"\u2014template", "basic.json"}),
                kExitUsage,
                "\"\u2014template\" does not begin with the hyphen of the "
                "keyboard; write --template"},
        Mistake{"Twice", Key({"-jn", "JOB002"}), kExitUsage,
                "-jn is given twice, as \"JOB001\" and as \"JOB002\"; if one "
                "of them is part of a name, put that name in quotes"},
        Mistake{"TwiceInBothStyles", Key({"--job", "JOB002"}), kExitUsage,
                "-jn is given twice, as \"JOB001\" and as \"JOB002\"; if one "
                "of them is part of a name, put that name in quotes"},
        Mistake{"Stray",
                {"JOB001", "now", "-jn", "J", "-sd", "2026-01-05", "-si", "16",
                 "-sn", "1"},
                kExitUsage,
                "\"JOB001 now\" belongs to no switch; a value comes after its "
                "switch, as in -jn JOB001"},
        Mistake{"ValueForAFlag", Key({"--wait", "5m"}), kExitUsage,
                "\"5m\" belongs to no switch; a value comes after its switch, "
                "as in -jn JOB001"},
        Mistake{"ValueForAFlagWithEquals", Key({"--wait=5m"}), kExitUsage,
                "\"--wait=5m\": --wait takes no value"}),
    [](const auto& info) { return info.param.name; });

struct Doubt {
  std::string name;
  Arguments arguments;
  std::string warning;
  std::string summary;
};

class Doubtful : public ::testing::TestWithParam<Doubt> {};

TEST_P(Doubtful, IsReportedWithAWarning) {
  const ReportArguments read = Read(GetParam().arguments);
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(read.warnings, ElementsAre(GetParam().warning));
  EXPECT_EQ(Summary(read), GetParam().summary);
}

INSTANTIATE_TEST_SUITE_P(
    Doubts, Doubtful,
    ::testing::Values(
        Doubt{"MachineUnresolved", Key({"-a", "[[$MACHINE NAME]]"}),
              "-a \"[[$MACHINE NAME]]\" is a token that OpCon did not resolve; "
              "names of tokens are case-sensitive and must exist; it was left "
              "out",
              "2026-1-5|16|1|JOB001; ; ; ; "},
        Doubt{"TemplateUnresolved", Key({"-t", "{{TEMPLATE}}"}),
              "-t \"{{TEMPLATE}}\" is a token that OpCon did not resolve; "
              "names of tokens are case-sensitive and must exist; it was left "
              "out",
              "2026-1-5|16|1|JOB001; ; ; ; "},
        Doubt{"JobNumberNoNumber", Key({"--job-number", "12x"}),
              "--job-number \"12x\" is not a number and was left out",
              "2026-1-5|16|1|JOB001; ; ; ; "},
        Doubt{"UnknownShortSwitchInAValue", Key({"-s", "Payroll", "-ee", "5"}),
              "\"-ee\" is not a switch and was taken for a part of the value "
              "of -s; put values with blanks in quotes",
              "2026-1-5|16|1|JOB001; ; Payroll -ee 5; ; "},
        Doubt{"TemplateTooLong", Key({"-t", std::string(129, 't')}),
              "-t \"" + std::string(119, 't') +
                  "\u2026\" has more than 128 characters and was left out",
              "2026-1-5|16|1|JOB001; ; ; ; "},
        Doubt{"MachineTooLong", Key({"-a", std::string(256, 'm')}),
              "-a \"" + std::string(119, 'm') +
                  "\u2026\" was cut after 255 characters",
              "2026-1-5|16|1|JOB001; " + std::string(255, 'm') + "; ; ; "},
        Doubt{"TerminationNotUtf8",
              Key({"-e",
                   "\xff"
                   "5\n"}),
              "-e \"\uFFFD5\" has characters in it that are not printable "
              "UTF-8; each became U+FFFD",
              "2026-1-5|16|1|JOB001; ; ; \uFFFD5; "}),
    [](const auto& info) { return info.param.name; });

TEST(ReadReportArgumentsTest, NamesEveryProblemAndCorrectsTheCommandLine) {
  const ReportArguments read =
      Read({"-a", "N/A", "-s", "Payroll Daily", "-jn", "[[$JOB NAME]]", "-sd",
            "03/04/2026", "-si", "x", "--terminaton", "5", "--wait", "--opcon",
            "prod"});
  EXPECT_THAT(read.problems, SizeIs(5));
  EXPECT_EQ(read.corrected,
            "incidentctl report -s \"Payroll Daily\" -jn JOB -sd DATE -si "
            "SCHEDULE_ID -sn INSTANCE --opcon prod --wait");
}

TEST(ReadReportArgumentsTest, NothingAtAllIsFourMissingSwitches) {
  const ReportArguments read = Read({});
  EXPECT_THAT(read.problems, SizeIs(4));
  EXPECT_EQ(read.corrected,
            "incidentctl report -jn JOB -sd DATE -si SCHEDULE_ID -sn INSTANCE");
}

TEST(ReportHelpTest, ListsEverySwitch) {
  const std::string help = ReportHelp(ReportCommand::kReport);
  for (const std::string name :
       {"-a, --machine MACHINE", "-jn, --job JOB", "--wait", "--dry-run",
        "--spool-dir DIRECTORY", "-sd \"[[$SCHEDULE DATE-SNOW]]\""}) {
    EXPECT_THAT(help, HasSubstr(name));
  }
}

}  // namespace
}  // namespace opcon_snow::cli
