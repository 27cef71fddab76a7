#include "tests/harness/jobs.h"

#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/status/status_macros.h"

namespace opcon_snow::harness {
namespace {

std::mt19937_64& Random() {
  static std::mt19937_64 random{std::random_device{}()};
  return random;
}

std::string Letters(int count) {
  static constexpr char kLetters[] = "abcdefghjkmnpqrstuvwxyz23456789";
  std::uniform_int_distribution<std::size_t> pick(0, sizeof(kLetters) - 2);
  std::string text;
  for (int i = 0; i < count; ++i) text += kLetters[pick(Random())];
  return text;
}

int Number(int from, int to) {
  return std::uniform_int_distribution<int>(from, to)(Random());
}

// The JSON body of a 2xx answer.
absl::StatusOr<nlohmann::json> Body(absl::StatusOr<HttpAnswer> answer,
                                    const std::string& what) {
  if (!answer.ok()) return answer.status();
  if (answer->status / 100 != 2) {
    return absl::InternalError(absl::StrCat(what, ": HTTP ", answer->status,
                                            " ", answer->body.substr(0, 500)));
  }
  return answer->json;
}

absl::Status Done(absl::StatusOr<HttpAnswer> answer, const std::string& what) {
  return Body(std::move(answer), what).status();
}

}  // namespace

std::string Job::id() const {
  return absl::StrCat(absl::StrReplaceAll(date, {{"-", ""}}), "|", schedule_id,
                      "|", schedule_instance, "|", name);
}

std::vector<std::string> Job::ReportArguments(
    const std::string& termination, const std::string& template_name) const {
  return {"report",
          "-a",
          machine,
          "-s",
          schedule,
          "-jn",
          name,
          "-e",
          termination,
          "-sd",
          date,
          "-si",
          absl::StrCat(schedule_id),
          "-sn",
          absl::StrCat(schedule_instance),
          "-t",
          template_name};
}

Job RandomJob() {
  return {
      .date = absl::StrFormat("2026-%02d-%02d", Number(1, 12), Number(1, 28)),
      .schedule =
          absl::StrCat("Month End ", Letters(5), "_Load ", Letters(4), "[Sub]"),
      .schedule_id = Number(1, 9999),
      .schedule_instance = Number(1, 9),
      .name = absl::StrCat("Load GL ", Letters(6), "$0001"),
      .machine = absl::StrCat("WIN-", Letters(6)),
      .documentation = absl::StrCat("Call the team of ", Letters(5), ".")};
}

std::string RandomLog() {
  std::string log = absl::StrCat("Job log ", Letters(12), "\r\n");
  const int lines = Number(20, 200);
  for (int i = 0; i < lines; ++i) {
    absl::StrAppend(&log, i, "\t\"", Letters(Number(5, 60)),
                    "\" \\ <&> Grüße €\n");
  }
  return log + "The last line has no line break";
}

absl::Status DefineJob(const Suite& suite, const Job& job) {
  return Done(suite.opcon().Send("POST", "/_sandbox/jobs",
                                 {{"date", job.date},
                                  {"schedule", job.schedule},
                                  {"schedule_id", job.schedule_id},
                                  {"schedule_instance", job.schedule_instance},
                                  {"name", job.name},
                                  {"machine", job.machine},
                                  {"documentation", job.documentation}}),
              "define a job");
}

absl::Status FailJob(const Suite& suite, const Job& job,
                     const std::string& termination, const std::string& log) {
  return Done(
      suite.opcon().Send(
          "POST", absl::StrCat("/_sandbox/jobs/", Encode(job.id()), "/fail"),
          {{"termination", termination}, {"log", log}}),
      "fail the job");
}

absl::Status StartJob(const Suite& suite, const Job& job) {
  return Done(
      suite.opcon().Send(
          "POST", absl::StrCat("/_sandbox/jobs/", Encode(job.id()), "/start"),
          nlohmann::json::object()),
      "start the job");
}

absl::Status FinishJob(const Suite& suite, const Job& job) {
  return Done(
      suite.opcon().Send(
          "POST", absl::StrCat("/_sandbox/jobs/", Encode(job.id()), "/finish"),
          nlohmann::json::object()),
      "finish the job");
}

absl::Status FailJobAgain(const Suite& suite, const Job& job,
                          const std::string& termination,
                          const std::string& log) {
  OPCON_SNOW_RETURN_IF_ERROR(StartJob(suite, job));
  return FailJob(suite, job, termination, log);
}

absl::StatusOr<std::string> GetDocumentation(const Suite& suite,
                                             const Job& job) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      HttpAnswer answer,
      suite.opcon().Get(
          absl::StrCat("/api/dailyjobs/", Encode(job.id()), "/documentation")));
  if (answer.status == 404) return std::string();
  if (!answer.json.is_object()) {
    return absl::InternalError(absl::StrCat("documentation: ", answer.body));
  }
  const nlohmann::json& text = answer.json["job"];
  return text.is_string() ? text.get<std::string>() : std::string();
}

