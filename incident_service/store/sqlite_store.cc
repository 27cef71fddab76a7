#include "incident_service/store/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/schema.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";

// The steps that may begin, as `s`: waiting for nothing but their time. The
// numbers are those of StepState and StepKind: 1 PENDING, 2 RUNNING, 3 WAITING;
// 4 ATTACH_LOG.
constexpr char kEligible[] = R"sql(
  FROM steps s WHERE s.state IN (1, 3)
  AND (s.kind = 4 OR (
    NOT EXISTS (SELECT 1 FROM reports o WHERE o.job_key = s.job_key
                AND o.holds_job = 1 AND o.report_id < s.report_id)
    AND NOT EXISTS (SELECT 1 FROM steps x WHERE x.job_key = s.job_key
                    AND x.state = 2 AND x.kind <> 4
                    AND x.report_id <> s.report_id)))
)sql";
static_assert(v1::STEP_STATE_PENDING == 1 && v1::STEP_STATE_RUNNING == 2 &&
              v1::STEP_STATE_WAITING == 3 && v1::STEP_KIND_ATTACH_LOG == 4);

absl::Status ClaimLost(const StepClaim& claim) {
  return MakeError(
      absl::StatusCode::kAborted,
      absl::StrCat("step ", v1::StepKind_Name(claim.kind), " of report ",
                   claim.report_id, " belongs to another worker now"),
      {.reason = "CLAIM_LOST", .domain = kDomain});
}

v1::Step* FindStep(v1::Report* report, v1::StepKind kind) {
  for (v1::Step& step : *report->mutable_steps()) {
    if (step.kind() == kind) return &step;
  }
  return nullptr;
}

v1::Step* AddStep(v1::Report* report, v1::StepKind kind) {
  v1::Step* step = report->add_steps();
  step->set_kind(kind);
  step->set_state(v1::STEP_STATE_PENDING);
  return step;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const std::string& path, Clock* clock) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::unique_ptr<StoreLock> lock,
                              StoreLock::Acquire(path + ".lock"));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                              Database::Open(path));
  OPCON_SNOW_RETURN_IF_ERROR(MigrateSchema(db.get()));
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(std::move(lock), std::move(db), clock));
  const std::lock_guard<std::mutex> guard(store->mutex_);
  OPCON_SNOW_RETURN_IF_ERROR(store->ReleaseRunningSteps());
  return store;
}

SqliteStore::SqliteStore(std::unique_ptr<StoreLock> lock,
                         std::unique_ptr<Database> db, Clock* clock)
    : lock_(std::move(lock)),
      clock_(clock),
      db_(std::move(db)),
      random_(std::random_device{}()) {}

absl::Status SqliteStore::ReleaseRunningSteps() {
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  std::vector<std::string> reports;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare("SELECT DISTINCT report_id FROM steps WHERE state = ?"));
    query.Bind(v1::STEP_STATE_RUNNING);
    OPCON_SNOW_ASSIGN_OR_RETURN(bool row, query.Step());
    while (row) {
      reports.push_back(query.Text(0));
      OPCON_SNOW_ASSIGN_OR_RETURN(row, query.Step());
    }
  }
  for (const std::string& report_id : reports) {
    OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored, Load(report_id));
    for (v1::Step& step : *stored.report.mutable_steps()) {
      if (step.state() != v1::STEP_STATE_RUNNING) continue;
      step.set_state(v1::STEP_STATE_PENDING);
      OPCON_SNOW_RETURN_IF_ERROR(SetStepRow(report_id, step, clock_->Now()));
    }
    OPCON_SNOW_RETURN_IF_ERROR(Save(&stored));
  }
  return transaction.Commit();
}

absl::StatusOr<CreatedReport> SqliteStore::CreateReport(
    const v1::Report& report, absl::string_view digest,
    const std::vector<v1::StepKind>& first_steps, std::int64_t max_open) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<CreatedReport> known,
                              FindRequest(report.request_id(), digest));
  if (known.has_value()) return *std::move(known);
  OPCON_SNOW_RETURN_IF_ERROR(CheckOpenReports(max_open));

  const absl::Time now = clock_->Now();
  StoredReport stored;
  stored.report = report;
  stored.report.set_report_id(NewReportId(now));
  SetTime(now, stored.report.mutable_create_time());
  for (const v1::StepKind kind : first_steps) AddStep(&stored.report, kind);
  OPCON_SNOW_RETURN_IF_ERROR(InsertReport(stored));
  OPCON_SNOW_RETURN_IF_ERROR(Save(&stored, first_steps.empty()
                                               ? v1::REPORT_STATE_DEAD_LETTER
                                               : v1::REPORT_STATE_UNSPECIFIED));
  for (const v1::StepKind kind : first_steps) {
    OPCON_SNOW_RETURN_IF_ERROR(InsertStep(stored.report, kind, now));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement request,
      db_->Prepare("INSERT INTO request_ids VALUES (?, ?, ?, ?)"));
  OPCON_SNOW_RETURN_IF_ERROR(request.Bind(report.request_id())
                                 .Bind(stored.report.report_id())
                                 .Bind(digest)
                                 .Bind(absl::ToUnixMicros(now))
                                 .Run());
  OPCON_SNOW_RETURN_IF_ERROR(transaction.Commit());
  return CreatedReport{std::move(stored.report), false};
}

