#include "incident_service/upstreams/fake_upstreams.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;

absl::Status NotFound(const std::string& reason) {
  return MakeError(absl::StatusCode::kNotFound, "there is none",
                   {.reason = reason, .domain = "fake"});
}

// Whether writing the request's fields would change nothing.
bool IsAsWanted(const sn::Incident& is,
                const sn::UpdateIncidentRequest& request) {
  const sn::Incident& wanted = request.incident();
  for (const std::string& path : request.update_mask().paths()) {
    if ((path == "state" && is.state() != wanted.state()) ||
        (path == "description" && is.description() != wanted.description())) {
      return false;
    }
  }
  return true;
}

}  // namespace

void FailurePlan::FailBefore(const std::string& rpc, absl::Status status,
                             int times) {
  before_[rpc] = {std::move(status), times};
}

void FailurePlan::LoseAnswer(const std::string& rpc) { ++lost_[rpc]; }

absl::Status FailurePlan::Before(const std::string& rpc) {
  ++calls_[rpc];
  Planned& planned = before_[rpc];
  if (planned.times > 0) {
    --planned.times;
    return planned.status;
  }
  return script ? script(rpc, Moment::kBefore) : absl::OkStatus();
}

absl::Status FailurePlan::After(const std::string& rpc) {
  if (lost_[rpc] > 0) {
    --lost_[rpc];
    return MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "no answer came");
  }
  return script ? script(rpc, Moment::kAfter) : absl::OkStatus();
}

int FailurePlan::calls(const std::string& rpc) const {
  const auto found = calls_.find(rpc);
  return found == calls_.end() ? 0 : found->second;
}

FakeJob& FakeOpCon::Define(const std::string& id) {
  FakeJob& fake = jobs[id];
  const std::vector<std::string> parts = absl::StrSplit(id, '|');
  oc::DailyJob& job = fake.job;
  job.set_id(id);
  job.set_uid(++last_uid_);
  job.set_name(parts.back());
  job.set_job_number(++last_job_number_);
  job.mutable_schedule()->set_name("Payroll");
  job.set_primary_machine("GENP001");
  job.mutable_status()->set_category(oc::JOB_CATEGORY_WAITING);
  job.mutable_status()->set_description("Wait to Start");
  return fake;
}

void FakeOpCon::Start(const std::string& id, absl::Time now) {
  FakeJob& fake = jobs.at(id);
  oc::DailyJob& job = fake.job;
  const bool again = !fake.runs.empty();
  if (again && !keeps_job_number) job.set_job_number(++last_job_number_);
  job.clear_end_time();
  job.clear_termination();
  job.set_start_machine(job.primary_machine());
  SetTime(now, job.mutable_start_time());
  job.mutable_status()->set_category(oc::JOB_CATEGORY_RUNNING);
  job.mutable_status()->set_description("Job Running");
}

void FakeOpCon::Fail(const std::string& id, absl::Time now,
                     const std::string& log) {
  FakeJob& fake = jobs.at(id);
  if (fake.job.status().category() != oc::JOB_CATEGORY_RUNNING) Start(id, now);
  fake.logs[fake.job.job_number()] = {{"C:\\log.txt", log}};
  End(&fake, now, oc::JOB_CATEGORY_FAILED, "Failed", "0000000005");
}

void FakeOpCon::Finish(const std::string& id, absl::Time now) {
  FakeJob& fake = jobs.at(id);
  if (fake.job.status().category() != oc::JOB_CATEGORY_RUNNING) Start(id, now);
  End(&fake, now, oc::JOB_CATEGORY_FINISHED_OK, "Finished OK", "0000000000");
}

void FakeOpCon::End(FakeJob* fake, absl::Time now, oc::JobCategory category,
                    const std::string& words, const std::string& termination) {
  oc::DailyJob& job = fake->job;
  SetTime(now, job.mutable_end_time());
  job.set_termination(termination);
  job.mutable_status()->set_category(category);
  job.mutable_status()->set_description(words);
  oc::JobRun& run = fake->runs.emplace_back();
  run.set_job_id(job.id());
  run.set_job_number(job.job_number());
  *run.mutable_status() = job.status();
  run.set_termination(job.termination());
  *run.mutable_start_time() = job.start_time();
  *run.mutable_end_time() = job.end_time();
  run.set_machine(job.start_machine());
}

FakeJob* FakeOpCon::Find(const oc::JobSelector& selector) {
  const auto found = jobs.find(selector.id());
  return found == jobs.end() ? nullptr : &found->second;
}

