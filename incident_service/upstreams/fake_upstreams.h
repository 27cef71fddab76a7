#ifndef OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_FAKE_UPSTREAMS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_FAKE_UPSTREAMS_H_

// Upstreams in memory that behave like the gateways where the workflow can
// tell, with failures on demand. Not thread-safe.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident_service/upstreams/upstreams.h"

namespace opcon_snow::incident {

// What a fake answers for what it does not have.
absl::Status FakeNotFound(const std::string& reason);

// Which calls fail, and whether their effect happens all the same.
class FailurePlan {
 public:
  enum class Moment { kBefore, kAfter };

  // The next `times` calls of the RPC fail with `status` before anything.
  void FailBefore(const std::string& rpc, absl::Status status, int times = 1);
  // The next call does its work and its answer is lost.
  void LoseAnswer(const std::string& rpc);
  // Asked for every call beside the two above. An error before the work keeps
  // it from being done; one after it takes the place of the answer.
  std::function<absl::Status(const std::string& rpc, Moment moment)> script;

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

// A job in the daily tables with everything that hangs on it.
struct FakeJob {
  ::opcon::v1::DailyJob job;
  std::vector<::opcon::v1::IncidentTicket> tickets;
  // Ended runs, oldest first, the one that the job shows included.
  std::vector<::opcon::v1::JobRun> runs;
  // Logs of the latest run of each number: content by path. None: NO_JOB_LOG.
  std::map<int, std::map<std::string, std::string>> logs;
};

// An action that was carried out.
struct FakeAction {
  ::opcon::v1::JobActionKind kind = ::opcon::v1::JOB_ACTION_KIND_UNSPECIFIED;
  // As it was before.
  ::opcon::v1::DailyJob job;
};

class FakeOpCon final : public OpCon {
 public:
  FailurePlan failures;
  // By id; see Define.
  std::map<std::string, FakeJob> jobs;
  // Whether a restart keeps the number of the run.
  bool keeps_job_number = false;
  // False: UNIMPLEMENTED, as versions without history answer.
  bool has_history = true;
  // False: each job has one ticket only, and the second is refused.
  bool has_ticket_list = true;
  std::string public_address = "opcon.example:9010";
  // What was sent to OpCon, in order, as `markFixed <job id>`; also what it
  // refused.
  std::vector<std::string> actions;
  std::vector<FakeAction> carried_out;
  // Unless empty, OpCon refuses actions with these words.
  std::string refusal;
  // What happens to a job between the gateway's look at it and the next action.
  std::function<void()> before_action;
  // The last request of ListDailyJobs.
  ::opcon::v1::ListDailyJobsRequest last_list;

  // A job that waits, with the schedule "Payroll", a machine and no run.
  FakeJob& Define(const std::string& id);
  // The job starts, or is restarted, and runs.
  void Start(const std::string& id, absl::Time now);
  // Its run ends; one that does not run is started first.
  void Fail(const std::string& id, absl::Time now,
            const std::string& log = "line 1\nline 2");
  void Finish(const std::string& id, absl::Time now);
  // What an operator does, or an action.
  void Mark(const std::string& id, ::opcon::v1::JobCategory category,
            const std::string& words);

  absl::StatusOr<::opcon::v1::ListInstancesResponse> ListInstances(
      const ::opcon::v1::ListInstancesRequest& request) override;
  absl::StatusOr<::opcon::v1::GetDailyJobResponse> GetDailyJob(
      const ::opcon::v1::GetDailyJobRequest& request) override;
  // By names, categories and days (those of the ids); an instance other than
  // "production" is unknown.
  absl::StatusOr<::opcon::v1::ListDailyJobsResponse> ListDailyJobs(
      const ::opcon::v1::ListDailyJobsRequest& request) override;
  absl::StatusOr<::opcon::v1::ListJobHistoryResponse> ListJobHistory(
      const ::opcon::v1::ListJobHistoryRequest& request) override;
  absl::StatusOr<::opcon::v1::GetIncidentTicketsResponse> GetIncidentTickets(
      const ::opcon::v1::GetIncidentTicketsRequest& request) override;
  absl::StatusOr<::opcon::v1::SetIncidentTicketResponse> SetIncidentTicket(
      const ::opcon::v1::SetIncidentTicketRequest& request) override;
  absl::StatusOr<::opcon::v1::AppendDocumentationResponse> AppendDocumentation(
      const ::opcon::v1::AppendDocumentationRequest& request) override;
  absl::StatusOr<::opcon::v1::ListJobLogsResponse> ListJobLogs(
      const ::opcon::v1::ListJobLogsRequest& request) override;
  absl::StatusOr<::opcon::v1::SubmitJobActionResponse> SubmitJobAction(
      const ::opcon::v1::SubmitJobActionRequest& request) override;
  absl::Status ReadJobLog(
      const ::opcon::v1::ReadJobLogRequest& request,
      const std::function<void(absl::string_view)>& on_chunk) override;

