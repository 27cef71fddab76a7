#include "demo/main_job.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "demo/ask.h"
#include "nlohmann/json.hpp"
#include "tests/harness/jobs.h"

namespace opcon_snow::demo {
namespace {

using harness::Job;
using harness::Suite;
using nlohmann::json;

// The command as it stands in Notification Manager: no quotes round the
// tokens, as the product that this suite replaces documents it.
constexpr char kCommand[] =
    "INCIDENTCTL -a [[$MACHINE NAME]] -s [[$SCHEDULE NAME]] "
    "-jn [[$JOB NAME]] -e [[$JOB TERMINATION]] -sd [[$SCHEDULE DATE-SNOW]] "
    "-si [[$SCHEDULE ID]] -sn [[$SCHEDULE INST]] -t basic.json";

absl::StatusOr<json> SeeIncident(const Suite& suite, const Job& job,
                                 Narrator& narrator) {
  narrator.Step("ServiceNow has the incident");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json incident,
                              OnlyIncident(suite, job, narrator));
  OPCON_SNOW_ASSIGN_OR_RETURN(const json shown, harness::GetJob(suite, job));
  // 2026-01-05T03:00:07.0000000-06:00
  const std::string ended =
      shown.at("computedEndTime").at("time").get<std::string>();
  narrator.Say(absl::StrCat("number ", Text(incident, "number"), ", sys_id ",
                            Text(incident, "sys_id")));
  const std::string short_description = Text(incident, "short_description");
  narrator.CheckContains(short_description, job.name, "short_description");
  const std::string description = Text(incident, "description");
  for (const std::string& part :
       {"Workflow (schedule): " + job.schedule, "Task (job): " + job.name,
        "Agent (machine): " + job.machine,
        absl::StrCat("Termination code: ", kTermination),
        "Date: " + ended.substr(0, 10), "Time: " + ended.substr(11, 8)}) {
    narrator.CheckContains(description, part, "description");
  }
  narrator.CheckEqual(Text(incident, "correlation_display"), "SMA_OPCON",
                      "correlation_display");
  narrator.CheckEqual(Text(incident, "correlation_id"),
                      absl::StrCat(suite.public_address(), ",", job.id()),
                      "correlation_id");
  narrator.CheckEqual(Text(incident, "state"), "1", "state");
  return incident;
}

absl::Status SeeTicketOnJob(const Suite& suite, const Job& job,
                            const json& incident, Narrator& narrator) {
  narrator.Step("The job in OpCon carries the ticket");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json ticket,
                              OnlyTicket(suite, job, narrator));
  narrator.CheckEqual(
      Text(ticket, "ticketId"),
      absl::StrCat(Text(incident, "number"), "/", Text(incident, "sys_id")),
      "ticketId");
  const std::string url = Text(ticket, "ticketUrl");
  narrator.CheckContains(url, suite.servicenow().base_url(), "ticketUrl");
  narrator.CheckContains(url, Text(incident, "sys_id"), "ticketUrl");
  return absl::OkStatus();
}

absl::Status SeeLog(const Suite& suite, const json& incident,
                    const std::string& log, Narrator& narrator) {
  narrator.Step("The job log is attached");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json file,
                              OnlyAttachment(suite, incident, narrator));
  narrator.Say(absl::StrCat(Text(file, "file_name"), ", ",
                            Text(file, "size_bytes"), " bytes, hash ",
                            Text(file, "hash")));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::string attached,
      harness::DownloadAttachment(suite, Text(file, "sys_id")));
  narrator.Check(attached == log,
                 absl::StrFormat("its %d bytes are those that the agent wrote",
                                 log.size()));
  return absl::OkStatus();
}

