#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_H_

// The store in a file of this machine, for one process.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// An exclusive lock beside the file, held until destroyed: SQLite would let a
// second process in, and both would hand out the same steps.
class StoreLock {
 public:
  // FAILED_PRECONDITION if another process holds it.
  static absl::StatusOr<std::unique_ptr<StoreLock>> Acquire(
      const std::string& path);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

// DATA_LOSS: `what` was found in the file and makes no sense.
absl::Status CorruptRecord(absl::string_view what);

class SqliteStore final : public Store {
 public:
  // Opens or makes the file, brings it to the present schema, and makes due
  // again every step that was under way when the last process ended. `clock`
  // must outlive the store.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const std::string& path, Clock* clock);

  absl::StatusOr<CreatedReport> CreateReport(
      const ::incident::v1::Report& report, absl::string_view digest,
      const std::vector<::incident::v1::StepKind>& first_steps,
      std::int64_t max_open) override;
  absl::StatusOr<StoredReport> GetReport(absl::string_view report_id) override;
  absl::StatusOr<ReportPage> ListReports(const ReportFilter& filter,
                                         absl::string_view before,
                                         int limit) override;
  absl::StatusOr<std::vector<ClaimedStep>> ClaimSteps(absl::Time now,
                                                      int limit) override;
  absl::StatusOr<absl::Time> NextDueTime() override;
  absl::Status CheckClaim(const StepClaim& claim) override;
  absl::StatusOr<std::string> OwnFailure(const StepClaim& claim,
                                         const ::incident::v1::Failure& failure,
                                         absl::string_view servicenow) override;
  absl::Status Commit(const StepCommit& commit) override;
  absl::StatusOr<std::optional<::incident::v1::TicketLink>> FindLink(
      const ::incident::v1::JobKey& job_key,
      absl::string_view servicenow) override;
  absl::StatusOr<::incident::v1::Report> RetryReport(
      absl::string_view report_id) override;
  absl::StatusOr<::incident::v1::Report> DiscardReport(
      absl::string_view report_id, absl::string_view reason) override;

 private:
  SqliteStore(std::unique_ptr<StoreLock> lock, std::unique_ptr<Database> db,
              Clock* clock);

  // All below: `mutex_` is held, and unless said otherwise a transaction is
  // open.
  absl::Status ReleaseRunningSteps();
  absl::StatusOr<StoredReport> Load(absl::string_view report_id);
  // Derives the state unless `final_state` says one, sets times, writes.
  absl::Status Save(StoredReport* stored,
                    ::incident::v1::ReportState final_state =
                        ::incident::v1::REPORT_STATE_UNSPECIFIED);
  absl::Status InsertReport(const StoredReport& stored);
  absl::Status InsertStep(const ::incident::v1::Report& report,
                          ::incident::v1::StepKind kind, absl::Time due);
  absl::Status SetStepRow(absl::string_view report_id,
                          const ::incident::v1::Step& step, absl::Time due);
  absl::Status CheckClaimLocked(const StepClaim& claim);
  absl::StatusOr<ClaimedStep> ClaimOne(const std::string& report_id,
                                       ::incident::v1::StepKind kind,
                                       absl::Time now);
  absl::StatusOr<std::optional<CreatedReport>> FindRequest(
      absl::string_view request_id, absl::string_view digest);
  absl::Status CheckOpenReports(std::int64_t max_open);
  absl::Status AddFailureTicket(absl::string_view failure_id,
                                const ::incident::v1::TicketRef& ticket);
  absl::Status PutLink(const ::incident::v1::TicketLink& link);
  std::string NewReportId(absl::Time now);

  const std::unique_ptr<StoreLock> lock_;
  Clock* const clock_;
  std::mutex mutex_;
  const std::unique_ptr<Database> db_;
  // For ids that grow also within a millisecond.
  std::int64_t last_id_millis_ = 0;
  std::uint32_t id_counter_ = 0;
  std::mt19937_64 random_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_H_
