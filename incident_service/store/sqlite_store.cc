#include "incident_service/store/sqlite_store.h"

#include <chrono>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/schema.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// With so many writes waiting, more comes in than can be stored at once.
constexpr std::size_t kCrowd = 40;
constexpr std::chrono::seconds kCrowdedPause(1);

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const std::string& path, Clock* clock) {
  return Open(SqliteStoreOptions{.path = path}, clock);
}

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const SqliteStoreOptions& options, Clock* clock) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::unique_ptr<StoreLock> lock,
                              StoreLock::Acquire(options.path + ".lock"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                              Database::Open(options.path));
  for (const char* pragma : options.pragmas) {
    OPCON_SNOW_RETURN_IF_ERROR(db->Execute(pragma));
  }
  OPCON_SNOW_RETURN_IF_ERROR(MigrateSchema(db.get()));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> reader,
      Database::Open(options.path, DatabaseMode::kReadOnly));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> lists,
      Database::Open(options.path, DatabaseMode::kReadOnly));
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(options, std::move(lock), std::move(db),
                      std::move(reader), std::move(lists), clock));
  OPCON_SNOW_RETURN_IF_ERROR(store->Prepare());
  return store;
}

SqliteStore::SqliteStore(const SqliteStoreOptions& options,
                         std::unique_ptr<StoreLock> lock,
                         std::unique_ptr<Database> db,
                         std::unique_ptr<Database> reader,
                         std::unique_ptr<Database> lists, Clock* clock)
    : options_(options),
      lock_(std::move(lock)),
      clock_(clock),
      db_(std::move(db)),
      random_(std::random_device{}()),
      reader_(std::move(reader)),
      lists_(std::move(lists)) {}

SqliteStore::~SqliteStore() = default;

// Before the writing thread begins, so this thread may use its connection.
absl::Status SqliteStore::Prepare() {
  OPCON_SNOW_RETURN_IF_ERROR(CountReports());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      counters_.last_change,
      db_->QueryInt("SELECT max(seq) FROM (SELECT max(seq) AS seq FROM changes "
                    "UNION ALL SELECT max(change_seq) FROM reports)"));
  OPCON_SNOW_ASSIGN_OR_RETURN(counters_.oldest_change,
                              db_->QueryInt("SELECT min(seq) FROM changes"));
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare("SELECT value FROM meta WHERE name = 'store_id'"));
    OPCON_SNOW_RETURN_IF_ERROR(query.Step().status());
    store_id_ = query.Text(0);
  }
  last_change_ = counters_.last_change;
  queue_ = std::make_unique<WriteQueue>(db_.get(), this);
  // Nobody else has the lock, so nobody is at work on these any more.
  return Stored([this]() -> absl::Status {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare("SELECT report_id, kind FROM steps WHERE queue = 4"));
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<StepKey> steps,
                                ReadSteps(&query));
    OPCON_SNOW_RETURN_IF_ERROR(Release(steps));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement watches, db_->Prepare("UPDATE watches SET lease_us = 0"));
    return watches.Run();
  });
}

absl::Status SqliteStore::CountReports() {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT state, count(*) FROM reports GROUP BY state"));
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, query.Step());
  while (row) {
    const auto state = static_cast<v1::ReportState>(query.Int(0));
    if (!v1::ReportState_IsValid(state)) return CorruptRecord("a state");
    counters_.reports.AddExisting(state, query.Int(1));
    if (state == v1::REPORT_STATE_ACCEPTED ||
        state == v1::REPORT_STATE_RUNNING ||
        state == v1::REPORT_STATE_WAITING) {
      counters_.open += query.Int(1);
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(row, query.Step());
  }
  return absl::OkStatus();
}

// Ids grow with time, so the first of each state in the index is its oldest.
absl::StatusOr<std::optional<absl::Time>> SqliteStore::OldestOpen() {
  const std::lock_guard<std::mutex> lock(lists_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      lists_->Prepare(
          "SELECT min(create_us) FROM reports WHERE report_id IN ("
          "SELECT (SELECT min(report_id) FROM reports WHERE state = s.column1) "
          "FROM (VALUES (1), (2), (3)) AS s)"));
  static_assert(v1::REPORT_STATE_ACCEPTED == 1 &&
                v1::REPORT_STATE_RUNNING == 2 && v1::REPORT_STATE_WAITING == 3);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found || query.IsNull(0)) return std::nullopt;
  return absl::FromUnixMicros(query.Int(0));
}

