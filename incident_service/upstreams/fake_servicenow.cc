// FakeServiceNow.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/store/times.h"
#include "incident_service/upstreams/fake_upstreams.h"

namespace opcon_snow::incident {
namespace {

namespace sn = ::servicenow::v1;

void PutState(sn::IncidentState state, sn::Incident* incident) {
  const auto is_done = [](sn::IncidentState in) {
    return in == sn::INCIDENT_STATE_RESOLVED ||
           in == sn::INCIDENT_STATE_CLOSED || in == sn::INCIDENT_STATE_CANCELED;
  };
  if (is_done(incident->state()) && !is_done(state)) {
    incident->set_reopen_count(incident->reopen_count() + 1);
  }
  incident->set_state(state);
  incident->set_state_value(absl::StrCat(static_cast<int>(state)));
  incident->set_active(state != sn::INCIDENT_STATE_CLOSED &&
                       state != sn::INCIDENT_STATE_CANCELED);
}

// Whether writing the request's fields would change nothing.
bool IsAsWanted(const sn::Incident& is,
                const sn::UpdateIncidentRequest& request) {
  const sn::Incident& wanted = request.incident();
  for (const std::string& path : request.update_mask().paths()) {
    if ((path == "state" && is.state() != wanted.state()) ||
        (path == "description" && is.description() != wanted.description()) ||
        (path == "close_notes" && is.close_notes() != wanted.close_notes()) ||
        (path == "correlation_id" &&
         is.correlation_id() != wanted.correlation_id())) {
      return false;
    }
  }
  return true;
}

}  // namespace

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

void FakeServiceNow::SetState(FakeIncident* incident, sn::IncidentState state,
                              const std::string& user) {
  PutState(state, &incident->incident);
  Touch(incident, user);
}

void FakeServiceNow::Touch(FakeIncident* incident, const std::string& user) {
  sn::Incident& fields = incident->incident;
  fields.set_modification_count(fields.modification_count() + 1);
  fields.set_updated_by(user);
  if (clock == nullptr) return;
  // ServiceNow counts in seconds.
  SetTime(absl::FromUnixSeconds(absl::ToUnixSeconds(clock->Now())),
          fields.mutable_update_time());
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
  return FakeNotFound("UNKNOWN_INSTANCE");
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
    instance->set_integration_user(integration_user);
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
    SetState(&fake, sn::INCIDENT_STATE_NEW, integration_user);
    // An insert is no change.
    fake.incident.set_modification_count(0);
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
  return FakeNotFound("RECORD_NOT_FOUND");
}

absl::StatusOr<sn::ListIncidentsResponse> FakeServiceNow::ListIncidents(
    const sn::ListIncidentsRequest& request) {
  last_list = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListIncidents"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string instance,
                              InstanceOf(request.instance()));
  const auto position = [](const sn::Incident& incident) {
    return std::pair(ToTime(incident.update_time()), incident.sys_id());
  };
  const auto& ids = request.sys_ids();
  std::vector<sn::Incident> found;
  for (const auto& [sys_id, fake] : incidents) {
    const std::pair since(ToTime(request.updated_since_time()),
                          request.updated_since_sys_id());
    const bool later = since.second.empty()
                           ? position(fake.incident).first >= since.first
                           : position(fake.incident) > since;
    if (fake.instance == instance &&
        (!request.has_updated_since_time() || later) &&
        (ids.empty() ||
         std::find(ids.begin(), ids.end(), sys_id) != ids.end())) {
      found.push_back(fake.incident);
    }
  }
  std::sort(found.begin(), found.end(),
            [&](const sn::Incident& a, const sn::Incident& b) {
              return position(a) < position(b);
            });
  std::size_t from = 0;
  static_cast<void>(absl::SimpleAtoi(request.page_token(), &from));
  sn::ListIncidentsResponse response;
  const std::size_t size = request.page_size() > 0
                               ? static_cast<std::size_t>(request.page_size())
                               : 100;
  for (std::size_t i = from; i < found.size(); ++i) {
    if (i == from + size) {
      response.set_next_page_token(absl::StrCat(i));
      break;
    }
    *response.add_incidents() = found[i];
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListIncidents"));
  return response;
}

absl::StatusOr<sn::UpdateIncidentResponse> FakeServiceNow::UpdateIncident(
    const sn::UpdateIncidentRequest& request) {
  last_update = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("UpdateIncident"));
  const auto found = incidents.find(request.incident().sys_id());
  if (found == incidents.end()) return FakeNotFound("RECORD_NOT_FOUND");
  FakeIncident& fake = found->second;
  const sn::Incident& wanted = request.incident();
  const std::string& marker = request.journal_entry().marker();
  const bool noted = std::any_of(
      fake.work_notes.begin(), fake.work_notes.end(),
      [&](const std::string& note) { return absl::StrContains(note, marker); });
  sn::UpdateIncidentResponse response;
  if (noted && IsAsWanted(fake.incident, request)) {
    *response.mutable_incident() = fake.incident;
    OPCON_SNOW_RETURN_IF_ERROR(failures.After("UpdateIncident"));
    return response;
  }
  const auto& allowed = request.allowed_from_states();
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(),
                                    fake.incident.state()) == allowed.end()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "other state",
                     {.reason = "INCIDENT_STATE", .domain = "fake"});
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "state") {
      if (wanted.state() == sn::INCIDENT_STATE_RESOLVED &&
          fake.incident.state() != sn::INCIDENT_STATE_RESOLVED) {
        ++fake.resolved_by_request;
      }
      PutState(wanted.state(), &fake.incident);
    }
    if (path == "close_code") {
      fake.incident.set_close_code(wanted.close_code());
    }
    if (path == "close_notes") {
      fake.incident.set_close_notes(wanted.close_notes());
    }
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
  if (!marker.empty() && !noted) {
    fake.work_notes.push_back(request.journal_entry().text());
    response.set_journal_entry_added(true);
  }
  if (request.update_mask().paths_size() > 0 ||
      response.journal_entry_added()) {
    Touch(&fake, integration_user);
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
  if (found == incidents.end()) return FakeNotFound("RECORD_NOT_FOUND");
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
  if (found == incidents.end()) return FakeNotFound("RECORD_NOT_FOUND");
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
