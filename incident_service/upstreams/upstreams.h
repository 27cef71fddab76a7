#ifndef OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_UPSTREAMS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_UPSTREAMS_H_

// The two gateways as the workflow sees them: blocking calls for its worker
// threads. One attempt each; the workflow retries. Errors are the gateways',
// with their details; a gateway that cannot be reached is UNAVAILABLE with
// reason GATEWAY_UNREACHABLE. Thread-safe.

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "opcon/v1/opcon_gateway.pb.h"
#include "servicenow/v1/servicenow_gateway.pb.h"

namespace opcon_snow::incident {

class OpCon {
 public:
  virtual ~OpCon() = default;
  virtual absl::StatusOr<::opcon::v1::ListInstancesResponse> ListInstances(
      const ::opcon::v1::ListInstancesRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::GetDailyJobResponse> GetDailyJob(
      const ::opcon::v1::GetDailyJobRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::ListDailyJobsResponse> ListDailyJobs(
      const ::opcon::v1::ListDailyJobsRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::ListJobHistoryResponse> ListJobHistory(
      const ::opcon::v1::ListJobHistoryRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::GetIncidentTicketsResponse>
  GetIncidentTickets(const ::opcon::v1::GetIncidentTicketsRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::SetIncidentTicketResponse>
  SetIncidentTicket(const ::opcon::v1::SetIncidentTicketRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::AppendDocumentationResponse>
  AppendDocumentation(
      const ::opcon::v1::AppendDocumentationRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::ListJobLogsResponse> ListJobLogs(
      const ::opcon::v1::ListJobLogsRequest& request) = 0;
  virtual absl::StatusOr<::opcon::v1::SubmitJobActionResponse> SubmitJobAction(
      const ::opcon::v1::SubmitJobActionRequest& request) = 0;
  // Hands each chunk to `on_chunk`, and is OK only if the stream was complete.
  virtual absl::Status ReadJobLog(
      const ::opcon::v1::ReadJobLogRequest& request,
      const std::function<void(absl::string_view)>& on_chunk) = 0;
};

class ServiceNow {
 public:
  virtual ~ServiceNow() = default;
  virtual absl::StatusOr<::servicenow::v1::ListInstancesResponse> ListInstances(
      const ::servicenow::v1::ListInstancesRequest& request) = 0;
  virtual absl::StatusOr<::servicenow::v1::CreateIncidentResponse>
  CreateIncident(const ::servicenow::v1::CreateIncidentRequest& request) = 0;
  virtual absl::StatusOr<::servicenow::v1::GetIncidentResponse> GetIncident(
      const ::servicenow::v1::GetIncidentRequest& request) = 0;
  virtual absl::StatusOr<::servicenow::v1::ListIncidentsResponse> ListIncidents(
      const ::servicenow::v1::ListIncidentsRequest& request) = 0;
  virtual absl::StatusOr<::servicenow::v1::UpdateIncidentResponse>
  UpdateIncident(const ::servicenow::v1::UpdateIncidentRequest& request) = 0;
  virtual absl::StatusOr<::servicenow::v1::ListJournalEntriesResponse>
  ListJournalEntries(
      const ::servicenow::v1::ListJournalEntriesRequest& request) = 0;
  virtual absl::StatusOr<::servicenow::v1::LookupRecordsResponse> LookupRecords(
      const ::servicenow::v1::LookupRecordsRequest& request) = 0;
  // Sends `header`, filled by the caller, and then `content`.
  virtual absl::StatusOr<::servicenow::v1::AttachFileResponse> AttachFile(
      const ::servicenow::v1::AttachFileHeader& header,
      absl::string_view content) = 0;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_UPSTREAMS_H_
