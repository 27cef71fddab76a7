#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_H_

// The memory of the incident service: reports, their steps, failures, links,
// the audit trail, and the sequence of changes.
//
// Everything that a method acknowledges is on stable storage when the method
// returns, except claims, which mean nothing once their worker is gone, and
// what says that it is not durable. Such a write may be undone by a power cut,
// and all after it with it, until a durable one follows; no change that it made
// is told before that. Any number of processes may share a store, so
// - time is the store's: no method takes the caller's idea of now, because the
//   clocks of machines differ;
// - work is handed out by claims, which are leases. A claimed step belongs to
//   one worker until it is committed or the lease expires; then it is handed
//   out again. Each claim of a step has a greater epoch, and every write on
//   behalf of a claim is refused once it is no longer the latest (the epoch is
//   the fence): a worker that was believed dead cannot undo what its successor
//   did;
// - limits (open reports, steps of a kind under way) count what all processes
//   do;
// - whoever waits for work or changes is woken wherever they come from.
//
// All methods may be called from any thread. Errors: UNAVAILABLE with reason
// STORE_UNAVAILABLE if the storage fails (nothing has changed then); DATA_LOSS
// with the same reason if it holds what cannot be read; what else a method can
// answer is said there. `store_conformance.h` is this text as tests.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  ::incident::v1::Report report;
  ::incident_store::v1::Memo memo;
};

struct CreatedReport {
  ::incident::v1::Report report;
  // True if the request_id was known and nothing was added.
  bool duplicate = false;
};

// Classes of steps, in the order in which workers take them: what makes a
// failure visible goes first. The numbers are stored.
enum class StepPriority {
  kCreate = 1,      // a new incident, and what the job is told about it
  kResolve = 2,     // may turn out to be a create
  kUpdate = 3,      // of an incident that people know already
  kAttachment = 4,  // best effort
};

// A step that begins.
struct NextStep {
  // Converts by itself: most steps have the priority of their kind. A TICKET
  // counts as a create unless told otherwise.
  NextStep(::incident::v1::StepKind step_kind);  // NOLINT(google-explicit-*)
  NextStep(::incident::v1::StepKind step_kind, StepPriority step_priority,
           absl::Duration step_delay = absl::ZeroDuration())
      : kind(step_kind), priority(step_priority), delay(step_delay) {}

  ::incident::v1::StepKind kind;
  StepPriority priority;
  // How long it waits before its first attempt; the report is WAITING then.
  absl::Duration delay;
};

// A step that belongs to the caller until it is committed or the claim ends.
struct StepClaim {
  std::string report_id;
  ::incident::v1::StepKind kind = ::incident::v1::STEP_KIND_UNSPECIFIED;
  // Grows with each claim of the step.
  std::int64_t epoch = 0;
};

struct ClaimRequest {
  int limit = 1;
  // Who claims: a name that no other living process has. See ReleaseClaims.
  std::string worker = "worker";
  // How long the claims last unless they are renewed.
  absl::Duration lease = absl::Minutes(1);
  // At most so many steps of a kind under way at once, over all workers.
  std::map<::incident::v1::StepKind, int> most_running{};
};

// What was done upstream during an attempt, collected for its commit.
using AuditTrail = std::vector<::incident::v1::AuditEntry>;

struct ClaimedStep {
  StepClaim claim;
  // As it is now: RUNNING, `attempts` already counting this one.
  ::incident::v1::Step step;
  StoredReport stored;
  // Filled by the worker, of which there is one.
  std::shared_ptr<AuditTrail> audit = std::make_shared<AuditTrail>();
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
  // Steps that begin now. Those that the report has already are left alone.
  std::vector<NextStep> next_steps;
  // Written by job key and destination. If the ticket was seen after more
  // changes than this one counts, what was seen stays.
  std::optional<::incident::v1::TicketLink> link;
  // Adds this ticket to the failure of the report.
  std::optional<::incident::v1::TicketRef> failure_ticket;
  // Counts the report for this silence; empty: none.
  std::string silence_id{};
  // Ends the report in this state instead of the one its steps give: MERGED,
  // SUPPRESSED.
  ::incident::v1::ReportState final_state =
      ::incident::v1::REPORT_STATE_UNSPECIFIED;
  // Added to the audit; the store sets id, report and, where absent, time.
  AuditTrail audit{};
  // False for steps that have only read: what they found would be found again.
  bool durable = true;
};

