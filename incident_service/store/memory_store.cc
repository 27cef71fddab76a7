#include "incident_service/store/memory_store.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/silence_changes.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

bool IsOpen(v1::ReportState state) {
  return state == v1::REPORT_STATE_ACCEPTED ||
         state == v1::REPORT_STATE_RUNNING || state == v1::REPORT_STATE_WAITING;
}

}  // namespace

MemoryStore::MemoryStore(Clock* clock, std::uint64_t seed)
    : clock_(clock), random_(seed) {}

void MemoryStore::CreateReportAsync(NewReport fresh, CreateDone done) {
  std::unique_lock<std::mutex> lock(mutex_);
  absl::StatusOr<CreatedReport> created = Create(fresh);
  Tell(&lock);
  done(std::move(created));
}

absl::StatusOr<CreatedReport> MemoryStore::Create(const NewReport& fresh) {
  const std::string& request_id = fresh.report.request_id();
  const auto known = requests_.find(request_id);
  if (known != requests_.end()) {
    const Request& request = known->second;
    if (request.digest != fresh.digest) {
      return RequestIdReused(request_id, request.report_id);
    }
    const auto row = reports_.find(request.report_id);
    return CreatedReport{row != reports_.end()
                             ? row->second.stored.report
                             : ForgottenReport(request.report_id, request_id,
                                               request.last_state),
                         true};
  }
  const auto open =
      std::count_if(reports_.begin(), reports_.end(), [](const auto& entry) {
        return IsOpen(entry.second.stored.report.state());
      });
  if (open >= fresh.max_open) return TooManyOpen(open);
  return Add(fresh);
}

CreatedReport MemoryStore::Add(const NewReport& fresh) {
  const absl::Time now = clock_->Now();
  const std::string id = MakeReportId(now, ++id_counter_, random_());
  Row& row = reports_[id];
  row.stored.report = fresh.report;
  row.stored.memo.set_reported_by(fresh.reported_by);
  row.stored.memo.set_trace_parent(fresh.trace_parent);
  BeginReport(id, fresh.first_steps, now, &row.stored);
  if (!fresh.report.has_rejected()) {
    row.job_key = JobKeyText(JobKeyOf(fresh.report));
  }
  for (const NextStep& next : fresh.first_steps) {
    row.steps[next.kind] = {.priority = next.priority, .due = now + next.delay};
  }
  requests_[fresh.report.request_id()] = {fresh.digest, id, now,
                                          v1::REPORT_STATE_UNSPECIFIED};
  Changed(&row);
  return CreatedReport{row.stored.report, false};
}

absl::StatusOr<std::optional<ClaimedWatch>> MemoryStore::ClaimWatch(
    absl::string_view name, absl::string_view worker, absl::Duration lease) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const absl::Time now = clock_->Now();
  Watch& watch = watches_[std::string(name)];
  if (watch.worker != worker) {
    if (watch.lease_end > now) return std::nullopt;
    ++watch.epoch;
    watch.worker = std::string(worker);
  }
  watch.lease_end = now + lease;
  return ClaimedWatch{{std::string(name), watch.epoch}, watch.state};
}

absl::StatusOr<int> MemoryStore::CommitWatch(const WatchCommit& commit) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto watch = watches_.find(commit.claim.name);
  if (watch == watches_.end() || watch->second.epoch != commit.claim.epoch) {
    return WatchLost(commit.claim);
  }
  watch->second.state = commit.state;
  int added = 0;
  const auto add = [&](const NewReport& fresh) {
    if (requests_.count(fresh.report.request_id()) > 0) return;
    Add(fresh);
    ++added;
  };
  for (const SeenTicket& seen : commit.tickets) {
    const auto link = links_.find(
        {JobKeyText(seen.found.job_key()), seen.found.ticket().servicenow()});
    if (link == links_.end() || !MayBeSeen(link->second.record, seen)) continue;
    ApplySeen(seen, &link->second.record);
    link->second.stamp = {clock_->Now(), ++stamp_counter_};
    SetTime(clock_->Now(), link->second.record.mutable_update_time());
    if (seen.report.has_value()) add(*seen.report);
  }
  for (const NewReport& fresh : commit.reports) add(fresh);
  Tell(&lock);
  return added;
}

