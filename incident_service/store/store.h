#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_H_

// The memory of the incident service: reports, their steps, failures, links.
//
// Everything that a method acknowledges is on stable storage when the method
// returns. Work is handed out by claims: a claimed step belongs to one worker,
// and every write on its behalf is refused once the claim is no longer the
// latest (its epoch is the fence), so that a worker that was believed dead
// cannot undo what its successor did.
//
// All methods may be called from any thread. Errors: UNAVAILABLE with reason
// STORE_UNAVAILABLE if the storage fails (nothing has changed then); what else
// a method can answer is said there.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_store/v1/records.pb.h"

namespace opcon_snow::incident {

// A report as it is kept, with what its steps know.
struct StoredReport {
  // `steps`, `state` and times are filled from the rows of the steps.
  ::incident::v1::Report report;
  ::incident_store::v1::Memo memo;
};

struct CreatedReport {
  ::incident::v1::Report report;
  // True if the request_id was known and nothing was added.
  bool duplicate = false;
};

// A step that belongs to the caller until it is committed or the claim ends.
struct StepClaim {
  std::string report_id;
  ::incident::v1::StepKind kind = ::incident::v1::STEP_KIND_UNSPECIFIED;
  // Grows with each claim of the step.
  std::int64_t epoch = 0;
};

struct ClaimedStep {
  StepClaim claim;
  // As it is now: RUNNING, `attempts` already counting this one.
  ::incident::v1::Step step;
  StoredReport stored;
};

// What a step leaves behind; written as one.
struct StepCommit {
  StepClaim claim;
  // The step as it is to be. RUNNING keeps the claim, every other state gives
  // it back; WAITING needs `next_attempt_time`.
  ::incident::v1::Step step;
  // Replaces the report's own fields (not steps, state, times); nullopt: none.
  std::optional<::incident::v1::Report> report;
  std::optional<::incident_store::v1::Memo> memo;
  // Steps that begin now.
  std::vector<::incident::v1::StepKind> next_steps;
  // Written by job key and destination.
  std::optional<::incident::v1::TicketLink> link;
  // Adds this ticket to the failure of the report.
  std::optional<::incident::v1::TicketRef> failure_ticket;
  // Ends the report in this state instead of the one its steps give: MERGED,
  // SUPPRESSED.
  ::incident::v1::ReportState final_state =
      ::incident::v1::REPORT_STATE_UNSPECIFIED;
};

// Filters of ListReports; empty means any. All must hold. The members have
// initializers so that `{.opcon = "x"}` gives no warning.
struct ReportFilter {
  std::vector<::incident::v1::ReportState> states{};
  std::string opcon{};
  std::string job_name{};
  std::string schedule_name{};
  std::string schedule_date{};  // YYYYMMDD
  std::string request_id{};
  std::optional<absl::Time> created_since{};
};

struct ReportPage {
  std::vector<::incident::v1::Report> reports;
  // The id to continue before; empty after the last page.
  std::string next;
};

class Store {
 public:
  virtual ~Store() = default;

  // Adds a report, with `first_steps` due at once (none: a dead letter from
  // the start, as rejected command lines are). `digest` stands for the whole
  // observation: the same request_id with another digest is INVALID_ARGUMENT
  // with reason REQUEST_ID_REUSED. RESOURCE_EXHAUSTED with reason OVERLOADED
  // if more than `max_open` reports are open.
  virtual absl::StatusOr<CreatedReport> CreateReport(
      const ::incident::v1::Report& report, absl::string_view digest,
      const std::vector<::incident::v1::StepKind>& first_steps,
      std::int64_t max_open) = 0;

  // NOT_FOUND with reason RECORD_NOT_FOUND.
  virtual absl::StatusOr<StoredReport> GetReport(
      absl::string_view report_id) = 0;

  // Newest first, those before the id `before` (empty: from the newest).
  virtual absl::StatusOr<ReportPage> ListReports(const ReportFilter& filter,
                                                 absl::string_view before,
                                                 int limit) = 0;

  // Hands out up to `limit` steps that are due at `now`, oldest report first.
  // Of reports with one job key, only the oldest open one is handed out until
  // its ticket is settled; log attachments do not count.
  virtual absl::StatusOr<std::vector<ClaimedStep>> ClaimSteps(absl::Time now,
                                                              int limit) = 0;

  // When the next step that waits is due; absl::InfiniteFuture() if none is.
  // Steps that wait for another report of their job are not counted.
  virtual absl::StatusOr<absl::Time> NextDueTime() = 0;

  // ABORTED if the claim is no longer the latest. To be asked right before an
  // effect.
  virtual absl::Status CheckClaim(const StepClaim& claim) = 0;

  // Makes the failure known on behalf of the claim's report and returns the
  // report that owns it at this destination: the caller's own, or the earlier
  // one that it is to be merged into. Repeating it gives the same answer.
  virtual absl::StatusOr<std::string> OwnFailure(
      const StepClaim& claim, const ::incident::v1::Failure& failure,
      absl::string_view servicenow) = 0;

  // ABORTED if the claim is no longer the latest; nothing is written then.
  virtual absl::Status Commit(const StepCommit& commit) = 0;

  // nullopt if there is none.
  virtual absl::StatusOr<std::optional<::incident::v1::TicketLink>> FindLink(
      const ::incident::v1::JobKey& job_key, absl::string_view servicenow) = 0;

  // Makes the failed or waiting steps of a dead letter or waiting report due
  // now. NOT_FOUND; FAILED_PRECONDITION with reason REPORT_STATE in any other
  // state, except that a report at work is simply returned.
  virtual absl::StatusOr<::incident::v1::Report> RetryReport(
      absl::string_view report_id) = 0;

  // Ends a report as DISCARDED. NOT_FOUND; FAILED_PRECONDITION with reason
  // REPORT_STATE if a step is under way or the report has ended otherwise.
  virtual absl::StatusOr<::incident::v1::Report> DiscardReport(
      absl::string_view report_id, absl::string_view reason) = 0;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_H_