void SqliteStore::EndBatch(const BatchEnd& end) {
  {
    const std::lock_guard<std::mutex> lock(last_write_mutex_);
    last_write_ = end.trouble;
  }
  if (!end.committed) {
    counters_ = batch_;
    return;
  }
  counters_.reports.Tell();
  StoreSignal signal{.work = std::exchange(counters_.signal.work, false)};
  // Whoever has been told of a change must find it after a power cut, too.
  if (end.durable) {
    last_change_ = counters_.last_change;
    signal.changes = std::exchange(counters_.signal.changes, false);
  }
  signals_.Send(signal);
}

absl::Status SqliteStore::Settle() {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement write,
      db_->Prepare("INSERT OR REPLACE INTO meta VALUES ('settled', ?)"));
  return write.Bind(counters_.last_change).Run();
}

template <class Op>
auto SqliteStore::Stored(Op op, bool durable) -> decltype(op()) {
  using Result = decltype(op());
  if constexpr (std::is_same_v<Result, absl::Status>) {
    return queue_->Run(std::move(op), durable);
  } else {
    std::optional<Result> result;
    const absl::Status stored = queue_->Run(
        [&] {
          result = op();
          return result->status();
        },
        durable);
    if (!stored.ok()) return stored;
    return *std::move(result);
  }
}

void SqliteStore::CreateReportAsync(NewReport fresh, CreateDone done) {
  struct Shared {
    NewReport fresh;
    CreateDone done;
    CreatedReport created;
  };
  auto shared =
      std::make_shared<Shared>(Shared{std::move(fresh), std::move(done), {}});
  queue_->Submit({[this, shared]() -> absl::Status {
                    OPCON_SNOW_ASSIGN_OR_RETURN(shared->created,
                                                Create(shared->fresh));
                    return absl::OkStatus();
                  },
                  [shared](const absl::Status& stored) {
                    if (stored.ok()) {
                      shared->done(std::move(shared->created));
                    } else {
                      shared->done(stored);
                    }
                  }});
}

absl::StatusOr<CreatedReport> SqliteStore::Create(const NewReport& fresh) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::optional<CreatedReport> known,
      FindRequest(fresh.report.request_id(), fresh.digest));
  if (known.has_value()) return *std::move(known);
  if (counters_.open >= fresh.max_open) return TooManyOpen(counters_.open);
  return Add(fresh);
}

absl::StatusOr<CreatedReport> SqliteStore::Add(const NewReport& fresh) {
  const absl::Time now = clock_->Now();
  Row row;
  row.stored.report = fresh.report;
  row.stored.memo.set_reported_by(fresh.reported_by);
  row.stored.memo.set_trace_parent(fresh.trace_parent);
  if (!fresh.report.has_rejected()) {
    row.job_key = JobKeyText(JobKeyOf(fresh.report));
  }
  BeginReport(NewReportId(now), fresh.first_steps, now, &row.stored);
  OPCON_SNOW_RETURN_IF_ERROR(Save(&row, /*fresh=*/true));
  for (const NextStep& next : fresh.first_steps) {
    OPCON_SNOW_RETURN_IF_ERROR(InsertStep(row, next, now));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement request,
      db_->Prepare("INSERT INTO request_ids (request_id, report_id, digest, "
                   "create_us) VALUES (?, ?, ?, ?)"));
  OPCON_SNOW_RETURN_IF_ERROR(request.Bind(fresh.report.request_id())
                                 .Bind(row.stored.report.report_id())
                                 .Bind(fresh.digest)
                                 .Bind(absl::ToUnixMicros(now))
                                 .Run());
  return CreatedReport{std::move(row.stored.report), false};
}

absl::StatusOr<std::optional<CreatedReport>> SqliteStore::FindRequest(
    absl::string_view request_id, absl::string_view digest) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT report_id, digest, last_state FROM request_ids "
                   "WHERE request_id = ?"));
  query.Bind(request_id);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool known, query.Step());
  if (!known) return std::nullopt;
  const std::string report_id = query.Text(0);
  if (query.Text(1) != digest) return RequestIdReused(request_id, report_id);
  const auto last_state = static_cast<v1::ReportState>(query.Int(2));
  if (last_state != v1::REPORT_STATE_UNSPECIFIED) {
    return CreatedReport{ForgottenReport(report_id, request_id, last_state),
                         true};
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(db_.get(), report_id));
  return CreatedReport{std::move(row.stored.report), true};
}