const std::map<std::string, std::string>* FakeOpCon::LogsOf(
    int job_number) const {
  for (const auto& [id, fake] : jobs) {
    const auto found = fake.logs.find(job_number);
    if (found != fake.logs.end() && !found->second.empty()) {
      return &found->second;
    }
  }
  return nullptr;
}

absl::StatusOr<oc::ListInstancesResponse> FakeOpCon::ListInstances(
    const oc::ListInstancesRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListInstances"));
  oc::ListInstancesResponse response;
  oc::Instance* instance = response.add_instances();
  instance->set_name("production");
  instance->set_is_default(true);
  instance->set_public_address(public_address);
  return response;
}

absl::StatusOr<oc::GetDailyJobResponse> FakeOpCon::GetDailyJob(
    const oc::GetDailyJobRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetDailyJob"));
  const FakeJob* fake = Find(request.job());
  if (fake == nullptr) return NotFound("JOB_NOT_FOUND");
  oc::GetDailyJobResponse response;
  *response.mutable_job() = fake->job;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("GetDailyJob"));
  return response;
}

absl::StatusOr<oc::ListJobHistoryResponse> FakeOpCon::ListJobHistory(
    const oc::ListJobHistoryRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListJobHistory"));
  if (!has_history) {
    return MakeError(absl::StatusCode::kUnimplemented, "no history here",
                     {.reason = "UPSTREAM_VERSION", .domain = "fake"});
  }
  const FakeJob* fake = Find(request.job());
  if (fake == nullptr) return NotFound("JOB_NOT_FOUND");
  oc::ListJobHistoryResponse response;
  for (auto run = fake->runs.rbegin(); run != fake->runs.rend(); ++run) {
    *response.add_runs() = *run;
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListJobHistory"));
  return response;
}

absl::StatusOr<oc::GetIncidentTicketsResponse> FakeOpCon::GetIncidentTickets(
    const oc::GetIncidentTicketsRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetIncidentTickets"));
  const FakeJob* fake = Find(request.job());
  if (fake == nullptr) return NotFound("JOB_NOT_FOUND");
  oc::GetIncidentTicketsResponse response;
  response.mutable_tickets()->Assign(fake->tickets.begin(),
                                     fake->tickets.end());
  response.set_single_field(!has_ticket_list);
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("GetIncidentTickets"));
  return response;
}

absl::StatusOr<oc::SetIncidentTicketResponse> FakeOpCon::SetIncidentTicket(
    const oc::SetIncidentTicketRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("SetIncidentTicket"));
  FakeJob* fake = Find(request.job());
  if (fake == nullptr) return NotFound("JOB_NOT_FOUND");
  std::vector<oc::IncidentTicket>& tickets = fake->tickets;
  const auto with_id = [&](const std::string& id) {
    return std::find_if(tickets.begin(), tickets.end(),
                        [&](const oc::IncidentTicket& ticket) {
                          return !id.empty() && ticket.ticket_id() == id;
                        });
  };
  auto ours = with_id(request.ticket_id());
  if (ours == tickets.end()) ours = with_id(request.replaced_ticket_id());
  if (ours == tickets.end() && !has_ticket_list && !tickets.empty()) {
    return MakeError(
        absl::StatusCode::kAlreadyExists, "somebody else's ticket is there",
        {.reason = "JOB_STATE",
         .domain = "fake",
         .metadata = {{"present_ticket_id", tickets[0].ticket_id()}}});
  }
  if (ours == tickets.end()) {
    ours = tickets.insert(tickets.end(), oc::IncidentTicket());
    ours->set_row_id(++last_row_id_);
  }
  oc::SetIncidentTicketResponse response;
  response.set_changed(ours->ticket_id() != request.ticket_id() ||
                       ours->ticket_url() != request.ticket_url());
  response.set_single_field(!has_ticket_list);
  ours->set_ticket_id(request.ticket_id());
  ours->set_ticket_url(request.ticket_url());
  *response.mutable_ticket() = *ours;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("SetIncidentTicket"));
  return response;
}

absl::StatusOr<oc::AppendDocumentationResponse> FakeOpCon::AppendDocumentation(
    const oc::AppendDocumentationRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("AppendDocumentation"));
  FakeJob* fake = Find(request.job());
  if (fake == nullptr) return NotFound("JOB_NOT_FOUND");
  oc::AppendDocumentationResponse response;
  oc::JobDocumentation* documentation = fake->job.mutable_documentation();
  std::string* text = documentation->mutable_job_text();
  if (!absl::StrContains(*text, request.marker())) {
    absl::StrAppend(text, text->empty() ? "" : "\n\n", request.text());
    response.set_changed(true);
  }
  *response.mutable_documentation() = *documentation;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("AppendDocumentation"));
  return response;
}

