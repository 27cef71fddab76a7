#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_MEMORY_STORE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_MEMORY_STORE_H_

// The store as plain maps, for the simulation and as the model that the
// conformance suite is understood by. Tests only: it forgets everything, and
// looks at every report whenever a step is asked for.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/clock/clock.h"
#include "incident_service/store/signals.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

class MemoryStore final : public Store {
 public:
  // `clock` must outlive the store. Ids are made from `seed`.
  explicit MemoryStore(Clock* clock, std::uint64_t seed = 1);

  void CreateReportAsync(NewReport fresh, CreateDone done) override;
  absl::StatusOr<std::optional<ClaimedWatch>> ClaimWatch(
      absl::string_view name, absl::string_view worker,
      absl::Duration lease) override;
  absl::StatusOr<int> CommitWatch(const WatchCommit& commit) override;
  absl::StatusOr<StoredReport> GetReport(absl::string_view report_id) override;
  absl::StatusOr<ReportPage> ListReports(const ReportFilter& filter,
                                         absl::string_view before,
                                         int limit) override;
  absl::StatusOr<std::vector<ClaimedStep>> ClaimSteps(
      const ClaimRequest& request) override;
  absl::StatusOr<absl::Duration> TimeToNextStep() override;
  absl::StatusOr<std::vector<StepClaim>> RenewClaims(
      const std::vector<StepClaim>& claims, absl::Duration lease) override;
  absl::Status ReleaseClaims(absl::string_view worker) override;
  absl::Status CheckClaim(const StepClaim& claim) override;
  absl::StatusOr<std::string> OwnFailure(const StepClaim& claim,
                                         const ::incident::v1::Failure& failure,
                                         absl::string_view servicenow) override;
  absl::Status Commit(const StepCommit& commit) override;
  absl::StatusOr<std::vector<ClaimedStep>> CommitAndClaim(
      const StepCommit& commit, const ClaimRequest& request) override;
  absl::StatusOr<std::optional<::incident::v1::TicketLink>> FindLink(
      const ::incident::v1::JobKey& job_key,
      absl::string_view servicenow) override;
  absl::StatusOr<Page<::incident::v1::TicketLink>> ListLinks(
      const LinkFilter& filter, absl::string_view after, int limit) override;
  absl::StatusOr<Page<::incident::v1::Failure>> ListFailures(
      const std::optional<::incident::v1::JobKey>& job_key,
      absl::string_view after, int limit) override;
  absl::StatusOr<::incident::v1::Report> RetryReport(
      absl::string_view report_id, const Decision& decision) override;
  absl::StatusOr<::incident::v1::Report> DiscardReport(
      absl::string_view report_id, const Decision& decision) override;
  absl::StatusOr<::incident::v1::Silence> CreateSilence(
      const NewSilence& fresh) override;
  absl::StatusOr<std::vector<::incident::v1::Silence>> SilencesAt(
      absl::Time time) override;
  absl::StatusOr<Page<::incident::v1::Silence>> ListSilences(
      bool include_expired, absl::string_view after, int limit) override;
  absl::StatusOr<::incident::v1::Silence> ExpireSilence(
      absl::string_view silence_id, const Decision& decision) override;
  absl::Status AppendAudit(const AuditTrail& entries) override;
  absl::StatusOr<Page<::incident::v1::AuditEntry>> ListAudit(
      const AuditFilter& filter, absl::string_view after, int limit) override;
  absl::StatusOr<std::int64_t> LastChange() override;
  absl::StatusOr<std::vector<ReportChange>> ListChanges(std::int64_t after,
                                                        int limit) override;
  absl::StatusOr<std::vector<ReportChange>> ListOpen(std::int64_t after,
                                                     std::int64_t upto,
                                                     int limit) override;
  absl::StatusOr<int> DeleteExpired(const Expiry& expiry) override;
  absl::StatusOr<std::unique_ptr<StoreBackup>> BackUp() override;
  std::unique_ptr<StoreSubscription> Subscribe(Listener listener) override;
  StoreInfo Info() const override;
  absl::Status LastWrite() const override { return absl::OkStatus(); }

  // For checks, in a test without other threads.
  const AuditTrail& audit() const { return audit_; }

 private:
  struct StepRow {
    StepPriority priority = StepPriority::kCreate;
    absl::Time due;
    std::int64_t epoch = 0;
    absl::Time lease_end;
    std::string worker;
  };
  enum class Hold { kNo, kWaits, kHas };
  struct Row {
    StoredReport stored;
    std::string job_key;
    Hold hold = Hold::kNo;
    std::map<::incident::v1::StepKind, StepRow> steps;
  };
  struct Request {
    std::string digest;
    std::string report_id;
    absl::Time time;
    ::incident::v1::ReportState last_state;
  };
  struct Watch {
    std::string worker;
    absl::Time lease_end = absl::InfinitePast();
    std::int64_t epoch = 0;
    ::incident_store::v1::WatchState state;
  };
  struct StoredSilence {
    ::incident::v1::Silence silence;
    std::string request_id;
    std::string digest;
  };
  // Time of the change and a number that keeps the order.
  using Stamp = std::pair<absl::Time, std::int64_t>;
  template <class Record>
  struct Stamped {
    Stamp stamp;
    Record record;
  };

  // All below: `mutex_` is held.
  absl::StatusOr<CreatedReport> Create(const NewReport& fresh);
  // One whose request_id is new.
  CreatedReport Add(const NewReport& fresh);
  absl::StatusOr<Row*> Find(absl::string_view report_id);
  // The row of a claim that is still the latest.
  absl::StatusOr<Row*> Held(const StepClaim& claim);
  absl::Status CommitNow(const StepCommit& commit);
  absl::StatusOr<std::vector<ClaimedStep>> ClaimNow(
      const ClaimRequest& request);
  // Is called after each change of a row.
  void Changed(Row* row);
  void Release(Row* row, ::incident::v1::StepKind kind);
  bool Claimable(const Row& row, ::incident::v1::StepKind kind) const;
  void Audit(const std::string& report_id, ::incident::v1::AuditEntry entry);
  void PassOnJob(const std::string& job_key);
  // Unlocks, then tells the listeners.
  void Tell(std::unique_lock<std::mutex>* lock);

  Clock* const clock_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::uint32_t id_counter_ = 0;
  std::int64_t stamp_counter_ = 0;
  std::map<std::string, Row> reports_;
  std::map<std::string, Request> requests_;
  std::map<std::string, Stamped<::incident::v1::Failure>> failures_;
  // By failure and destination.
  std::map<std::pair<std::string, std::string>, std::string> owners_;
  // By job key and destination.
  std::map<std::pair<std::string, std::string>,
           Stamped<::incident::v1::TicketLink>>
      links_;
  std::map<std::string, Watch> watches_;
  std::map<std::string, StoredSilence> silences_;
  AuditTrail audit_;
  std::int64_t next_audit_id_ = 1;
  std::vector<ReportChange> changes_;
  StoreSignal pending_;
  Signals signals_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_MEMORY_STORE_H_
