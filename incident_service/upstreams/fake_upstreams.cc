#include "incident_service/upstreams/fake_upstreams.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;

absl::Status NotFound(const std::string& reason) {
  return MakeError(absl::StatusCode::kNotFound, "there is none",
                   {.reason = reason, .domain = "fake"});
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
  if (planned.times == 0) return absl::OkStatus();
  --planned.times;
  return planned.status;
}

absl::Status FailurePlan::After(const std::string& rpc) {
  if (lost_[rpc] == 0) return absl::OkStatus();
  --lost_[rpc];
  return MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "no answer came");
}

int FailurePlan::calls(const std::string& rpc) const {
  const auto found = calls_.find(rpc);
  return found == calls_.end() ? 0 : found->second;
}

absl::StatusOr<oc::ListInstancesResponse> FakeOpCon::ListInstances(
    const oc::ListInstancesRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListInstances"));
  oc::ListInstancesResponse response;
  oc::Instance* instance = response.add_instances();
  instance->set_name("production");
  instance->set_is_default(true);
  instance->set_public_address("opcon.example:9010");
  return response;
}

absl::StatusOr<oc::GetDailyJobResponse> FakeOpCon::GetDailyJob(
    const oc::GetDailyJobRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetDailyJob"));
  if (!has_job || request.job().id() != job.id()) {
    return NotFound("JOB_NOT_FOUND");
  }
  oc::GetDailyJobResponse response;
  *response.mutable_job() = job;
  return response;
}

absl::StatusOr<oc::GetIncidentTicketsResponse> FakeOpCon::GetIncidentTickets(
    const oc::GetIncidentTicketsRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetIncidentTickets"));
  oc::GetIncidentTicketsResponse response;
  for (const oc::IncidentTicket& ticket : tickets) {
    *response.add_tickets() = ticket;
  }
  return response;
}

absl::StatusOr<oc::SetIncidentTicketResponse> FakeOpCon::SetIncidentTicket(
    const oc::SetIncidentTicketRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("SetIncidentTicket"));
  oc::SetIncidentTicketResponse response;
  oc::IncidentTicket* ours = nullptr;
  for (oc::IncidentTicket& ticket : tickets) {
    if (ticket.ticket_id() == request.ticket_id() ||
        (!request.replaced_ticket_id().empty() &&
         ticket.ticket_id() == request.replaced_ticket_id())) {
      ours = &ticket;
      break;
    }
  }
  if (ours == nullptr) {
    ours = &tickets.emplace_back();
    ours->set_row_id(static_cast<int>(tickets.size()));
  }
  response.set_changed(ours->ticket_id() != request.ticket_id());
  ours->set_ticket_id(request.ticket_id());
  ours->set_ticket_url(request.ticket_url());
  *response.mutable_ticket() = *ours;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("SetIncidentTicket"));
  return response;
}

absl::StatusOr<oc::AppendDocumentationResponse> FakeOpCon::AppendDocumentation(
    const oc::AppendDocumentationRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("AppendDocumentation"));
  oc::AppendDocumentationResponse response;
  std::string* text = job.mutable_documentation()->mutable_job_text();
  if (!absl::StrContains(*text, request.marker())) {
    absl::StrAppend(text, "\n", request.text());
    response.set_changed(true);
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("AppendDocumentation"));
  return response;
}

absl::StatusOr<oc::ListJobLogsResponse> FakeOpCon::ListJobLogs(
    const oc::ListJobLogsRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListJobLogs"));
  if (logs.empty()) return NotFound("NO_JOB_LOG");
  oc::ListJobLogsResponse response;
  for (const auto& [path, content] : logs) {
    response.add_files()->set_path(path);
  }
  return response;
}

absl::Status FakeOpCon::ReadJobLog(
    const oc::ReadJobLogRequest& request,
    const std::function<void(absl::string_view)>& on_chunk) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ReadJobLog"));
  on_chunk(logs[request.path()]);
  return failures.After("ReadJobLog");
}

std::string FakeServiceNow::Add(const std::string& number,
                                sn::IncidentState state) {
  sn::Incident incident;
  incident.set_sys_id(absl::StrFormat("%032x", incidents.size() + 1));
  incident.set_number(number);
  incident.set_state(state);
  incident.set_state_value(absl::StrCat(static_cast<int>(state)));
  incident.set_url("https://example/" + incident.sys_id());
  incidents[incident.sys_id()] = incident;
  return incident.sys_id();
}

absl::StatusOr<sn::ListInstancesResponse> FakeServiceNow::ListInstances(
    const sn::ListInstancesRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListInstances"));
  sn::ListInstancesResponse response;
  response.add_instances()->set_name("prod");
  response.mutable_instances(0)->set_is_default(true);
  return response;
}

absl::StatusOr<sn::CreateIncidentResponse> FakeServiceNow::CreateIncident(
    const sn::CreateIncidentRequest& request) {
  last_create = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("CreateIncident"));
  sn::CreateIncidentResponse response;
  const std::string& sys_id = request.incident().sys_id();
  if (incidents.count(sys_id) == 0) {
    sn::Incident incident = request.incident();
    incident.set_number(absl::StrFormat("INC%07d", next_number_++));
    incident.set_state(sn::INCIDENT_STATE_NEW);
    incident.set_state_value("1");
    incident.set_url("https://example/" + sys_id);
    incidents[sys_id] = incident;
    response.set_created(true);
  }
  *response.mutable_incident() = incidents[sys_id];
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("CreateIncident"));
  return response;
}

absl::StatusOr<sn::GetIncidentResponse> FakeServiceNow::GetIncident(
    const sn::GetIncidentRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetIncident"));
  for (const auto& [sys_id, incident] : incidents) {
    if (sys_id == request.sys_id() ||
        (!request.number().empty() && incident.number() == request.number())) {
      sn::GetIncidentResponse response;
      *response.mutable_incident() = incident;
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
  sn::Incident& incident = found->second;
  const auto& allowed = request.allowed_from_states();
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(),
                                    incident.state()) == allowed.end()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "other state",
                     {.reason = "INCIDENT_STATE", .domain = "fake"});
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "state") incident.set_state(request.incident().state());
    if (path == "description") {
      incident.set_description(request.incident().description());
    }
  }
  const std::string& marker = request.journal_entry().marker();
  const bool noted = std::any_of(
      work_notes.begin(), work_notes.end(),
      [&](const std::string& note) { return absl::StrContains(note, marker); });
  if (!marker.empty() && !noted) {
    work_notes.push_back(request.journal_entry().text());
  }
  sn::UpdateIncidentResponse response;
  *response.mutable_incident() = incident;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("UpdateIncident"));
  return response;
}

absl::StatusOr<sn::AttachFileResponse> FakeServiceNow::AttachFile(
    const sn::AttachFileHeader& header, absl::string_view content) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("AttachFile"));
  sn::AttachFileResponse response;
  response.mutable_attachment()->set_file_name(header.file_name());
  const auto same = [&](const File& file) {
    return file.record == header.record_sys_id() &&
           file.name == header.file_name() && file.content == content;
  };
  if (std::none_of(files.begin(), files.end(), same)) {
    files.push_back(
        {header.record_sys_id(), header.file_name(), std::string(content)});
    response.set_created(true);
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("AttachFile"));
  return response;
}

}  // namespace opcon_snow::incident
