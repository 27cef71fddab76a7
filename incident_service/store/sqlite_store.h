#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_H_

// The store in a file of this machine, for one process. One connection writes
// and checkpoints, on a thread of its own that commits in groups; two only
// read, one for the workflow and one for lists. See
// docs/decisions/store-schema.md.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/clock/clock.h"
#include "incident_service/store/report_figures.h"
#include "incident_service/store/signals.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/store.h"
#include "incident_service/store/write_queue.h"

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

struct SqliteStoreOptions {
  std::string path;
  // Where copies lie while they are made and streamed; empty: beside the file.
  std::string backup_directory{};
  // For tests: constants, executed on the connection that writes.
  std::vector<const char*> pragmas{};
};

class SqliteStore final : public Store, public WriteObserver {
 public:
  // Opens or makes the file, brings it to the present schema, and makes due
  // again every step that was under way when the last process ended. `clock`
  // must outlive the store.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const SqliteStoreOptions& options, Clock* clock);
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const std::string& path, Clock* clock);
  ~SqliteStore() override;

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
  absl::Status LastWrite() const override;

  // When the oldest report that has not ended, nor waits for a person, came in;
  // nullopt if there is none. A look into an index.
  absl::StatusOr<std::optional<absl::Time>> OldestOpen();

  // Transactions so far, for tests and figures.
  std::int64_t transactions() const { return queue_->batches(); }

 private:
  // Whether a report has its job, as in the column holds_job.
  enum Hold : std::int64_t { kHoldNo = 0, kHoldWaits = 1, kHoldHas = 2 };
  // Where a step stands in the queue, as in the column queue.
  enum Queue : std::int64_t {
    kQueueNone = 0,     // ended
    kQueueReady = 1,    // may be claimed
    kQueueTimed = 2,    // may be claimed at due_us
    kQueueBlocked = 3,  // another report has the job
    kQueueClaimed = 4,  // until lease_us
  };
  struct Row {
    StoredReport stored;
    std::string job_key;
    std::int64_t hold = kHoldNo;
    ::incident::v1::ReportState old_state =
        ::incident::v1::REPORT_STATE_UNSPECIFIED;
  };
  // What memory knows beside the file.
  struct Counters {
    std::int64_t open = 0;
    std::int64_t last_change = 0;
    std::int64_t oldest_change = 0;
    StoreSignal signal;
    ReportFigures reports;
  };

  SqliteStore(const SqliteStoreOptions& options,
              std::unique_ptr<StoreLock> lock, std::unique_ptr<Database> db,
              std::unique_ptr<Database> reader, std::unique_ptr<Database> lists,
              Clock* clock);
  absl::Status Prepare();
  // For the counters that memory keeps.
  absl::Status CountReports();

  // A connection that reads, and its lock.
  struct Reading {
    std::unique_lock<std::mutex> lock;
    Database* db;
  };
  Reading ForList(bool of_one_job);

  void Mark() override { mark_ = counters_; }
  void BackToMark() override { counters_ = mark_; }
  void BeginBatch() override { batch_ = counters_; }
  void RestartBatch() override { counters_ = batch_; }
  void EndBatch(const BatchEnd& end) override;
  absl::Status Settle() override;

  // Runs `op` on the writing thread and waits until it is stored.
  template <class Op>
  auto Stored(Op op, bool durable = true) -> decltype(op());

  // All below: on the writing thread, in a transaction.
  absl::StatusOr<CreatedReport> Create(const NewReport& fresh);
  // One whose request_id is new.
  absl::StatusOr<CreatedReport> Add(const NewReport& fresh);
  absl::StatusOr<std::optional<CreatedReport>> FindRequest(
      absl::string_view request_id, absl::string_view digest);
  absl::StatusOr<Row> Load(Database* db, absl::string_view report_id);
  // `fresh`: inserts, else updates; decides who has the job.
  absl::Status Save(Row* row, bool fresh = false);
  // The report is about to change, or to be deleted: what it was is told to
  // those who list changes.
  absl::Status KeepChange(absl::string_view report_id);
  absl::StatusOr<bool> JobIsHeld(absl::string_view job_key);
  absl::Status PassOnJob(absl::string_view job_key);
  absl::Status InsertStep(const Row& row, const NextStep& next, absl::Time now);
  // Not for claims. After Save, which knows who has the job.
  absl::Status SetStepRow(const Row& row, const ::incident::v1::Step& step,
                          absl::Time due, absl::Time now);
  Queue Place(const Row& row, ::incident::v1::StepKind kind,
              ::incident::v1::StepState state, absl::Time due,
              absl::Time now) const;
  absl::Status CheckEpoch(const StepClaim& claim);
  absl::Status CommitNow(const StepCommit& commit);
  // Whether claims wait because of a crowd of reports. Any thread.
  bool MustWait();
  absl::StatusOr<std::vector<ClaimedStep>> ClaimNow(
      const ClaimRequest& request);
  absl::StatusOr<ClaimedStep> ClaimOne(const std::string& report_id,
                                       ::incident::v1::StepKind kind,
                                       const ClaimRequest& request,
                                       absl::Time now);
  using StepKey = std::pair<std::string, ::incident::v1::StepKind>;
  absl::StatusOr<std::vector<StepKey>> ReadSteps(Statement* query);
  absl::Status Release(const std::vector<StepKey>& steps);
  absl::Status AddFailureTicket(absl::string_view failure_id,
                                const ::incident::v1::TicketRef& ticket);
  absl::StatusOr<std::optional<::incident::v1::TicketLink>> LoadLink(
      Database* db, const ::incident::v1::JobKey& job_key,
      absl::string_view servicenow);
  absl::Status PutLink(const ::incident::v1::TicketLink& link);
  absl::StatusOr<std::optional<ClaimedWatch>> ClaimWatchNow(
      absl::string_view name, absl::string_view worker, absl::Duration lease);
  absl::StatusOr<int> CommitWatchNow(const WatchCommit& commit);
  // True if it was added.
  absl::StatusOr<bool> AddUnlessKnown(const NewReport& fresh);
  absl::Status InsertAudit(const std::string& report_id,
                           ::incident::v1::AuditEntry entry);
  absl::StatusOr<::incident::v1::Report> RetryNow(absl::string_view report_id,
                                                  const Decision& decision);
  absl::StatusOr<::incident::v1::Report> DiscardNow(absl::string_view report_id,
                                                    const Decision& decision);
  absl::Status DisownFailures(const ::incident::v1::Report& report);
  absl::StatusOr<::incident::v1::Silence> CreateSilenceNow(
      const NewSilence& fresh);
  absl::StatusOr<::incident::v1::Silence> ExpireSilenceNow(
      absl::string_view silence_id, const Decision& decision);
  absl::StatusOr<int> DeleteNow(const Expiry& expiry);
  absl::StatusOr<int> DeleteReports(const Expiry& expiry);
  std::string NewReportId(absl::Time now);

  const SqliteStoreOptions options_;
  const std::unique_ptr<StoreLock> lock_;
  Clock* const clock_;
  std::string store_id_;
  const std::unique_ptr<Database> db_;  // the writing thread's
  // Of the writing thread: as of now, before the present write, and before the
  // present batch.
  Counters counters_;
  Counters mark_;
  Counters batch_;
  // For ids that grow also within a millisecond.
  std::int64_t last_id_millis_ = 0;
  std::uint32_t id_counter_ = 0;
  std::mt19937_64 random_;
  // The last one that no power cut can undo.
  std::atomic<std::int64_t> last_change_{0};
  std::mutex claims_mutex_;
  SteadyTime last_claims_ = SteadyTime::min();  // guarded by claims_mutex_
  mutable std::mutex last_write_mutex_;
  absl::Status last_write_;  // guarded by last_write_mutex_

  std::mutex reader_mutex_;
  const std::unique_ptr<Database> reader_;  // guarded by reader_mutex_
  std::mutex lists_mutex_;
  const std::unique_ptr<Database> lists_;  // guarded by lists_mutex_
  std::shared_ptr<std::atomic<bool>> backing_up_ =
      std::make_shared<std::atomic<bool>>(false);
  Signals signals_;
  // Last: its thread uses everything above.
  std::unique_ptr<WriteQueue> queue_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_H_