// Filters of ListReports; empty means any. All must hold. The members have
// initializers so that `{.opcon = "x"}` gives no warning.
struct ReportFilter {
  std::vector<::incident::v1::ReportState> states{};
  std::optional<::incident::v1::JobKey> job_key{};
  std::string opcon{};
  std::string job_name{};
  std::string schedule_name{};
  std::string schedule_date{};  // YYYYMMDD
  std::string request_id{};
  std::optional<absl::Time> created_since{};
};

// One page of a list. `next` continues after it and is empty after the last
// page; callers treat it as opaque.
template <class Record>
struct Page {
  std::vector<Record> records;
  std::string next;
};

struct ReportPage {
  std::vector<::incident::v1::Report> reports;
  // The id to continue before; empty after the last page.
  std::string next;
};

// Filters of ListLinks; empty means any.
struct LinkFilter {
  std::optional<::incident::v1::JobKey> job_key{};
  std::string opcon{};
  std::string servicenow{};
  std::string ticket_number{};
  std::string schedule_date{};  // YYYYMMDD
};

// Filters of ListAudit; empty means any.
struct AuditFilter {
  std::string report_id{};
  std::string target{};
  std::optional<absl::Time> created_since{};
};

// A report as it was after one change.
struct ReportChange {
  std::int64_t sequence = 0;
  ::incident::v1::Report report;
};

// Who decided something about a report, and why.
struct Decision {
  std::string actor;
  std::string reason{};
};

// What DeleteExpired deletes: what ended, or last changed, before these.
struct Expiry {
  // Reports that have ended, and audit entries.
  absl::Time reports_before = absl::InfinitePast();
  // What de-duplicates (ids of requests, failures, links) and is of no report
  // that is kept; silences.
  absl::Time keys_before = absl::InfinitePast();
  // At most so many of each kind in one go, so that nobody waits long.
  int limit = 100;
};

// A consistent copy of the store. Not thread-safe.
class StoreBackup {
 public:
  virtual ~StoreBackup() = default;
  virtual const ::incident::v1::BackupHeader& header() const = 0;
  // The next bytes, at most `max_bytes`; empty after the last.
  virtual absl::StatusOr<std::string> Read(std::size_t max_bytes) = 0;
};

// What a store says of itself, for people.
struct StoreInfo {
  std::string kind;      // `sqlite`
  std::string location;  // a path or an address, without credentials
  // Different for any two stores; part of tokens, so that one of another store
  // is noticed.
  std::string id;
};

// A watch that belongs to the caller until its lease ends or somebody else has
// claimed it since.
struct WatchClaim {
  std::string name;
  // Grows whenever it goes to another worker.
  std::int64_t epoch = 0;
};

struct ClaimedWatch {
  WatchClaim claim;
  // As the last commit left it; empty before the first.
  ::incident_store::v1::WatchState state;
};

// What the store calls listeners with.
struct StoreSignal {
  // Steps may have become due.
  bool work = false;
  // Reports have changed.
  bool changes = false;
};

// Ends when destroyed; after that the listener is not called any more.
class StoreSubscription {
 public:
  virtual ~StoreSubscription() = default;
};

class Store {
 public:
  virtual ~Store() = default;

  struct NewReport {
    ::incident::v1::Report report;
    // Stands for the whole observation.
    std::string digest;
    // Begin at once, or after their delay. None: a dead letter from the start,
    // as rejected command lines are.
    std::vector<NextStep> first_steps;
    std::int64_t max_open = 0;
    // The principal that reports; empty if there is none.
    std::string reported_by{};
    // The trace that it belongs to, as `traceparent`; empty if there is none.
    std::string trace_parent{};
  };
  using CreateDone = std::function<void(absl::StatusOr<CreatedReport>)>;

  // Adds a report and calls `done` once it is durable, on a thread of the
  // store's that must not be held up; many callers share one write to disk.
  // The same request_id with another digest is INVALID_ARGUMENT with reason
  // REQUEST_ID_REUSED. RESOURCE_EXHAUSTED with reason OVERLOADED if `max_open`
  // reports are open. If the report is past its retention, only its ids, its
  // last state and a summary are returned.
  virtual void CreateReportAsync(NewReport fresh, CreateDone done) = 0;
  // The same for callers that wait.
  absl::StatusOr<CreatedReport> CreateReport(
      const ::incident::v1::Report& report, absl::string_view digest,
      const std::vector<NextStep>& first_steps, std::int64_t max_open);

  // A watch is something that one process at a time looks at, such as the
  // changed tickets of an instance. Gives it to `worker` for `lease` from now;
  // nullopt while another one has it. Whoever has it renews it this way.
  virtual absl::StatusOr<std::optional<ClaimedWatch>> ClaimWatch(
      absl::string_view name, absl::string_view worker,
      absl::Duration lease) = 0;