absl::StatusOr<std::optional<CreatedReport>> SqliteStore::FindRequest(
    absl::string_view request_id, absl::string_view digest) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare(
          "SELECT report_id, digest FROM request_ids WHERE request_id = ?"));
  query.Bind(request_id);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool known, query.Step());
  if (!known) return std::nullopt;
  if (query.Text(1) != digest) {
    return MakeError(
        absl::StatusCode::kInvalidArgument,
        absl::StrCat("request_id ", request_id,
                     " has been used for another observation (report ",
                     query.Text(0), "): make a new request_id for each"),
        {.reason = "REQUEST_ID_REUSED",
         .domain = kDomain,
         .metadata = {{"report_id", query.Text(0)}}});
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored, Load(query.Text(0)));
  return CreatedReport{std::move(stored.report), true};
}

absl::Status SqliteStore::CheckOpenReports(std::int64_t max_open) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT count(*) FROM reports WHERE state IN (?, ?, ?)"));
  query.Bind(v1::REPORT_STATE_ACCEPTED)
      .Bind(v1::REPORT_STATE_RUNNING)
      .Bind(v1::REPORT_STATE_WAITING);
  OPCON_SNOW_RETURN_IF_ERROR(query.Step().status());
  if (query.Int(0) < max_open) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat(query.Int(0),
                   " reports are open, as many as "
                   "workflow.max_open_reports allows: see what holds them up "
                   "(incidentctl reports list), or raise the limit"),
      {.reason = "OVERLOADED",
       .domain = kDomain,
       .retry_after = absl::Seconds(30)});
}

absl::StatusOr<StoredReport> SqliteStore::GetReport(
    absl::string_view report_id) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return Load(report_id);
}

absl::StatusOr<ReportPage> SqliteStore::ListReports(const ReportFilter& filter,
                                                    absl::string_view before,
                                                    int limit) {
  std::string sql = "SELECT report_id, report FROM reports WHERE 1";
  std::vector<std::string> values;
  const auto where = [&](absl::string_view condition,
                         const std::string& value) {
    if (value.empty()) return;
    absl::StrAppend(&sql, " AND ", condition);
    values.push_back(value);
  };
  where("report_id < ?", std::string(before));
  where("opcon = ?", filter.opcon);
  where("job_name = ?", filter.job_name);
  where("schedule_name = ?", filter.schedule_name);
  where("schedule_date = ?", filter.schedule_date);
  where("request_id = ?", filter.request_id);
  if (filter.created_since.has_value()) {
    absl::StrAppend(
        &sql, " AND create_us >= ", absl::ToUnixMicros(*filter.created_since));
  }
  if (!filter.states.empty()) {
    std::string states;
    for (const v1::ReportState state : filter.states) {
      absl::StrAppend(&states, states.empty() ? "" : ",",
                      static_cast<int>(state));
    }
    absl::StrAppend(&sql, " AND state IN (", states, ")");
  }
  absl::StrAppend(&sql, " ORDER BY report_id DESC LIMIT ", limit + 1);

  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement query, db_->Prepare(sql));
  for (const std::string& value : values) query.Bind(value);
  ReportPage page;
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, query.Step());
  while (row) {
    if (page.reports.size() == static_cast<std::size_t>(limit)) {
      page.next = page.reports.back().report_id();
      break;
    }
    v1::Report report;
    if (!report.ParseFromString(query.Text(1)))
      return CorruptRecord("a report");
    page.reports.push_back(std::move(report));
    OPCON_SNOW_ASSIGN_OR_RETURN(row, query.Step());
  }
  return page;
}

absl::StatusOr<std::vector<ClaimedStep>> SqliteStore::ClaimSteps(absl::Time now,
                                                                 int limit) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  std::vector<std::pair<std::string, v1::StepKind>> due;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare(absl::StrCat(
            "SELECT s.report_id, s.kind ", kEligible,
            " AND s.due_us <= ? ORDER BY s.report_id, s.kind LIMIT ?")));
    query.Bind(absl::ToUnixMicros(now)).Bind(limit);
    OPCON_SNOW_ASSIGN_OR_RETURN(bool row, query.Step());
    while (row) {
      due.emplace_back(query.Text(0), static_cast<v1::StepKind>(query.Int(1)));
      OPCON_SNOW_ASSIGN_OR_RETURN(row, query.Step());
    }
  }
  std::vector<ClaimedStep> claimed;
  for (const auto& [report_id, kind] : due) {
    OPCON_SNOW_ASSIGN_OR_RETURN(ClaimedStep step,
                                ClaimOne(report_id, kind, now));
    claimed.push_back(std::move(step));
  }
  OPCON_SNOW_RETURN_IF_ERROR(transaction.Commit());
  return claimed;
}