absl::StatusOr<MemoryStore::Row*> MemoryStore::Find(
    absl::string_view report_id) {
  const auto found = reports_.find(std::string(report_id));
  if (found == reports_.end()) return NoSuchReport(report_id);
  return &found->second;
}

absl::StatusOr<MemoryStore::Row*> MemoryStore::Held(const StepClaim& claim) {
  const auto found = reports_.find(claim.report_id);
  if (found == reports_.end()) return ClaimLost(claim);
  const auto step = found->second.steps.find(claim.kind);
  if (step == found->second.steps.end() || step->second.epoch != claim.epoch ||
      FindStep(&found->second.stored.report, claim.kind)->state() !=
          v1::STEP_STATE_RUNNING) {
    return ClaimLost(claim);
  }
  return &found->second;
}

void MemoryStore::Changed(Row* row) {
  const v1::Report& report = row->stored.report;
  changes_.push_back({static_cast<std::int64_t>(changes_.size()) + 1, report});
  pending_.changes = true;
  pending_.work = true;
  if (HoldsJob(report)) {
    if (row->hold == Hold::kNo) row->hold = Hold::kWaits;
  } else {
    row->hold = Hold::kNo;
  }
  PassOnJob(row->job_key);
}

void MemoryStore::PassOnJob(const std::string& job_key) {
  Row* oldest = nullptr;
  for (auto& [id, row] : reports_) {
    if (row.job_key != job_key) continue;
    if (row.hold == Hold::kHas) return;
    if (row.hold == Hold::kWaits && oldest == nullptr) oldest = &row;
  }
  if (oldest != nullptr) oldest->hold = Hold::kHas;
}

void MemoryStore::Audit(const std::string& report_id, v1::AuditEntry entry) {
  entry.set_audit_id(next_audit_id_++);
  if (entry.report_id().empty()) entry.set_report_id(report_id);
  if (!entry.has_create_time()) {
    SetTime(clock_->Now(), entry.mutable_create_time());
  }
  audit_.push_back(std::move(entry));
}

void MemoryStore::Tell(std::unique_lock<std::mutex>* lock) {
  const StoreSignal signal = std::exchange(pending_, {});
  lock->unlock();
  signals_.Send(signal);
}

absl::StatusOr<StoredReport> MemoryStore::GetReport(
    absl::string_view report_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Row * row, Find(report_id));
  return row->stored;
}

bool MemoryStore::Claimable(const Row& row, v1::StepKind kind) const {
  return !NeedsJob(kind) || row.hold == Hold::kHas;
}

void MemoryStore::Release(Row* row, v1::StepKind kind) {
  StepRow& step = row->steps[kind];
  step.due = clock_->Now();
  std::optional<v1::AuditEntry> cut_off =
      ApplyCutOff(kind, clock_->Now(), &row->stored);
  if (cut_off.has_value()) {
    Audit(row->stored.report.report_id(), *std::move(cut_off));
  }
  Changed(row);
}

absl::StatusOr<std::vector<ClaimedStep>> MemoryStore::ClaimSteps(
    const ClaimRequest& request) {
  std::unique_lock<std::mutex> lock(mutex_);
  absl::StatusOr<std::vector<ClaimedStep>> claimed = ClaimNow(request);
  // Whoever claims looks for more by itself.
  pending_.work = false;
  Tell(&lock);
  return claimed;
}