  // A ticket as it was found.
  struct SeenTicket {
    // By job key and destination, with what was found: state, count of changes,
    // time of the look, whether it is gone. Nothing else of it is written.
    ::incident::v1::TicketLink found;
    // What the stored link must say still, for the same ticket; otherwise this
    // one is left out, with its report.
    std::string last_state_value;
    std::int64_t last_modification_count = 0;
    bool last_gone = false;
    // What becomes of it; its `max_open` is not looked at.
    std::optional<NewReport> report{};
  };
  struct WatchCommit {
    WatchClaim claim;
    ::incident_store::v1::WatchState state{};
    std::vector<SeenTicket> tickets{};
    // Added unless their request_ids are known; `max_open` as above.
    std::vector<NewReport> reports{};
    // Whether it must outlive a power cut even if there is nothing of the two.
    bool durable = false;
  };
  // Writes it as one, and returns how many reports were added. ABORTED with
  // reason CLAIM_LOST if somebody else has claimed the watch since.
  virtual absl::StatusOr<int> CommitWatch(const WatchCommit& commit) = 0;

  // NOT_FOUND with reason RECORD_NOT_FOUND.
  virtual absl::StatusOr<StoredReport> GetReport(
      absl::string_view report_id) = 0;

  // A page may end before its limit so that it is not larger than about this
  // many bytes.
  static constexpr std::size_t kPageBytes = std::size_t{2} << 20;

  // Newest first, those before the id `before` (empty: from the newest).
  virtual absl::StatusOr<ReportPage> ListReports(const ReportFilter& filter,
                                                 absl::string_view before,
                                                 int limit) = 0;

  // Hands out up to `limit` steps that are due, by priority, then oldest
  // report first. Of the reports with one job key one holds the job: the first
  // that came, then, once its ticket is settled or it has ended, the oldest
  // that waits. Steps of the others are not handed out; exempt are log
  // attachments and FOLLOW_TICKET, which hold no job either. While more reports
  // come in than can be stored at once, a store may hand out nothing for about
  // a second.
  virtual absl::StatusOr<std::vector<ClaimedStep>> ClaimSteps(
      const ClaimRequest& request) = 0;

  // How long until a step may be claimed (zero: now), or a lease expires;
  // infinite if neither will happen by itself.
  virtual absl::StatusOr<absl::Duration> TimeToNextStep() = 0;

  // Makes the claims last for another `lease` from now; returns those that
  // belong to somebody else by now.
  virtual absl::StatusOr<std::vector<StepClaim>> RenewClaims(
      const std::vector<StepClaim>& claims, absl::Duration lease) = 0;

  // Gives back what `worker` holds, so that it is taken up at once: when it
  // stops, or starts again under its old name. Attempts and plans stay.
  virtual absl::Status ReleaseClaims(absl::string_view worker) = 0;

  // ABORTED with reason CLAIM_LOST if the claim is no longer the latest or its
  // lease has expired. To be asked right before an effect.
  virtual absl::Status CheckClaim(const StepClaim& claim) = 0;

  // Makes the failure known on behalf of the claim's report and returns the
  // report that owns it at this destination: the caller's own, or the earlier
  // one that it is to be merged into. Repeating it gives the same answer. Not
  // durable: what follows from it is. ABORTED as for Commit.
  virtual absl::StatusOr<std::string> OwnFailure(
      const StepClaim& claim, const ::incident::v1::Failure& failure,
      absl::string_view servicenow) = 0;

  // ABORTED with reason CLAIM_LOST if the claim is no longer the latest;
  // nothing is written then. A lease that has expired is no obstacle as long
  // as nobody else has claimed the step: what was done should be recorded.
  virtual absl::Status Commit(const StepCommit& commit) = 0;
  // The same, and what ClaimSteps would hand out after it, in one write: for a
  // worker that goes on. If either fails, neither has happened.
  virtual absl::StatusOr<std::vector<ClaimedStep>> CommitAndClaim(
      const StepCommit& commit, const ClaimRequest& request) = 0;

  // nullopt if there is none.
  virtual absl::StatusOr<std::optional<::incident::v1::TicketLink>> FindLink(
      const ::incident::v1::JobKey& job_key, absl::string_view servicenow) = 0;

  // Latest change first; `after` is the `next` of the page before.
  virtual absl::StatusOr<Page<::incident::v1::TicketLink>> ListLinks(
      const LinkFilter& filter, absl::string_view after, int limit) = 0;

  // Newest first, of one job or all.
  virtual absl::StatusOr<Page<::incident::v1::Failure>> ListFailures(
      const std::optional<::incident::v1::JobKey>& job_key,
      absl::string_view after, int limit) = 0;