absl::StatusOr<ClaimedStep> SqliteStore::ClaimOne(const std::string& report_id,
                                                  v1::StepKind kind,
                                                  absl::Time now) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update,
      db_->Prepare("UPDATE steps SET state = ?, epoch = epoch + 1 "
                   "WHERE report_id = ? AND kind = ? RETURNING epoch"));
  update.Bind(v1::STEP_STATE_RUNNING).Bind(report_id).Bind(kind);
  OPCON_SNOW_RETURN_IF_ERROR(update.Step().status());
  ClaimedStep claimed;
  claimed.claim = {report_id, kind, update.Int(0)};
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool more, update.Step());
  static_cast<void>(more);  // Stepping to the end finishes the statement.

  OPCON_SNOW_ASSIGN_OR_RETURN(claimed.stored, Load(report_id));
  v1::Step* step = FindStep(&claimed.stored.report, kind);
  if (step == nullptr) return CorruptRecord("a step without its report");
  step->set_state(v1::STEP_STATE_RUNNING);
  step->set_attempts(step->attempts() + 1);
  step->clear_next_attempt_time();
  if (!step->has_start_time()) SetTime(now, step->mutable_start_time());
  claimed.step = *step;
  OPCON_SNOW_RETURN_IF_ERROR(Save(&claimed.stored));
  return claimed;
}

absl::StatusOr<absl::Time> SqliteStore::NextDueTime() {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare(absl::StrCat("SELECT min(s.due_us) ", kEligible)));
  OPCON_SNOW_RETURN_IF_ERROR(query.Step().status());
  if (query.IsNull(0)) return absl::InfiniteFuture();
  return absl::FromUnixMicros(query.Int(0));
}

absl::Status SqliteStore::CheckClaim(const StepClaim& claim) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return CheckClaimLocked(claim);
}

absl::Status SqliteStore::CheckClaimLocked(const StepClaim& claim) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT 1 FROM steps WHERE report_id = ? AND kind = ? "
                   "AND epoch = ? AND state = ?"));
  query.Bind(claim.report_id)
      .Bind(claim.kind)
      .Bind(claim.epoch)
      .Bind(v1::STEP_STATE_RUNNING);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool held, query.Step());
  return held ? absl::OkStatus() : ClaimLost(claim);
}

absl::StatusOr<std::string> SqliteStore::OwnFailure(
    const StepClaim& claim, const v1::Failure& failure,
    absl::string_view servicenow) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  OPCON_SNOW_RETURN_IF_ERROR(CheckClaimLocked(claim));
  const absl::Time now = clock_->Now();
  v1::Failure stamped = failure;
  SetTime(now, stamped.mutable_create_time());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT OR IGNORE INTO failures VALUES (?, ?, ?, ?)"));
  OPCON_SNOW_RETURN_IF_ERROR(insert.Bind(failure.failure_id())
                                 .Bind(JobKeyText(failure.job_key()))
                                 .Bind(absl::ToUnixMicros(now))
                                 .BindBlob(stamped.SerializeAsString())
                                 .Run());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement own,
      db_->Prepare("INSERT OR IGNORE INTO failure_owners VALUES (?, ?, ?)"));
  OPCON_SNOW_RETURN_IF_ERROR(own.Bind(failure.failure_id())
                                 .Bind(servicenow)
                                 .Bind(claim.report_id)
                                 .Run());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query, db_->Prepare("SELECT report_id FROM failure_owners "
                                    "WHERE failure_id = ? AND servicenow = ?"));
  query.Bind(failure.failure_id()).Bind(servicenow);
  OPCON_SNOW_RETURN_IF_ERROR(query.Step().status());
  std::string owner = query.Text(0);
  OPCON_SNOW_RETURN_IF_ERROR(transaction.Commit());
  return owner;
}