absl::StatusOr<std::vector<ClaimedStep>> MemoryStore::ClaimNow(
    const ClaimRequest& request) {
  const absl::Time now = clock_->Now();
  std::map<v1::StepKind, int> running;
  std::vector<std::tuple<StepPriority, std::string, v1::StepKind>> due;
  for (auto& [id, row] : reports_) {
    // By index: a release adds to the report while it is walked over.
    for (int i = 0; i < row.stored.report.steps_size(); ++i) {
      const v1::StepKind kind = row.stored.report.steps(i).kind();
      StepRow& step = row.steps[kind];
      if (row.stored.report.steps(i).state() == v1::STEP_STATE_RUNNING) {
        if (step.lease_end > now) {
          ++running[kind];
          continue;
        }
        Release(&row, kind);
      }
      const v1::StepState state = row.stored.report.steps(i).state();
      if ((state == v1::STEP_STATE_PENDING ||
           state == v1::STEP_STATE_WAITING) &&
          step.due <= now && Claimable(row, kind)) {
        due.emplace_back(step.priority, id, kind);
      }
    }
  }
  std::sort(due.begin(), due.end());
  std::vector<ClaimedStep> claimed;
  for (const auto& [priority, id, kind] : due) {
    if (claimed.size() == static_cast<std::size_t>(request.limit)) break;
    const auto most = request.most_running.find(kind);
    if (most != request.most_running.end() && running[kind] >= most->second) {
      continue;
    }
    ++running[kind];
    Row& row = reports_[id];
    StepRow& step = row.steps[kind];
    ++step.epoch;
    step.lease_end = now + request.lease;
    step.worker = request.worker;
    ClaimedStep one;
    one.claim = {id, kind, step.epoch};
    OPCON_SNOW_ASSIGN_OR_RETURN(one.step, BeginAttempt(kind, now, &row.stored));
    one.stored = row.stored;
    Changed(&row);
    claimed.push_back(std::move(one));
  }
  return claimed;
}

absl::StatusOr<absl::Duration> MemoryStore::TimeToNextStep() {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [id, row] : reports_) {
    for (const v1::Step& step : row.stored.report.steps()) {
      const StepRow& details = row.steps.at(step.kind());
      if (step.state() == v1::STEP_STATE_RUNNING) {
        next = std::min(next, details.lease_end);
      } else if (!IsEnded(step.state()) && Claimable(row, step.kind())) {
        next = std::min(next, details.due);
      }
    }
  }
  return std::max(next - clock_->Now(), absl::ZeroDuration());
}

absl::StatusOr<std::vector<StepClaim>> MemoryStore::RenewClaims(
    const std::vector<StepClaim>& claims, absl::Duration lease) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<StepClaim> lost;
  for (const StepClaim& claim : claims) {
    const absl::StatusOr<Row*> row = Held(claim);
    if (row.ok()) {
      (*row)->steps[claim.kind].lease_end = clock_->Now() + lease;
    } else {
      lost.push_back(claim);
    }
  }
  return lost;
}

absl::Status MemoryStore::ReleaseClaims(absl::string_view worker) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (auto& [id, row] : reports_) {
    for (auto& [kind, step] : row.steps) {
      if (step.worker == worker &&
          FindStep(&row.stored.report, kind)->state() ==
              v1::STEP_STATE_RUNNING) {
        Release(&row, kind);
      }
    }
  }
  for (auto& [name, watch] : watches_) {
    if (watch.worker == worker) watch.lease_end = absl::InfinitePast();
  }
  Tell(&lock);
  return absl::OkStatus();
}

absl::Status MemoryStore::CheckClaim(const StepClaim& claim) {
  const std::lock_guard<std::mutex> lock(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Row * row, Held(claim));
  return row->steps[claim.kind].lease_end > clock_->Now() ? absl::OkStatus()
                                                          : ClaimLost(claim);
}

absl::StatusOr<std::string> MemoryStore::OwnFailure(
    const StepClaim& claim, const v1::Failure& failure,
    absl::string_view servicenow) {
  const std::lock_guard<std::mutex> lock(mutex_);
  OPCON_SNOW_RETURN_IF_ERROR(Held(claim).status());
  const std::string& id = failure.failure_id();
  if (failures_.count(id) == 0) {
    auto& entry = failures_[id];
    entry = {{clock_->Now(), ++stamp_counter_}, failure};
    SetTime(clock_->Now(), entry.record.mutable_create_time());
  }
  return owners_
      .emplace(std::pair(id, std::string(servicenow)), claim.report_id)
      .first->second;
}