  // Makes the failed or waiting steps of a dead letter or waiting report due
  // now, and audits it. NOT_FOUND; FAILED_PRECONDITION with reason
  // REPORT_STATE in any other state, except that a report at work is simply
  // returned.
  virtual absl::StatusOr<::incident::v1::Report> RetryReport(
      absl::string_view report_id, const Decision& decision) = 0;

  // Ends a report as DISCARDED, and audits it. If it does not tell its failure
  // yet, it owns none any more: whoever reports that one deals with it.
  // NOT_FOUND; FAILED_PRECONDITION with reason REPORT_STATE if a step is under
  // way or the report has ended otherwise.
  virtual absl::StatusOr<::incident::v1::Report> DiscardReport(
      absl::string_view report_id, const Decision& decision) = 0;

  struct NewSilence {
    // Without what the store gives: id, time, count. No start is now.
    ::incident::v1::Silence silence;
    std::string request_id;
    // Stands for the whole request.
    std::string digest;
  };
  // Adds it, and audits it. The same request_id gives what was made then; with
  // another digest it is INVALID_ARGUMENT with reason REQUEST_ID_REUSED.
  // INVALID_ARGUMENT with reason INVALID_REQUEST if it has ended by now or is
  // longer than kLongestSilence; RESOURCE_EXHAUSTED with reason OVERLOADED if
  // kMaxSilences have not ended.
  static constexpr int kMaxSilences = 1000;
  static constexpr absl::Duration kLongestSilence = absl::Hours(24 * 90);
  virtual absl::StatusOr<::incident::v1::Silence> CreateSilence(
      const NewSilence& fresh) = 0;

  // Those that are in force at `time`, in the order in which they were made.
  virtual absl::StatusOr<std::vector<::incident::v1::Silence>> SilencesAt(
      absl::Time time) = 0;

  // Latest end first; without those that have ended unless asked for.
  virtual absl::StatusOr<Page<::incident::v1::Silence>> ListSilences(
      bool include_expired, absl::string_view after, int limit) = 0;

  // Ends it now, and audits it; one that has ended is simply returned.
  // NOT_FOUND with reason RECORD_NOT_FOUND.
  virtual absl::StatusOr<::incident::v1::Silence> ExpireSilence(
      absl::string_view silence_id, const Decision& decision) = 0;

  // Adds entries that belong to no step's commit.
  virtual absl::Status AppendAudit(const AuditTrail& entries) = 0;

  // Newest first.
  virtual absl::StatusOr<Page<::incident::v1::AuditEntry>> ListAudit(
      const AuditFilter& filter, absl::string_view after, int limit) = 0;

  // The number of the last durable change; 0 before the first.
  virtual absl::StatusOr<std::int64_t> LastChange() = 0;

  // The changes after number `after`, in order, at most `limit`. The last
  // kChangesKept changes are all there; of earlier ones only the last of each
  // report that is still kept. INVALID_ARGUMENT with reason INVALID_REQUEST if
  // `after` is in the future.
  static constexpr int kChangesKept = 20000;
  virtual absl::StatusOr<std::vector<ReportChange>> ListChanges(
      std::int64_t after, int limit) = 0;

  // The reports that have not ended and whose last change has a number above
  // `after` and at most `upto`, in that order, at most `limit`: what a stream
  // of changes begins with.
  virtual absl::StatusOr<std::vector<ReportChange>> ListOpen(std::int64_t after,
                                                             std::int64_t upto,
                                                             int limit) = 0;

  // Deletes what is past its retention; returns how many records went, so that
  // the caller goes on until it is fewer than asked for. What de-duplicates
  // stays: see Expiry.
  virtual absl::StatusOr<int> DeleteExpired(const Expiry& expiry) = 0;

  // One at a time: RESOURCE_EXHAUSTED with reason OVERLOADED while another one
  // exists. UNIMPLEMENTED if the store has a better way of its own.
  virtual absl::StatusOr<std::unique_ptr<StoreBackup>> BackUp() = 0;

  // Calls `listener` after changes, by whichever process, on any thread and
  // without locks of the store's; it must not block. Calls are joined, and may
  // be lost while a connection is down: look now and then without being told.
  using Listener = std::function<void(const StoreSignal&)>;
  virtual std::unique_ptr<StoreSubscription> Subscribe(Listener listener) = 0;

  virtual StoreInfo Info() const = 0;

  // OK, or why the last attempt to write was not stored. For people who ask
  // how it is; nobody need ask before a write.
  virtual absl::Status LastWrite() const = 0;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_H_
