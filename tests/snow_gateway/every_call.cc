#include "tests/snow_gateway/every_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {

namespace v1 = ::servicenow::v1;
using Stub = v1::ServiceNowGateway::StubInterface;
using Json = absl::StatusOr<std::string>;

namespace {

template <class Reply>
Json Shown(const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return reply.status();
  return ToJson(*reply);
}

Json ListInstances(Stub& stub, const CallSubject& /*subject*/,
                   const std::string& /*unique*/,
                   const rpc::CallOptions& options) {
  v1::ListInstancesRequest request;
  request.set_probe(true);
  return Shown(rpc::Call(stub, &Stub::ListInstances, request, options));
}

Json CreateIncident(Stub& stub, const CallSubject& subject,
                    const std::string& unique,
                    const rpc::CallOptions& options) {
  v1::CreateIncidentRequest request;
  request.set_instance(subject.instance);
  v1::Incident& incident = *request.mutable_incident();
  incident.set_sys_id(SysId(unique));
  incident.set_short_description("Job failed");
  incident.set_description(absl::StrCat("It failed.\n[failure ", unique, "]"));
  incident.set_correlation_id(absl::StrCat("opcon:9010,", unique));
  incident.set_correlation_display("SMA_OPCON");
  request.set_marker(absl::StrCat("[failure ", unique, "]"));
  return Shown(rpc::Call(stub, &Stub::CreateIncident, request, options));
}

Json GetIncident(Stub& stub, const CallSubject& subject,
                 const std::string& /*unique*/,
                 const rpc::CallOptions& options) {
  v1::GetIncidentRequest request;
  request.set_instance(subject.instance);
  request.set_sys_id(subject.incident_sys_id);
  return Shown(rpc::Call(stub, &Stub::GetIncident, request, options));
}

Json ListIncidents(Stub& stub, const CallSubject& subject,
                   const std::string& /*unique*/,
                   const rpc::CallOptions& options) {
  v1::ListIncidentsRequest request;
  request.set_instance(subject.instance);
  request.add_sys_ids(subject.incident_sys_id);
  return Shown(rpc::Call(stub, &Stub::ListIncidents, request, options));
}

Json UpdateIncident(Stub& stub, const CallSubject& subject,
                    const std::string& unique,
                    const rpc::CallOptions& options) {
  v1::UpdateIncidentRequest request;
  request.set_instance(subject.instance);
  request.mutable_incident()->set_sys_id(subject.incident_sys_id);
  request.mutable_incident()->set_short_description("Job failed again");
  request.mutable_update_mask()->add_paths("short_description");
  v1::NewJournalEntry& entry = *request.mutable_journal_entry();
  entry.set_column(v1::JOURNAL_COLUMN_WORK_NOTES);
  entry.set_marker(absl::StrCat("[note ", unique, "]"));
  entry.set_text(absl::StrCat("It failed again. ", entry.marker()));
  return Shown(rpc::Call(stub, &Stub::UpdateIncident, request, options));
}

Json ListJournalEntries(Stub& stub, const CallSubject& subject,
                        const std::string& /*unique*/,
                        const rpc::CallOptions& options) {
  v1::ListJournalEntriesRequest request;
  request.set_instance(subject.instance);
  request.set_incident_sys_id(subject.incident_sys_id);
  return Shown(rpc::Call(stub, &Stub::ListJournalEntries, request, options));
}

Json AttachFile(Stub& stub, const CallSubject& subject,
                const std::string& unique, const rpc::CallOptions& options) {
  v1::AttachFileHeader header;
  header.set_instance(subject.instance);
  header.set_record_sys_id(subject.incident_sys_id);
  header.set_file_name(absl::StrCat("log ", unique, ".txt"));
  return Shown(SendFile(stub, header, "It failed.\n", options));
}

Json ListAttachments(Stub& stub, const CallSubject& subject,
                     const std::string& /*unique*/,
                     const rpc::CallOptions& options) {
  v1::ListAttachmentsRequest request;
  request.set_instance(subject.instance);
  request.set_record_sys_id(subject.incident_sys_id);
  return Shown(rpc::Call(stub, &Stub::ListAttachments, request, options));
}

Json ReadAttachment(Stub& stub, const CallSubject& subject,
                    const std::string& /*unique*/,
                    const rpc::CallOptions& options) {
  v1::ReadAttachmentRequest request;
  request.set_instance(subject.instance);
  request.set_sys_id(subject.attachment_sys_id);
  std::string shown;
  absl::Status status =
      rpc::ReadStream(stub, &Stub::ReadAttachment, request, options,
                      std::function<absl::Status(v1::ReadAttachmentResponse&)>(
                          [&shown](v1::ReadAttachmentResponse& part) {
                            absl::StrAppend(&shown, ToJson(part));
                            return absl::OkStatus();
                          }));
  if (!status.ok()) return status;
  return shown;
}

Json LookupRecords(Stub& stub, const CallSubject& subject,
                   const std::string& /*unique*/,
                   const rpc::CallOptions& options) {
  v1::LookupRecordsRequest request;
  request.set_instance(subject.instance);
  request.set_table("sys_user_group");
  v1::Condition& condition = *request.add_conditions();
  condition.set_column("name");
  condition.add_values("Network");
  return Shown(rpc::Call(stub, &Stub::LookupRecords, request, options));
}

}  // namespace

std::vector<EveryCall> AllCalls(const CallSubject& subject) {
  const std::string incidents = "/api/now/table/incident";
  const std::string attachments = "/api/now/attachment";
  const std::string incident =
      absl::StrCat(incidents, "/", subject.incident_sys_id);
  return {
      {"ListInstances", "GET", incidents, false, &ListInstances},
      {"CreateIncident", "POST", incidents, true, &CreateIncident},
      {"GetIncident", "GET", incident, false, &GetIncident},
      {"ListIncidents", "GET", incidents, false, &ListIncidents},
      {"UpdateIncident", "PATCH", incident, true, &UpdateIncident},
      {"ListJournalEntries", "GET", "/api/now/table/sys_journal_field", false,
       &ListJournalEntries},
      {"AttachFile", "POST", absl::StrCat(attachments, "/file"), true,
       &AttachFile},
      {"ListAttachments", "GET", attachments, false, &ListAttachments},
      {"ReadAttachment", "GET",
       absl::StrCat(attachments, "/", subject.attachment_sys_id), false,
       &ReadAttachment},
      {"LookupRecords", "GET", "/api/now/table/sys_user_group", false,
       &LookupRecords},
  };
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string text;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &text);
  return status.ok() ? text : std::string(status.message());
}

}  // namespace opcon_snow