absl::Status MemoryStore::Commit(const StepCommit& commit) {
  std::unique_lock<std::mutex> lock(mutex_);
  OPCON_SNOW_RETURN_IF_ERROR(CommitNow(commit));
  Tell(&lock);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ClaimedStep>> MemoryStore::CommitAndClaim(
    const StepCommit& commit, const ClaimRequest& request) {
  std::unique_lock<std::mutex> lock(mutex_);
  OPCON_SNOW_RETURN_IF_ERROR(CommitNow(commit));
  absl::StatusOr<std::vector<ClaimedStep>> claimed = ClaimNow(request);
  Tell(&lock);
  return claimed;
}

absl::Status MemoryStore::CommitNow(const StepCommit& commit) {
  OPCON_SNOW_ASSIGN_OR_RETURN(Row * row, Held(commit.claim));
  const absl::Time now = clock_->Now();
  const std::string failure_id = commit.report.has_value()
                                     ? commit.report->failure_id()
                                     : row->stored.report.failure_id();
  if (commit.failure_ticket.has_value() && failures_.count(failure_id) == 0) {
    return CorruptRecord("a report without its failure");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<NextStep> added,
                              ApplyCommit(commit, now, &row->stored));
  row->steps[commit.claim.kind].due =
      commit.step.has_next_attempt_time()
          ? ToTime(commit.step.next_attempt_time())
          : now;
  for (const NextStep& next : added) {
    row->steps[next.kind] = {.priority = next.priority,
                             .due = now + next.delay};
  }
  if (commit.link.has_value()) {
    auto& entry = links_[{JobKeyText(commit.link->job_key()),
                          commit.link->ticket().servicenow()}];
    v1::TicketLink link = *commit.link;
    KeepSeen(entry.record, &link);
    entry = {{now, ++stamp_counter_}, std::move(link)};
    SetTime(now, entry.record.mutable_update_time());
    if (!entry.record.has_create_time()) {
      SetTime(now, entry.record.mutable_create_time());
    }
  }
  if (commit.failure_ticket.has_value()) {
    AddTicket(*commit.failure_ticket, &failures_[failure_id].record);
  }
  const auto silence = silences_.find(commit.silence_id);
  if (silence != silences_.end()) CountSuppressed(&silence->second.silence);
  for (const v1::AuditEntry& entry : commit.audit) {
    Audit(commit.claim.report_id, entry);
  }
  Changed(row);
  return absl::OkStatus();
}

absl::StatusOr<v1::Report> MemoryStore::RetryReport(absl::string_view report_id,
                                                    const Decision& decision) {
  std::unique_lock<std::mutex> lock(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Row * row, Find(report_id));
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<v1::StepKind> due,
                              ApplyRetry(clock_->Now(), &row->stored));
  for (const v1::StepKind kind : due) row->steps[kind].due = clock_->Now();
  Audit(std::string(report_id),
        DecisionEntry("RetryReport", report_id, decision));
  if (!due.empty()) Changed(row);
  v1::Report report = row->stored.report;
  Tell(&lock);
  return report;
}

absl::StatusOr<v1::Report> MemoryStore::DiscardReport(
    absl::string_view report_id, const Decision& decision) {
  std::unique_lock<std::mutex> lock(mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Row * row, Find(report_id));
  if (row->stored.report.state() == v1::REPORT_STATE_DISCARDED) {
    return row->stored.report;
  }
  OPCON_SNOW_RETURN_IF_ERROR(
      ApplyDiscard(decision, clock_->Now(), &row->stored).status());
  if (row->stored.report.failure_id().empty()) {
    std::erase_if(owners_,
                  [&](const auto& owner) { return owner.second == report_id; });
  }
  Audit(std::string(report_id),
        DecisionEntry("DiscardReport", report_id, decision));
  Changed(row);
  v1::Report report = row->stored.report;
  Tell(&lock);
  return report;
}

absl::Status MemoryStore::AppendAudit(const AuditTrail& entries) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const v1::AuditEntry& entry : entries) Audit("", entry);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<StoreBackup>> MemoryStore::BackUp() {
  return MakeError(absl::StatusCode::kUnimplemented,
                   "a store in memory has no copy",
                   {.reason = "NOT_OFFERED", .domain = "incident-service"});
}

std::unique_ptr<StoreSubscription> MemoryStore::Subscribe(Listener listener) {
  return signals_.Subscribe(std::move(listener));
}

StoreInfo MemoryStore::Info() const { return {"memory", "", "memory"}; }

}  // namespace opcon_snow::incident
