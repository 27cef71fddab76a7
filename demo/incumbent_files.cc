#include "demo/incumbent_files.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"
#include "demo/ask.h"
#include "nlohmann/json.hpp"
#include "tests/harness/jobs.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace opcon_snow::demo {
namespace {

using harness::Job;
using harness::Suite;
using nlohmann::json;

// As the connector's installation page has it, without a quote.
constexpr char kProgram[] = "C:\\Connectors\\ServiceNow\\SMASnowConnector.exe";
constexpr char kSwitches[] =
    " -a [[$MACHINE NAME]] -s [[$SCHEDULE NAME]] -jn [[$JOB NAME]] "
    "-e [[$JOB TERMINATION]] -sd [[$SCHEDULE DATE-SNOW]] "
    "-si [[$SCHEDULE ID]] -sn [[$SCHEDULE INST]] -t basic.json";
// RET_SERVER and RET_PORT of its Connector.config.
constexpr char kReturnAddress[] = "50.17.60.164:9010";

absl::StatusOr<std::string> CopyFiles(const std::string& argv0,
                                      const std::string& directory) {
  std::string error;
  const std::unique_ptr<bazel::tools::cpp::runfiles::Runfiles> runfiles(
      bazel::tools::cpp::runfiles::Runfiles::Create(argv0, &error));
  if (runfiles == nullptr) return absl::NotFoundError(error);
  const std::string config = runfiles->Rlocation(
      "opcon_snow/common/incumbent/testdata/documented/Connector.config");
  const std::string target = directory + "/ServiceNow";
  std::error_code failed;
  std::filesystem::copy(std::filesystem::path(config).parent_path(), target,
                        std::filesystem::copy_options::recursive, failed);
  if (failed) return absl::InternalError(failed.message());
  return target;
}

// incidentctl in the place of the connector's program. On a site the service's
// address stands in the platform's configuration file; here it is given.
absl::StatusOr<std::string> WriteProgram(const harness::Programs& programs,
                                         const Suite& suite) {
  std::string program = suite.directory() + "/SMASnowConnector";
  OPCON_SNOW_RETURN_IF_ERROR(harness::WriteFile(
      program,
      absl::StrCat("#!/bin/sh\nINCIDENTCTL_SPOOL_DIR=", suite.directory(),
                   "/spool exec ", programs.incidentctl, " --server ",
                   suite.server(), " \"$@\"\n"),
      0700));
  return program;
}

// Urgency and impact of the documented template: Monday to Friday, 0800 to
// 1900, by the clock of the site.
std::pair<std::string, std::string> Expected(const std::string& ended) {
  // 2026-01-05T03:00:07.0000000-06:00
  absl::CivilSecond wall;
  const bool known = absl::ParseLenientCivilTime(ended.substr(0, 19), &wall);
  const absl::Weekday day = absl::GetWeekday(absl::CivilDay(wall));
  const bool weekend =
      day == absl::Weekday::saturday || day == absl::Weekday::sunday;
  const bool at_work =
      known && !weekend && wall.hour() >= 8 && wall.hour() < 19;
  return at_work ? std::make_pair("1", "2") : std::make_pair("2", "3");
}

void SeeTemplates(Suite& suite, const std::string& files, Narrator& narrator) {
  narrator.Step("Its template is loaded as it is (incidentctl templates list)");
  const auto list = suite.Cli({"templates", "list"});
  if (!list.ok()) {
    narrator.Check(false, std::string(list.status().message()));
    return;
  }
  for (const absl::string_view line : absl::StrSplit(list->out, '\n')) {
    narrator.Say(line);
  }
  narrator.CheckContains(list->out, "incumbent", "its format");
  narrator.CheckContains(list->out, "basic.json:72:3: documentationRouting",
                         "the slip of its documentation");
  narrator.Step(
      "What it would be as a native one (incidentctl templates "
      "import)");
  const auto converted =
      suite.Cli({"templates", "import", files + "/templates/basic.json"});
  if (!converted.ok()) {
    narrator.Check(false, std::string(converted.status().message()));
    return;
  }
  narrator.CheckEqual(absl::StrCat(converted->exit_code), "0", "its exit code");
  narrator.CheckContains(converted->out,
                         "working_hours:", "the native template");
  narrator.Check(!absl::StrContains(converted->out, "595752746157343d"),
                 "no credential is in it");
}

void SeeDryRun(Suite& suite, const Job& job, Narrator& narrator) {
  narrator.Step("What would be sent (incidentctl report --dry-run)");
  std::vector<std::string> arguments = job.ReportArguments(kTermination);
  arguments.emplace_back("--dry-run");
  const auto shown = suite.Cli(arguments);
  if (!shown.ok()) {
    narrator.Check(false, std::string(shown.status().message()));
    return;
  }
  for (const absl::string_view line : absl::StrSplit(shown->out, '\n')) {
    narrator.Say(line);
  }
  narrator.CheckContains(shown->out, "would create an incident in basic",
                         "the preview");
  const auto incidents = harness::FindIncidents(suite, job);
  narrator.Check(incidents.ok() && incidents->empty(), "nothing was sent");
}

absl::Status SeeIncident(const Suite& suite, const Job& job,
                         Narrator& narrator) {
  narrator.Step("ServiceNow has the incident that the template describes");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json incident,
                              OnlyIncident(suite, job, narrator));
  OPCON_SNOW_ASSIGN_OR_RETURN(const json shown, harness::GetJob(suite, job));
  const std::string ended =
      shown.at("computedEndTime").at("time").get<std::string>();
  const std::string sentence = absl::StrCat(
      "OpCon Task Failure (schedule ", job.schedule, " job ", job.name,
      " server ", job.machine, " error code ", kTermination, ")");
  narrator.CheckEqual(Text(incident, "short_description"),
                      sentence.substr(0, 160), "short_description");
  narrator.CheckContains(
      Text(incident, "description"),
      absl::StrCat("Technical data of the Opcon batch (schedule (",
                   job.schedule, ") job (", job.name, ") server (", job.machine,
                   ") error code (", kTermination, ") date (",
                   ended.substr(8, 2), "-", ended.substr(5, 2), "-",
                   ended.substr(0, 4), " ", ended.substr(11, 5), ")"),
      "description");
  narrator.CheckEqual(Text(incident, "correlation_id"),
                      absl::StrCat(kReturnAddress, ",", job.id()),
                      "correlation_id");
  narrator.CheckEqual(Text(incident, "correlation_display"), "SMA_OPCON",
                      "correlation_display");
  const auto [urgency, impact] = Expected(ended);
  narrator.CheckEqual(Text(incident, "urgency"), urgency,
                      "urgency by its working hours");
  narrator.CheckEqual(Text(incident, "impact"), impact,
                      "impact by its working hours");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json ticket,
                              OnlyTicket(suite, job, narrator));
  narrator.CheckEqual(
      Text(ticket, "ticketId"),
      absl::StrCat(Text(incident, "number"), "/", Text(incident, "sys_id")),
      "ticketId");
  return OnlyAttachment(suite, incident, narrator).status();
}

}  // namespace

