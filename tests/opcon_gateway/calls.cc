#include "tests/opcon_gateway/calls.h"

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"

namespace opcon_snow {
namespace {

namespace v1 = ::opcon::v1;
using nlohmann::json;
using Stub = v1::OpConGateway::StubInterface;

rpc::CallOptions Within(const CallSubject& subject) {
  rpc::CallOptions options;
  options.timeout = subject.timeout;
  return options;
}

template <class Request>
Request For(const CallSubject& subject) {
  Request request;
  request.set_instance(subject.instance);
  return request;
}

template <class Request>
Request ForJob(const CallSubject& subject) {
  Request request = For<Request>(subject);
  request.mutable_job()->set_id(subject.job_id);
  return request;
}

void SetDay(google::type::Date* date) {
  date->set_year(2026);
  date->set_month(1);
  date->set_day(5);
}

absl::Status ReadLog(Stub& stub, const CallSubject& subject) {
  auto request = For<v1::ReadJobLogRequest>(subject);
  request.set_job_number(subject.job_number);
  return rpc::ReadStream(
      stub, &Stub::ReadJobLog, request, Within(subject),
      std::function<absl::Status(v1::ReadJobLogResponse&)>(
          [](v1::ReadJobLogResponse&) { return absl::OkStatus(); }));
}

json Key(const char* method, const std::string& path,
         const std::string& body = "") {
  json match = {{"method", method}, {"path", path}};
  if (!body.empty()) match["body"] = body;
  return match;
}

std::vector<GatewayCall> Reads() {
  return {
      {"GetApiVersion", CallEffect::kRead,
       [](const CallSubject&) { return Key("GET", "/api/version"); },
       [](Stub& stub, const CallSubject& subject) {
         return rpc::Call(stub, &Stub::GetApiVersion,
                          For<v1::GetApiVersionRequest>(subject),
                          Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
      {"GetDailyJob", CallEffect::kRead,
       [](const CallSubject& subject) {
         return Key("GET", "/api/dailyjobs/" + subject.job_id);
       },
       [](Stub& stub, const CallSubject& subject) {
         return rpc::Call(stub, &Stub::GetDailyJob,
                          ForJob<v1::GetDailyJobRequest>(subject),
                          Within(subject))
             .status();
       },
       "JOB_NOT_FOUND"},
      {"ListDailyJobs", CallEffect::kRead,
       [](const CallSubject&) { return Key("GET", "/api/dailyjobs"); },
       [](Stub& stub, const CallSubject& subject) {
         auto request = For<v1::ListDailyJobsRequest>(subject);
         SetDay(request.add_schedule_dates());
         request.add_categories(v1::JOB_CATEGORY_FAILED);
         return rpc::Call(stub, &Stub::ListDailyJobs, request, Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
      {"ListJobHistory", CallEffect::kRead,
       [](const CallSubject&) { return Key("GET", "/api/jobhistories"); },
       [](Stub& stub, const CallSubject& subject) {
         return rpc::Call(stub, &Stub::ListJobHistory,
                          ForJob<v1::ListJobHistoryRequest>(subject),
                          Within(subject))
             .status();
       },
       "UPSTREAM_VERSION"},
      {"GetIncidentTickets", CallEffect::kRead,
       [](const CallSubject& subject) {
         return Key("GET", absl::StrCat("/api/dailyjobs/", subject.job_uid,
                                        "/incidentTickets"));
       },
       [](Stub& stub, const CallSubject& subject) {
         return rpc::Call(stub, &Stub::GetIncidentTickets,
                          ForJob<v1::GetIncidentTicketsRequest>(subject),
                          Within(subject))
             .status();
       },
       ""},
      {"GetDocumentation", CallEffect::kRead,
       [](const CallSubject& subject) {
         return Key("GET",
                    "/api/dailyjobs/" + subject.job_id + "/documentation");
       },
       [](Stub& stub, const CallSubject& subject) {
         return rpc::Call(stub, &Stub::GetDocumentation,
                          ForJob<v1::GetDocumentationRequest>(subject),
                          Within(subject))
             .status();
       },
       ""},
      {"GetDailySchedule", CallEffect::kRead,
       [](const CallSubject& subject) {
         return Key("GET", "/api/dailyschedules/" + subject.schedule_id);
       },
       [](Stub& stub, const CallSubject& subject) {
         auto request = For<v1::GetDailyScheduleRequest>(subject);
         request.set_id(subject.schedule_id);
         return rpc::Call(stub, &Stub::GetDailySchedule, request,
                          Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
      {"ListMachines", CallEffect::kRead,
       [](const CallSubject&) { return Key("GET", "/api/machines"); },
       [](Stub& stub, const CallSubject& subject) {
         return rpc::Call(stub, &Stub::ListMachines,
                          For<v1::ListMachinesRequest>(subject),
                          Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
      // Makes OpCon fetch something and changes nothing: a POST, and a read.
      {"ListJobLogs", CallEffect::kRead,
       [](const CallSubject& subject) {
         return Key(
             "POST", "/api/jobinstanceactions",
             absl::StrCat("\"LIST\",\"jobInstanceActionItems\":[{\"id\":",
                          subject.job_number, "}"));
       },
       [](Stub& stub, const CallSubject& subject) {
         auto request = For<v1::ListJobLogsRequest>(subject);
         request.set_job_number(subject.job_number);
         return rpc::Call(stub, &Stub::ListJobLogs, request, Within(subject))
             .status();
       },
       "NO_JOB_LOG"},
      {"ReadJobLog", CallEffect::kRead,
       [](const CallSubject& subject) {
         return Key(
             "POST", "/api/jobinstanceactions",
             absl::StrCat("\"FILE\",\"jobInstanceActionItems\":[{\"id\":",
                          subject.job_number, ","));
       },
       ReadLog, "NO_JOB_LOG"},
      // There is no such action: without a fault this alone is no success.
      {"GetJobAction", CallEffect::kRead,
       [](const CallSubject&) { return Key("GET", "/api/jobactions/*"); },
       [](Stub& stub, const CallSubject& subject) {
         auto request = For<v1::GetJobActionRequest>(subject);
         request.set_action_id(1'000'000);
         return rpc::Call(stub, &Stub::GetJobAction, request, Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
  };
}

std::vector<GatewayCall> Writes() {
  return {
      {"SetIncidentTicket", CallEffect::kWrite,
       [](const CallSubject& subject) {
         return Key("POST", absl::StrCat("/api/dailyjobs/", subject.job_uid,
                                         "/incidentTickets"));
       },
       [](Stub& stub, const CallSubject& subject) {
         auto request = ForJob<v1::SetIncidentTicketRequest>(subject);
         request.set_ticket_id("INC0010025");
         request.set_ticket_url("https://example.service-now.com/x");
         return rpc::Call(stub, &Stub::SetIncidentTicket, request,
                          Within(subject))
             .status();
       },
       ""},
      {"AppendDocumentation", CallEffect::kWrite,
       [](const CallSubject& subject) {
         return Key("PUT",
                    "/api/dailyjobs/" + subject.job_id + "/documentation/*");
       },
       [](Stub& stub, const CallSubject& subject) {
         auto request = ForJob<v1::AppendDocumentationRequest>(subject);
         request.set_text("Previous Ticket Number (INC0010024)");
         request.set_marker("(INC0010024)");
         return rpc::Call(stub, &Stub::AppendDocumentation, request,
                          Within(subject))
             .status();
       },
       "JOB_NOT_FOUND"},
      {"SubmitJobAction", CallEffect::kWrite,
       [](const CallSubject& subject) {
         return Key("POST", "/api/jobactions", "\"" + subject.job_id + "\"");
       },
       [](Stub& stub, const CallSubject& subject) {
         auto request = ForJob<v1::SubmitJobActionRequest>(subject);
         request.set_kind(v1::JOB_ACTION_KIND_MARK_UNDER_REVIEW);
         request.set_reason("INC0010025");
         request.set_expected_job_number(subject.job_number);
         return rpc::Call(stub, &Stub::SubmitJobAction, request,
                          Within(subject))
             .status();
       },
       "JOB_NOT_FOUND"},
      {"BuildSchedule", CallEffect::kWrite,
       [](const CallSubject&) { return Key("POST", "/api/schedulebuilds"); },
       [](Stub& stub, const CallSubject& subject) {
         auto request = For<v1::BuildScheduleRequest>(subject);
         request.set_schedule_name(subject.schedule_name);
         SetDay(request.mutable_schedule_date());
         return rpc::Call(stub, &Stub::BuildSchedule, request, Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
      {"AddJobsToDailySchedule", CallEffect::kWrite,
       [](const CallSubject&) { return Key("POST", "/api/scheduleactions"); },
       [](Stub& stub, const CallSubject& subject) {
         auto request = For<v1::AddJobsToDailyScheduleRequest>(subject);
         request.set_schedule_id(subject.schedule_id);
         request.set_reason("INC0010025");
         request.add_jobs()->set_job_name("JOB001");
         request.mutable_jobs(0)->set_frequency("AllDays");
         return rpc::Call(stub, &Stub::AddJobsToDailySchedule, request,
                          Within(subject))
             .status();
       },
       "RECORD_NOT_FOUND"},
  };
}

}  // namespace

const std::vector<GatewayCall>& AllCalls() {
  static const auto* const calls = [] {
    auto* all = new std::vector<GatewayCall>(Reads());
    for (GatewayCall& call : Writes()) all->push_back(std::move(call));
    return all;
  }();
  return *calls;
}

}  // namespace opcon_snow