absl::StatusOr<std::string> SqliteStore::OwnFailure(
    const StepClaim& claim, const v1::Failure& failure,
    absl::string_view servicenow) {
  const auto own = [&]() -> absl::StatusOr<std::string> {
    OPCON_SNOW_RETURN_IF_ERROR(CheckEpoch(claim));
    const absl::Time now = clock_->Now();
    v1::Failure stamped = failure;
    SetTime(now, stamped.mutable_create_time());
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement insert,
        db_->Prepare("INSERT OR IGNORE INTO failures (failure_id, job_key, "
                     "create_us, failure, stamp) VALUES (?, ?, ?, ?, "
                     "(SELECT coalesce(max(stamp), 0) + 1 FROM failures))"));
    OPCON_SNOW_RETURN_IF_ERROR(insert.Bind(failure.failure_id())
                                   .Bind(JobKeyText(failure.job_key()))
                                   .Bind(absl::ToUnixMicros(now))
                                   .BindBlob(stamped.SerializeAsString())
                                   .Run());
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement owner,
        db_->Prepare("INSERT OR IGNORE INTO failure_owners VALUES (?, ?, ?)"));
    OPCON_SNOW_RETURN_IF_ERROR(owner.Bind(failure.failure_id())
                                   .Bind(servicenow)
                                   .Bind(claim.report_id)
                                   .Run());
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare("SELECT report_id FROM failure_owners WHERE "
                     "failure_id = ? AND servicenow = ?"));
    query.Bind(failure.failure_id()).Bind(servicenow);
    OPCON_SNOW_RETURN_IF_ERROR(query.Step().status());
    return query.Text(0);
  };
  return Stored(own, /*durable=*/false);
}

absl::Status SqliteStore::Commit(const StepCommit& commit) {
  return Stored([&] { return CommitNow(commit); }, commit.durable);
}

absl::StatusOr<std::vector<ClaimedStep>> SqliteStore::CommitAndClaim(
    const StepCommit& commit, const ClaimRequest& request) {
  return Stored(
      [&]() -> absl::StatusOr<std::vector<ClaimedStep>> {
        OPCON_SNOW_RETURN_IF_ERROR(CommitNow(commit));
        if (MustWait()) return std::vector<ClaimedStep>();
        return ClaimNow(request);
      },
      commit.durable);
}

absl::Status SqliteStore::CommitNow(const StepCommit& commit) {
  OPCON_SNOW_RETURN_IF_ERROR(CheckEpoch(commit.claim));
  const absl::Time now = clock_->Now();
  const std::string& report_id = commit.claim.report_id;
  OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(db_.get(), report_id));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<NextStep> added,
                              ApplyCommit(commit, now, &row.stored));
  OPCON_SNOW_RETURN_IF_ERROR(Save(&row));
  if (commit.step.state() != v1::STEP_STATE_RUNNING) {
    const absl::Time due = commit.step.has_next_attempt_time()
                               ? ToTime(commit.step.next_attempt_time())
                               : now;
    OPCON_SNOW_RETURN_IF_ERROR(SetStepRow(row, commit.step, due, now));
  }
  for (const NextStep& next : added) {
    OPCON_SNOW_RETURN_IF_ERROR(InsertStep(row, next, now));
  }
  if (commit.link.has_value()) {
    OPCON_SNOW_RETURN_IF_ERROR(PutLink(*commit.link));
  }
  if (commit.failure_ticket.has_value()) {
    OPCON_SNOW_RETURN_IF_ERROR(AddFailureTicket(row.stored.report.failure_id(),
                                                *commit.failure_ticket));
  }
  if (!commit.silence_id.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement count, db_->Prepare("UPDATE silences SET suppressed = "
                                      "suppressed + 1 WHERE silence_id = ?"));
    OPCON_SNOW_RETURN_IF_ERROR(count.Bind(commit.silence_id).Run());
  }
  for (const v1::AuditEntry& entry : commit.audit) {
    OPCON_SNOW_RETURN_IF_ERROR(InsertAudit(report_id, entry));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Report> SqliteStore::RetryReport(absl::string_view report_id,
                                                    const Decision& decision) {
  return Stored([&] { return RetryNow(report_id, decision); });
}

absl::StatusOr<v1::Report> SqliteStore::RetryNow(absl::string_view report_id,
                                                 const Decision& decision) {
  const absl::Time now = clock_->Now();
  OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(db_.get(), report_id));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<v1::StepKind> due,
                              ApplyRetry(now, &row.stored));
  if (!due.empty()) OPCON_SNOW_RETURN_IF_ERROR(Save(&row));
  for (const v1::StepKind kind : due) {
    OPCON_SNOW_RETURN_IF_ERROR(
        SetStepRow(row, *FindStep(&row.stored.report, kind), now, now));
  }
  OPCON_SNOW_RETURN_IF_ERROR(
      InsertAudit(std::string(report_id),
                  DecisionEntry("RetryReport", report_id, decision)));
  return std::move(row.stored.report);
}

absl::StatusOr<v1::Report> SqliteStore::DiscardReport(
    absl::string_view report_id, const Decision& decision) {
  return Stored([&] { return DiscardNow(report_id, decision); });
}