absl::Status SqliteStore::Commit(const StepCommit& commit) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  OPCON_SNOW_RETURN_IF_ERROR(CheckClaimLocked(commit.claim));
  const std::string& report_id = commit.claim.report_id;
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored, Load(report_id));
  if (commit.report.has_value()) {
    const v1::Report before = std::exchange(stored.report, *commit.report);
    *stored.report.mutable_steps() = before.steps();
  }
  if (commit.memo.has_value()) stored.memo = *commit.memo;

  const absl::Time now = clock_->Now();
  v1::Step* step = FindStep(&stored.report, commit.claim.kind);
  if (step == nullptr) return CorruptRecord("a step without its report");
  *step = commit.step;
  if (IsEnded(step->state())) SetTime(now, step->mutable_end_time());
  OPCON_SNOW_RETURN_IF_ERROR(SetStepRow(
      report_id, *step,
      step->has_next_attempt_time() ? ToTime(step->next_attempt_time()) : now));
  for (const v1::StepKind kind : commit.next_steps) {
    if (FindStep(&stored.report, kind) != nullptr) continue;
    AddStep(&stored.report, kind);
    OPCON_SNOW_RETURN_IF_ERROR(InsertStep(stored.report, kind, now));
  }
  if (commit.link.has_value()) {
    OPCON_SNOW_RETURN_IF_ERROR(PutLink(*commit.link));
  }
  if (commit.failure_ticket.has_value()) {
    OPCON_SNOW_RETURN_IF_ERROR(
        AddFailureTicket(stored.report.failure_id(), *commit.failure_ticket));
  }
  OPCON_SNOW_RETURN_IF_ERROR(Save(&stored, commit.final_state));
  return transaction.Commit();
}

absl::StatusOr<std::optional<v1::TicketLink>> SqliteStore::FindLink(
    const v1::JobKey& job_key, absl::string_view servicenow) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query, db_->Prepare("SELECT link FROM ticket_links "
                                    "WHERE job_key = ? AND servicenow = ?"));
  query.Bind(JobKeyText(job_key)).Bind(servicenow);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found) return std::nullopt;
  v1::TicketLink link;
  if (!link.ParseFromString(query.Text(0)))
    return CorruptRecord("a ticket link");
  return link;
}

absl::StatusOr<v1::Report> SqliteStore::RetryReport(
    absl::string_view report_id) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored, Load(report_id));
  const v1::ReportState state = stored.report.state();
  const bool ended = IsSettled(state) && state != v1::REPORT_STATE_DEAD_LETTER;
  if (ended || stored.report.steps().empty()) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("report ", report_id, " is ", v1::ReportState_Name(state),
                     stored.report.steps().empty()
                         ? " and has no step that could be tried again: look "
                           "after the job, then discard it"
                         : ": there is nothing to try again"),
        {.reason = "REPORT_STATE",
         .domain = kDomain,
         .metadata = {{"state", v1::ReportState_Name(state)}}});
  }
  const absl::Time now = clock_->Now();
  for (v1::Step& step : *stored.report.mutable_steps()) {
    if (step.state() != v1::STEP_STATE_FAILED &&
        step.state() != v1::STEP_STATE_WAITING) {
      continue;
    }
    step.set_state(v1::STEP_STATE_PENDING);
    step.clear_next_attempt_time();
    step.clear_end_time();
    // The time to give up counts from the person's decision.
    SetTime(now, step.mutable_start_time());
    OPCON_SNOW_RETURN_IF_ERROR(SetStepRow(report_id, step, now));
  }
  OPCON_SNOW_RETURN_IF_ERROR(Save(&stored));
  OPCON_SNOW_RETURN_IF_ERROR(transaction.Commit());
  return stored.report;
}

absl::StatusOr<v1::Report> SqliteStore::DiscardReport(
    absl::string_view report_id, absl::string_view reason) {
  const std::lock_guard<std::mutex> guard(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(db_.get()));
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored, Load(report_id));
  const v1::ReportState state = stored.report.state();
  if (state == v1::REPORT_STATE_DISCARDED) return stored.report;
  const bool at_work =
      std::any_of(stored.report.steps().begin(), stored.report.steps().end(),
                  [](const v1::Step& step) {
                    return step.state() == v1::STEP_STATE_RUNNING;
                  });
  if (at_work || (IsSettled(state) && state != v1::REPORT_STATE_DEAD_LETTER)) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("report ", report_id, " is ", v1::ReportState_Name(state),
                     at_work ? ": wait until the attempt under way has ended"
                             : " already"),
        {.reason = "REPORT_STATE",
         .domain = kDomain,
         .metadata = {{"state", v1::ReportState_Name(state)}}});
  }
  for (v1::Step& step : *stored.report.mutable_steps()) {
    if (IsEnded(step.state())) continue;
    step.set_state(v1::STEP_STATE_SKIPPED);
    step.clear_next_attempt_time();
    OPCON_SNOW_RETURN_IF_ERROR(SetStepRow(report_id, step, clock_->Now()));
  }
  stored.report.set_summary(absl::StrCat("Given up by a person: ", reason));
  OPCON_SNOW_RETURN_IF_ERROR(Save(&stored, v1::REPORT_STATE_DISCARDED));
  OPCON_SNOW_RETURN_IF_ERROR(transaction.Commit());
  return stored.report;
}

}  // namespace opcon_snow::incident