absl::Status SeeRequests(const Suite& suite, const json& incident,
                         Narrator& narrator) {
  narrator.Step("What the upstreams were asked (GET /_sandbox/requests)");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json to_servicenow,
                              harness::Requests(suite.servicenow()));
  const std::vector<json> creates =
      harness::RequestsTo(to_servicenow, "POST", "/api/now/v2/table/incident");
  narrator.Check(creates.size() == 1, "one incident was created, once");
  if (!creates.empty()) {
    narrator.CheckContains(creates.front().at("body").dump(),
                           Text(incident, "sys_id"),
                           "the request that created it");
  }
  const std::vector<json> uploads =
      harness::RequestsTo(to_servicenow, "POST", "/api/now/");
  narrator.Check(uploads.size() == 2, "and one file was uploaded, once");
  OPCON_SNOW_ASSIGN_OR_RETURN(const json to_opcon,
                              harness::Requests(suite.opcon()));
  const std::vector<json> writes =
      harness::RequestsTo(to_opcon, "POST", "/api/dailyjobs/");
  narrator.Check(writes.size() == 1, "the ticket was written to the job, once");
  const std::vector<json> reads =
      harness::RequestsTo(to_opcon, "GET", "/api/dailyjobs/");
  narrator.Check(!writes.empty() && !reads.empty() &&
                     reads.front().at("n") < writes.front().at("n"),
                 "after the job had been looked up");
  // The token that the gateway presents to OpCon; the log masks headers.
  narrator.Check(!absl::StrContains(to_opcon.dump(), "00000000-0000-4000"),
                 "OpCon's token stands in no address and no body");
  return absl::OkStatus();
}

absl::Status SeeReport(Suite& suite, const Job& job, Narrator& narrator) {
  narrator.Step("What an operator sees (incidentctl reports list)");
  harness::Finished list;
  const bool succeeded = harness::Eventually([&] {
    auto finished = suite.Cli({"reports", "list"});
    if (finished.ok()) list = *std::move(finished);
    return list.exit_code == 0 && absl::StrContains(list.out, "succeeded");
  });
  for (const absl::string_view line : absl::StrSplit(list.out, '\n')) {
    narrator.Say(line);
  }
  narrator.Check(succeeded && absl::StrContains(list.out, job.name),
                 "the report has succeeded");
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayMainJob(Suite& suite, Narrator& narrator) {
  const Job job = harness::RandomJob();
  const std::string log = harness::RandomLog();
  OPCON_SNOW_RETURN_IF_ERROR(suite.StartNotificationManager(kCommand));

  narrator.Step("A job fails in OpCon");
  OPCON_SNOW_RETURN_IF_ERROR(harness::DefineJob(suite, job));
  OPCON_SNOW_RETURN_IF_ERROR(harness::FailJob(suite, job, kTermination, log));
  narrator.Say(absl::StrCat("workflow  ", job.schedule));
  narrator.Say(absl::StrCat("task      ", job.name));
  narrator.Say(absl::StrCat("agent     ", job.machine));
  narrator.Say(absl::StrCat("code      ", kTermination));
  narrator.Say(absl::StrCat("job id    ", job.id()));

  narrator.Step("Notification Manager runs the command line");
  const std::string runs = suite.directory() + "/notifications.jsonl";
  const bool ran =
      harness::Eventually([&] { return !harness::ReadFile(runs).empty(); });
  const json run = json::parse(harness::ReadFile(runs), nullptr, false);
  narrator.Check(ran && run.is_object(), "it ran once");
  if (run.is_object()) {
    narrator.Say(run.value("command", run.dump()));
    narrator.CheckEqual(absl::StrCat(run.value("exit_code", -1)), "0",
                        "its exit code");
  }

  OPCON_SNOW_ASSIGN_OR_RETURN(const json incident,
                              SeeIncident(suite, job, narrator));
  OPCON_SNOW_RETURN_IF_ERROR(SeeTicketOnJob(suite, job, incident, narrator));
  OPCON_SNOW_RETURN_IF_ERROR(SeeLog(suite, incident, log, narrator));
  OPCON_SNOW_RETURN_IF_ERROR(SeeReport(suite, job, narrator));
  return SeeRequests(suite, incident, narrator);
}

}  // namespace opcon_snow::demo