absl::StatusOr<v1::Report> SqliteStore::DiscardNow(absl::string_view report_id,
                                                   const Decision& decision) {
  const absl::Time now = clock_->Now();
  OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(db_.get(), report_id));
  if (row.stored.report.state() == v1::REPORT_STATE_DISCARDED) {
    return std::move(row.stored.report);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<v1::StepKind> skipped,
                              ApplyDiscard(decision, now, &row.stored));
  OPCON_SNOW_RETURN_IF_ERROR(Save(&row));
  for (const v1::StepKind kind : skipped) {
    OPCON_SNOW_RETURN_IF_ERROR(
        SetStepRow(row, *FindStep(&row.stored.report, kind), now, now));
  }
  if (row.stored.report.failure_id().empty()) {
    OPCON_SNOW_RETURN_IF_ERROR(DisownFailures(row.stored.report));
  }
  OPCON_SNOW_RETURN_IF_ERROR(
      InsertAudit(std::string(report_id),
                  DecisionEntry("DiscardReport", report_id, decision)));
  return std::move(row.stored.report);
}

absl::Status SqliteStore::DisownFailures(const v1::Report& report) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement disown,
      db_->Prepare("DELETE FROM failure_owners WHERE report_id = ? AND "
                   "failure_id IN (SELECT failure_id FROM failures WHERE "
                   "job_key = ?)"));
  return disown.Bind(report.report_id())
      .Bind(JobKeyText(JobKeyOf(report)))
      .Run();
}

absl::Status SqliteStore::AppendAudit(const AuditTrail& entries) {
  return Stored([&]() -> absl::Status {
    for (const v1::AuditEntry& entry : entries) {
      OPCON_SNOW_RETURN_IF_ERROR(InsertAudit("", entry));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ClaimedStep>> SqliteStore::ClaimSteps(
    const ClaimRequest& request) {
  // Most looks find nothing, and need not keep those who write waiting.
  OPCON_SNOW_ASSIGN_OR_RETURN(const absl::Duration next, TimeToNextStep());
  if (next > absl::ZeroDuration()) return std::vector<ClaimedStep>();
  if (MustWait()) return std::vector<ClaimedStep>();
  return Stored([&] { return ClaimNow(request); }, /*durable=*/false);
}

// Ten thousand reporters that wait for an acknowledgement go before work that
// takes seconds anyway, but not for ever. The listeners hear of work after each
// transaction that took reports in, so none is forgotten.
bool SqliteStore::MustWait() {
  const SteadyTime now = clock_->SteadyNow();
  const std::lock_guard<std::mutex> lock(claims_mutex_);
  if (queue_->waiting() > kCrowd && now < last_claims_ + kCrowdedPause) {
    return true;
  }
  last_claims_ = now;
  return false;
}

absl::StatusOr<std::vector<StepClaim>> SqliteStore::RenewClaims(
    const std::vector<StepClaim>& claims, absl::Duration lease) {
  return Stored(
      [&]() -> absl::StatusOr<std::vector<StepClaim>> {
        std::vector<StepClaim> lost;
        for (const StepClaim& claim : claims) {
          OPCON_SNOW_ASSIGN_OR_RETURN(
              Statement renew,
              db_->Prepare("UPDATE steps SET lease_us = ? WHERE report_id = ? "
                           "AND kind = ? AND epoch = ? AND queue = 4"));
          OPCON_SNOW_RETURN_IF_ERROR(
              renew.Bind(absl::ToUnixMicros(clock_->Now() + lease))
                  .Bind(claim.report_id)
                  .Bind(claim.kind)
                  .Bind(claim.epoch)
                  .Run());
          if (db_->changes() == 0) lost.push_back(claim);
        }
        return lost;
      },
      /*durable=*/false);
}

absl::Status SqliteStore::ReleaseClaims(absl::string_view worker) {
  return Stored([&]() -> absl::Status {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query, db_->Prepare("SELECT report_id, kind FROM steps "
                                      "WHERE queue = 4 AND worker = ?"));
    query.Bind(worker);
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<StepKey> steps,
                                ReadSteps(&query));
    OPCON_SNOW_RETURN_IF_ERROR(Release(steps));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement watches,
        db_->Prepare("UPDATE watches SET lease_us = 0 WHERE worker = ?"));
    return watches.Bind(worker).Run();
  });
}

absl::StatusOr<int> SqliteStore::DeleteExpired(const Expiry& expiry) {
  return Stored([&] { return DeleteNow(expiry); });
}

std::unique_ptr<StoreSubscription> SqliteStore::Subscribe(Listener listener) {
  return signals_.Subscribe(std::move(listener));
}

absl::Status SqliteStore::LastWrite() const {
  const std::lock_guard<std::mutex> lock(last_write_mutex_);
  return last_write_;
}

StoreInfo SqliteStore::Info() const {
  return {"sqlite", options_.path, store_id_};
}

}  // namespace opcon_snow::incident