absl::StatusOr<oc::ListJobLogsResponse> FakeOpCon::ListJobLogs(
    const oc::ListJobLogsRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListJobLogs"));
  const auto* logs = LogsOf(request.job_number());
  if (logs == nullptr) return NotFound("NO_JOB_LOG");
  oc::ListJobLogsResponse response;
  for (const auto& [path, content] : *logs) {
    response.add_files()->set_path(path);
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListJobLogs"));
  return response;
}

absl::Status FakeOpCon::ReadJobLog(
    const oc::ReadJobLogRequest& request,
    const std::function<void(absl::string_view)>& on_chunk) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ReadJobLog"));
  const auto* logs = LogsOf(request.job_number());
  if (logs == nullptr || logs->count(request.path()) == 0) {
    return NotFound("NO_JOB_LOG");
  }
  on_chunk(logs->at(request.path()));
  return failures.After("ReadJobLog");
}

std::string FakeServiceNow::Add(const std::string& number,
                                sn::IncidentState state,
                                const std::string& instance) {
  FakeIncident fake;
  fake.instance = instance;
  sn::Incident& incident = fake.incident;
  // Where chosen ids, which are hashes, do not come.
  incident.set_sys_id(absl::StrFormat("%032x", ++last_person_id_));
  incident.set_number(number);
  incident.set_short_description("By a person");
  incident.set_description("By a person");
  incident.set_url(
      absl::StrCat("https://", instance, ".example/", incident.sys_id()));
  SetState(&fake, state);
  const std::string sys_id = incident.sys_id();
  incidents[sys_id] = std::move(fake);
  return sys_id;
}

void FakeServiceNow::SetState(FakeIncident* incident, sn::IncidentState state) {
  incident->incident.set_state(state);
  incident->incident.set_state_value(absl::StrCat(static_cast<int>(state)));
  incident->incident.set_active(state != sn::INCIDENT_STATE_CLOSED &&
                                state != sn::INCIDENT_STATE_CANCELED);
}

std::vector<std::string> FakeServiceNow::work_notes() const {
  std::vector<std::string> all;
  for (const auto& [sys_id, fake] : incidents) {
    all.insert(all.end(), fake.work_notes.begin(), fake.work_notes.end());
  }
  return all;
}

std::vector<FakeIncident::File> FakeServiceNow::files() const {
  std::vector<FakeIncident::File> all;
  for (const auto& [sys_id, fake] : incidents) {
    all.insert(all.end(), fake.files.begin(), fake.files.end());
  }
  return all;
}

absl::StatusOr<std::string> FakeServiceNow::InstanceOf(
    const std::string& asked) const {
  if (asked.empty()) return instances.front();
  if (std::find(instances.begin(), instances.end(), asked) != instances.end()) {
    return asked;
  }
  return NotFound("UNKNOWN_INSTANCE");
}

absl::StatusOr<sn::ListInstancesResponse> FakeServiceNow::ListInstances(
    const sn::ListInstancesRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListInstances"));
  sn::ListInstancesResponse response;
  for (const std::string& name : instances) {
    sn::Instance* instance = response.add_instances();
    instance->set_name(name);
    instance->set_is_default(name == instances.front());
    instance->set_base_url(absl::StrCat("https://", name, ".example"));
  }
  return response;
}

absl::StatusOr<sn::CreateIncidentResponse> FakeServiceNow::CreateIncident(
    const sn::CreateIncidentRequest& request) {
  last_create = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("CreateIncident"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string instance,
                              InstanceOf(request.instance()));
  sn::CreateIncidentResponse response;
  const std::string& sys_id = request.incident().sys_id();
  if (incidents.count(sys_id) == 0) {
    FakeIncident fake;
    fake.instance = instance;
    fake.incident = request.incident();
    fake.created_with_marker = request.marker();
    fake.incident.set_number(absl::StrFormat("INC%07d", next_number_++));
    fake.incident.set_url(
        absl::StrCat("https://", instance, ".example/", sys_id));
    SetState(&fake, sn::INCIDENT_STATE_NEW);
    incidents[sys_id] = std::move(fake);
    response.set_created(true);
  }
  *response.mutable_incident() = incidents[sys_id].incident;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("CreateIncident"));
  return response;
}

