#ifndef OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_FAKE_UPSTREAMS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_FAKE_UPSTREAMS_H_

// Both upstreams in memory, behaving as the gateways promise, with failures on
// demand. Tests only; not thread-safe.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "incident_service/upstreams/upstreams.h"

namespace opcon_snow::incident {

// Which calls fail, and whether their effect happens all the same.
class FailurePlan {
 public:
  // The next `times` calls of the RPC fail with `status` before anything.
  void FailBefore(const std::string& rpc, absl::Status status, int times = 1);
  // The next call does its work and its answer is lost.
  void LoseAnswer(const std::string& rpc);

  // To be asked by the fake at the beginning and the end of each call.
  absl::Status Before(const std::string& rpc);
  absl::Status After(const std::string& rpc);
  // Calls made, also those that failed.
  int calls(const std::string& rpc) const;

 private:
  struct Planned {
    absl::Status status;
    int times = 0;
  };
  std::map<std::string, Planned> before_;
  std::map<std::string, int> lost_;
  std::map<std::string, int> calls_;
};

class FakeOpCon final : public OpCon {
 public:
  FailurePlan failures;
  ::opcon::v1::DailyJob job;
  bool has_job = true;
  std::vector<::opcon::v1::IncidentTicket> tickets;
  // Content by path; none: NO_JOB_LOG.
  std::map<std::string, std::string> logs;

  absl::StatusOr<::opcon::v1::ListInstancesResponse> ListInstances(
      const ::opcon::v1::ListInstancesRequest& request) override;
  absl::StatusOr<::opcon::v1::GetDailyJobResponse> GetDailyJob(
      const ::opcon::v1::GetDailyJobRequest& request) override;
  absl::StatusOr<::opcon::v1::GetIncidentTicketsResponse> GetIncidentTickets(
      const ::opcon::v1::GetIncidentTicketsRequest& request) override;
  absl::StatusOr<::opcon::v1::SetIncidentTicketResponse> SetIncidentTicket(
      const ::opcon::v1::SetIncidentTicketRequest& request) override;
  absl::StatusOr<::opcon::v1::AppendDocumentationResponse> AppendDocumentation(
      const ::opcon::v1::AppendDocumentationRequest& request) override;
  absl::StatusOr<::opcon::v1::ListJobLogsResponse> ListJobLogs(
      const ::opcon::v1::ListJobLogsRequest& request) override;
  absl::Status ReadJobLog(
      const ::opcon::v1::ReadJobLogRequest& request,
      const std::function<void(absl::string_view)>& on_chunk) override;
};

class FakeServiceNow final : public ServiceNow {
 public:
  struct File {
    std::string record;
    std::string name;
    std::string content;
  };

  FailurePlan failures;
  // By sys_id.
  std::map<std::string, ::servicenow::v1::Incident> incidents;
  std::vector<std::string> work_notes;
  std::vector<File> files;
  // The last request of each kind.
  ::servicenow::v1::CreateIncidentRequest last_create;
  ::servicenow::v1::UpdateIncidentRequest last_update;

  // Adds an incident in a state; returns its sys_id.
  std::string Add(const std::string& number,
                  ::servicenow::v1::IncidentState state);

  absl::StatusOr<::servicenow::v1::ListInstancesResponse> ListInstances(
      const ::servicenow::v1::ListInstancesRequest& request) override;
  absl::StatusOr<::servicenow::v1::CreateIncidentResponse> CreateIncident(
      const ::servicenow::v1::CreateIncidentRequest& request) override;
  absl::StatusOr<::servicenow::v1::GetIncidentResponse> GetIncident(
      const ::servicenow::v1::GetIncidentRequest& request) override;
  absl::StatusOr<::servicenow::v1::UpdateIncidentResponse> UpdateIncident(
      const ::servicenow::v1::UpdateIncidentRequest& request) override;
  absl::StatusOr<::servicenow::v1::AttachFileResponse> AttachFile(
      const ::servicenow::v1::AttachFileHeader& header,
      absl::string_view content) override;

 private:
  int next_number_ = 1;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_FAKE_UPSTREAMS_H_