absl::Status ReplaceTickets(const Suite& suite, const Job& job,
                            const std::string& ticket_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const nlohmann::json shown, GetJob(suite, job));
  const std::string path =
      absl::StrCat("/api/dailyjobs/", shown.at("uid").get<std::int64_t>(),
                   "/incidentTickets");
  OPCON_SNOW_ASSIGN_OR_RETURN(const nlohmann::json tickets,
                              GetTickets(suite, job));
  for (const nlohmann::json& row : tickets) {
    OPCON_SNOW_RETURN_IF_ERROR(Done(
        suite.opcon().Send("DELETE",
                           absl::StrCat(path, "/", row.at("id").get<int>()),
                           nullptr),
        "take a ticket off"));
  }
  if (ticket_id.empty()) return absl::OkStatus();
  return Done(suite.opcon().Send(
                  "POST", path,
                  {{"id", 0}, {"ticketId", ticket_id}, {"ticketUrl", ""}}),
              "put a ticket on");
}

absl::StatusOr<nlohmann::json> GetJob(const Suite& suite, const Job& job) {
  return Body(
      suite.opcon().Get(absl::StrCat("/api/dailyjobs/", Encode(job.id()))),
      "get the job");
}

absl::StatusOr<nlohmann::json> GetTickets(const Suite& suite, const Job& job) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const nlohmann::json shown, GetJob(suite, job));
  return Body(suite.opcon().Get(absl::StrCat(
                  "/api/dailyjobs/", shown.at("uid").get<std::int64_t>(),
                  "/incidentTickets")),
              "get the job's tickets");
}

absl::StatusOr<nlohmann::json> FindIncidents(const Suite& suite,
                                             const Job& job) {
  const std::string query =
      absl::StrCat("correlation_id=", suite.public_address(), ",", job.id(),
                   "^ORDERBYnumber");
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const nlohmann::json body,
      Body(suite.servicenow().Get(absl::StrCat(
               "/api/now/v2/table/incident?sysparm_exclude_reference_link="
               "true&sysparm_query=",
               Encode(query))),
           "find incidents"));
  return body.at("result");
}

absl::StatusOr<nlohmann::json> GetIncident(const Suite& suite,
                                           const std::string& sys_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const nlohmann::json body,
                              Body(suite.servicenow().Get(absl::StrCat(
                                       "/api/now/v2/table/incident/", sys_id)),
                                   "get an incident"));
  return body.at("result");
}

absl::StatusOr<nlohmann::json> CreateIncident(const Suite& suite) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const nlohmann::json body,
      Body(suite.servicenow().Send("POST", "/api/now/v2/table/incident",
                                   {{"short_description", "By a person"}}),
           "create an incident"));
  return body.at("result");
}

absl::Status SetIncidentState(const Suite& suite, const std::string& sys_id,
                              const std::string& state) {
  return Done(suite.servicenow().Send(
                  "PATCH", absl::StrCat("/api/now/v2/table/incident/", sys_id),
                  {{"state", state},
                   {"hold_reason", "1"},
                   {"close_code", "Solved (Permanently)"},
                   {"close_notes", "By a person"}}),
              "set the incident's state");
}

absl::StatusOr<std::vector<std::string>> FindWorkNotes(
    const Suite& suite, const std::string& incident_sys_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const nlohmann::json body,
      Body(
          suite.servicenow().Get(absl::StrCat(
              "/api/now/v2/table/sys_journal_field?sysparm_query=element_id%3D",
              incident_sys_id, "%5Eelement%3Dwork_notes")),
          "list work notes"));
  std::vector<std::string> notes;
  for (const nlohmann::json& entry : body.at("result")) {
    notes.push_back(entry.at("value"));
  }
  return notes;
}

absl::StatusOr<nlohmann::json> FindAttachments(
    const Suite& suite, const std::string& incident_sys_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const nlohmann::json body,
      Body(suite.servicenow().Get(
               absl::StrCat("/api/now/attachment?sysparm_query=table_sys_id%3D",
                            incident_sys_id)),
           "list attachments"));
  return body.at("result");
}

absl::StatusOr<std::string> DownloadAttachment(const Suite& suite,
                                               const std::string& sys_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const HttpAnswer answer,
                              suite.servicenow().Get(absl::StrCat(
                                  "/api/now/attachment/", sys_id, "/file")));
  return answer.body;
}

absl::StatusOr<nlohmann::json> Requests(const HttpPeer& upstream, int since) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const nlohmann::json body,
      Body(upstream.Get(absl::StrCat("/_sandbox/requests?since=", since)),
           "read the request log"));
  return body.at("requests");
}

std::vector<nlohmann::json> RequestsTo(const nlohmann::json& requests,
                                       const std::string& method,
                                       const std::string& prefix) {
  std::vector<nlohmann::json> matching;
  for (const nlohmann::json& request : requests) {
    if (request.value("method", "") == method &&
        absl::StartsWith(request.value("path", ""), prefix)) {
      matching.push_back(request);
    }
  }
  return matching;
}

absl::Status AddFault(const HttpPeer& upstream, const nlohmann::json& fault) {
  return Done(upstream.Send("POST", "/_sandbox/faults", fault), "add a fault");
}

absl::Status ClearFaults(const HttpPeer& upstream) {
  return Done(upstream.Send("DELETE", "/_sandbox/faults", nullptr),
              "clear faults");
}

}  // namespace opcon_snow::harness