absl::Status PlayIncumbentFiles(const harness::Programs& programs,
                                const std::string& argv0,
                                const std::string& directory,
                                Narrator& narrator) {
  narrator.Step("The files of the connector that this suite replaces");
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string files,
                              CopyFiles(argv0, directory));
  narrator.Say(
      absl::StrCat(files, " (Connector.config, templates/basic.json)"));
  narrator.Say("only the addresses in them are covered by those of sandboxes");
  harness::SuiteOptions options;
  options.programs = programs;
  options.directory = directory;
  options.incumbent_directory = files;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<Suite> suite,
                              Suite::Start(std::move(options)));
  SeeTemplates(*suite, files, narrator);

  narrator.Step("A job fails, and its documented command line runs");
  const Job job = harness::RandomJob();
  OPCON_SNOW_RETURN_IF_ERROR(harness::DefineJob(*suite, job));
  OPCON_SNOW_RETURN_IF_ERROR(
      harness::FailJob(*suite, job, kTermination, harness::RandomLog()));
  SeeDryRun(*suite, job, narrator);
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string program,
                              WriteProgram(programs, *suite));
  const std::string log = directory + "/notification_manager.log";
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::unique_ptr<harness::Process> manager,
      harness::Process::Start(
          {.arguments = {programs.notification_manager, "--opcon",
                         suite->opcon().base_url(), "--trigger", "Job Failed",
                         "--command", absl::StrCat(kProgram, kSwitches),
                         "--map-program", absl::StrCat(kProgram, "=", program)},
           .environment = {},
           .stdout_file = log,
           .stderr_file = log}));
  narrator.Say(absl::StrCat(kProgram, kSwitches));
  const absl::Status seen = SeeIncident(*suite, job, narrator);
  const absl::StatusOr<int> ended = manager->Terminate();
  return seen.ok() ? ended.status() : seen;
}

}  // namespace opcon_snow::demo
