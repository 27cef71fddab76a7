// Claims of SqliteStore: which steps are handed out, and taken back.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// Leases that are ended in one go: none, as a rule.
constexpr char kExpired[] =
    "SELECT report_id, kind FROM steps WHERE queue = 4 AND lease_us <= ? "
    "LIMIT 100";

// Kinds that are under way as often as they may be.
class Saturation {
 public:
  explicit Saturation(const std::map<v1::StepKind, int>& most) : left_(most) {}

  void CountRunning(v1::StepKind kind, std::int64_t count) {
    const auto left = left_.find(kind);
    if (left != left_.end()) left->second -= static_cast<int>(count);
  }
  // False if one more of the kind is too many.
  bool Take(v1::StepKind kind) {
    const auto left = left_.find(kind);
    if (left == left_.end()) return true;
    if (left->second <= 0) return false;
    --left->second;
    return true;
  }
  // `1,4`, for SQL.
  std::string Kinds() const {
    std::vector<int> kinds;
    for (const auto& [kind, left] : left_) {
      if (left <= 0) kinds.push_back(kind);
    }
    return absl::StrJoin(kinds, ",");
  }

 private:
  std::map<v1::StepKind, int> left_;
};

}  // namespace

absl::StatusOr<std::vector<SqliteStore::StepKey>> SqliteStore::ReadSteps(
    Statement* query) {
  std::vector<StepKey> steps;
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, query->Step());
  while (row) {
    steps.emplace_back(query->Text(0),
                       static_cast<v1::StepKind>(query->Int(1)));
    OPCON_SNOW_ASSIGN_OR_RETURN(row, query->Step());
  }
  return steps;
}

absl::Status SqliteStore::Release(const std::vector<StepKey>& steps) {
  const absl::Time now = clock_->Now();
  for (const auto& [report_id, kind] : steps) {
    OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(db_.get(), report_id));
    std::optional<v1::AuditEntry> cut_off = ApplyCutOff(kind, now, &row.stored);
    OPCON_SNOW_RETURN_IF_ERROR(Save(&row));
    const v1::Step* step = FindStep(&row.stored.report, kind);
    if (step == nullptr) return CorruptRecord("a step without its report");
    OPCON_SNOW_RETURN_IF_ERROR(SetStepRow(row, *step, now, now));
    if (cut_off.has_value()) {
      OPCON_SNOW_RETURN_IF_ERROR(InsertAudit(report_id, *std::move(cut_off)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ClaimedStep>> SqliteStore::ClaimNow(
    const ClaimRequest& request) {
  const absl::Time now = clock_->Now();
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement query, db_->Prepare(kExpired));
    query.Bind(absl::ToUnixMicros(now));
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<StepKey> expired,
                                ReadSteps(&query));
    OPCON_SNOW_RETURN_IF_ERROR(Release(expired));
  }
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement due,
                                db_->Prepare("UPDATE steps SET queue = 1 WHERE "
                                             "queue = 2 AND due_us <= ?"));
    OPCON_SNOW_RETURN_IF_ERROR(due.Bind(absl::ToUnixMicros(now)).Run());
  }
  Saturation saturation(request.most_running);
  if (!request.most_running.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement running,
                                db_->Prepare("SELECT kind, count(*) FROM steps "
                                             "WHERE queue = 4 GROUP BY kind"));
    OPCON_SNOW_ASSIGN_OR_RETURN(bool row, running.Step());
    while (row) {
      saturation.CountRunning(static_cast<v1::StepKind>(running.Int(0)),
                              running.Int(1));
      OPCON_SNOW_ASSIGN_OR_RETURN(row, running.Step());
    }
  }
  std::vector<ClaimedStep> claimed;
  const auto limit = static_cast<std::size_t>(std::max(request.limit, 0));
  while (claimed.size() < limit) {
    std::vector<StepKey> ready;
    {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          Statement query,
          db_->Prepare(absl::StrCat(
              "SELECT report_id, kind FROM steps WHERE queue = 1 AND "
              "kind NOT IN (",
              saturation.Kinds(),
              ") ORDER BY priority, report_id, kind LIMIT ?")));
      query.Bind(static_cast<std::int64_t>(limit - claimed.size()));
      OPCON_SNOW_ASSIGN_OR_RETURN(ready, ReadSteps(&query));
    }
    bool saturated = false;
    for (const auto& [report_id, kind] : ready) {
      if (!saturation.Take(kind)) {
        saturated = true;
        continue;
      }
      OPCON_SNOW_ASSIGN_OR_RETURN(ClaimedStep step,
                                  ClaimOne(report_id, kind, request, now));
      claimed.push_back(std::move(step));
    }
    // What the saturated kinds took the place of is looked for again.
    if (!saturated) break;
  }
  return claimed;
}

absl::StatusOr<ClaimedStep> SqliteStore::ClaimOne(const std::string& report_id,
                                                  v1::StepKind kind,
                                                  const ClaimRequest& request,
                                                  absl::Time now) {
  ClaimedStep claimed;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement update,
        db_->Prepare("UPDATE steps SET state = 2, queue = 4, "
                     "epoch = epoch + 1, lease_us = ?, worker = ? "
                     "WHERE report_id = ? AND kind = ? RETURNING epoch"));
    static_assert(v1::STEP_STATE_RUNNING == 2 && kQueueClaimed == 4);
    update.Bind(absl::ToUnixMicros(now + request.lease))
        .Bind(request.worker)
        .Bind(report_id)
        .Bind(kind);
    OPCON_SNOW_RETURN_IF_ERROR(update.Step().status());
    claimed.claim = {report_id, kind, update.Int(0)};
    // Stepping to the end finishes the statement.
    OPCON_SNOW_RETURN_IF_ERROR(update.Step().status());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(db_.get(), report_id));
  OPCON_SNOW_ASSIGN_OR_RETURN(claimed.step,
                              BeginAttempt(kind, now, &row.stored));
  OPCON_SNOW_RETURN_IF_ERROR(Save(&row));
  claimed.stored = std::move(row.stored);
  return claimed;
}

absl::StatusOr<absl::Duration> SqliteStore::TimeToNextStep() {
  const std::lock_guard<std::mutex> lock(reader_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement ready,
      reader_->Prepare("SELECT 1 FROM steps WHERE queue = 1 LIMIT 1"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, ready.Step());
  if (found) return absl::ZeroDuration();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement next,
      reader_->Prepare(
          "SELECT min(at) FROM (SELECT min(due_us) AS at FROM steps WHERE "
          "queue = 2 UNION ALL SELECT min(lease_us) FROM steps WHERE "
          "queue = 4)"));
  OPCON_SNOW_RETURN_IF_ERROR(next.Step().status());
  if (next.IsNull(0)) return absl::InfiniteDuration();
  return std::max(absl::FromUnixMicros(next.Int(0)) - clock_->Now(),
                  absl::ZeroDuration());
}

absl::Status SqliteStore::CheckClaim(const StepClaim& claim) {
  const std::lock_guard<std::mutex> lock(reader_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      reader_->Prepare("SELECT 1 FROM steps WHERE report_id = ? AND kind = ? "
                       "AND epoch = ? AND queue = 4 AND lease_us > ?"));
  query.Bind(claim.report_id)
      .Bind(claim.kind)
      .Bind(claim.epoch)
      .Bind(absl::ToUnixMicros(clock_->Now()));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool held, query.Step());
  return held ? absl::OkStatus() : ClaimLost(claim);
}

}  // namespace opcon_snow::incident