absl::StatusOr<sn::GetIncidentResponse> FakeServiceNow::GetIncident(
    const sn::GetIncidentRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetIncident"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string instance,
                              InstanceOf(request.instance()));
  for (const auto& [sys_id, fake] : incidents) {
    if (fake.instance != instance) continue;
    if (sys_id == request.sys_id() ||
        (!request.number().empty() &&
         fake.incident.number() == request.number())) {
      sn::GetIncidentResponse response;
      *response.mutable_incident() = fake.incident;
      response.set_instance(instance);
      OPCON_SNOW_RETURN_IF_ERROR(failures.After("GetIncident"));
      return response;
    }
  }
  return NotFound("RECORD_NOT_FOUND");
}

absl::StatusOr<sn::UpdateIncidentResponse> FakeServiceNow::UpdateIncident(
    const sn::UpdateIncidentRequest& request) {
  last_update = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("UpdateIncident"));
  const auto found = incidents.find(request.incident().sys_id());
  if (found == incidents.end()) return NotFound("RECORD_NOT_FOUND");
  FakeIncident& fake = found->second;
  const sn::Incident& wanted = request.incident();
  const std::string& marker = request.journal_entry().marker();
  const bool noted = std::any_of(
      fake.work_notes.begin(), fake.work_notes.end(),
      [&](const std::string& note) { return absl::StrContains(note, marker); });
  const auto& allowed = request.allowed_from_states();
  if (!(noted && IsAsWanted(fake.incident, request)) && !allowed.empty() &&
      std::find(allowed.begin(), allowed.end(), fake.incident.state()) ==
          allowed.end()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "other state",
                     {.reason = "INCIDENT_STATE", .domain = "fake"});
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "state") SetState(&fake, wanted.state());
    if (path == "description") {
      fake.incident.set_description(wanted.description());
    }
    if (path == "short_description") {
      fake.incident.set_short_description(wanted.short_description());
    }
    if (path == "correlation_id") {
      fake.incident.set_correlation_id(wanted.correlation_id());
    }
  }
  sn::UpdateIncidentResponse response;
  if (!marker.empty() && !noted) {
    fake.work_notes.push_back(request.journal_entry().text());
    response.set_journal_entry_added(true);
  }
  *response.mutable_incident() = fake.incident;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("UpdateIncident"));
  return response;
}

absl::StatusOr<sn::ListJournalEntriesResponse>
FakeServiceNow::ListJournalEntries(
    const sn::ListJournalEntriesRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListJournalEntries"));
  const auto found = incidents.find(request.incident_sys_id());
  if (found == incidents.end()) return NotFound("RECORD_NOT_FOUND");
  sn::ListJournalEntriesResponse response;
  for (const std::string& note : found->second.work_notes) {
    response.add_entries()->set_text(note);
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListJournalEntries"));
  return response;
}

absl::StatusOr<sn::LookupRecordsResponse> FakeServiceNow::LookupRecords(
    const sn::LookupRecordsRequest& request) {
  last_lookup = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("LookupRecords"));
  sn::LookupRecordsResponse response;
  for (const sn::Record& record : records) {
    const bool fits =
        record.table() == request.table() &&
        std::all_of(request.conditions().begin(), request.conditions().end(),
                    [&](const sn::Condition& condition) {
                      const auto field =
                          record.fields().find(condition.column());
                      return field != record.fields().end() &&
                             std::count(condition.values().begin(),
                                        condition.values().end(),
                                        field->second.value()) > 0;
                    });
    if (fits) *response.add_records() = record;
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("LookupRecords"));
  return response;
}

absl::StatusOr<sn::AttachFileResponse> FakeServiceNow::AttachFile(
    const sn::AttachFileHeader& header, absl::string_view content) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("AttachFile"));
  const auto found = incidents.find(header.record_sys_id());
  if (found == incidents.end()) return NotFound("RECORD_NOT_FOUND");
  std::vector<FakeIncident::File>& files = found->second.files;
  sn::AttachFileResponse response;
  response.mutable_attachment()->set_file_name(header.file_name());
  const auto same = [&](const FakeIncident::File& file) {
    return file.name == header.file_name() && file.content == content;
  };
  if (std::none_of(files.begin(), files.end(), same)) {
    files.push_back({header.file_name(), std::string(content)});
    response.set_created(true);
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("AttachFile"));
  return response;
}

}  // namespace opcon_snow::incident