 private:
  FakeJob* Find(const ::opcon::v1::JobSelector& selector);
  const std::map<std::string, std::string>* LogsOf(int job_number) const;
  void End(FakeJob* job, absl::Time now, ::opcon::v1::JobCategory category,
           const std::string& words, const std::string& termination);

  int last_job_number_ = 49894;
  std::int64_t last_uid_ = 4710;
  int last_row_id_ = 0;
};

// An incident with what hangs on it.
struct FakeIncident {
  // The name of the ServiceNow instance.
  std::string instance;
  ::servicenow::v1::Incident incident;
  // Of the request that created it; empty if a person did.
  std::string created_with_marker;
  std::vector<std::string> work_notes;
  // How often a request has resolved it.
  int resolved_by_request = 0;
  struct File {
    std::string name;
    std::string content;
  };
  std::vector<File> files;
};

class FakeServiceNow final : public ServiceNow {
 public:
  FailurePlan failures;
  // The first is the default.
  std::vector<std::string> instances = {"prod"};
  // Stamps changes; null: they carry no time.
  const Clock* clock = nullptr;
  std::string integration_user = "opcon.integration";
  // By sys_id.
  std::map<std::string, FakeIncident> incidents;
  // Of other tables; found by exact values.
  std::vector<::servicenow::v1::Record> records;
  // The last request of each kind.
  ::servicenow::v1::CreateIncidentRequest last_create;
  ::servicenow::v1::UpdateIncidentRequest last_update;
  ::servicenow::v1::LookupRecordsRequest last_lookup;
  ::servicenow::v1::ListIncidentsRequest last_list;

  // Adds an incident in a state, as a person would; returns its sys_id.
  std::string Add(const std::string& number,
                  ::servicenow::v1::IncidentState state,
                  const std::string& instance = "prod");
  void SetState(FakeIncident* incident, ::servicenow::v1::IncidentState state,
                const std::string& user = "a.person");
  // Changes it otherwise.
  void Touch(FakeIncident* incident, const std::string& user = "a.person");
  // Of all incidents, in the order of their sys_ids.
  std::vector<std::string> work_notes() const;
  std::vector<FakeIncident::File> files() const;

  absl::StatusOr<::servicenow::v1::ListInstancesResponse> ListInstances(
      const ::servicenow::v1::ListInstancesRequest& request) override;
  absl::StatusOr<::servicenow::v1::CreateIncidentResponse> CreateIncident(
      const ::servicenow::v1::CreateIncidentRequest& request) override;
  absl::StatusOr<::servicenow::v1::GetIncidentResponse> GetIncident(
      const ::servicenow::v1::GetIncidentRequest& request) override;
  absl::StatusOr<::servicenow::v1::ListIncidentsResponse> ListIncidents(
      const ::servicenow::v1::ListIncidentsRequest& request) override;
  absl::StatusOr<::servicenow::v1::UpdateIncidentResponse> UpdateIncident(
      const ::servicenow::v1::UpdateIncidentRequest& request) override;
  absl::StatusOr<::servicenow::v1::ListJournalEntriesResponse>
  ListJournalEntries(
      const ::servicenow::v1::ListJournalEntriesRequest& request) override;
  absl::StatusOr<::servicenow::v1::LookupRecordsResponse> LookupRecords(
      const ::servicenow::v1::LookupRecordsRequest& request) override;
  absl::StatusOr<::servicenow::v1::AttachFileResponse> AttachFile(
      const ::servicenow::v1::AttachFileHeader& header,
      absl::string_view content) override;

 private:
  absl::StatusOr<std::string> InstanceOf(const std::string& asked) const;

  int next_number_ = 1;
  int last_person_id_ = 0;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_FAKE_UPSTREAMS_H_
