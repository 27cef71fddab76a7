#include "incident_service/store/report_changes.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";

StepPriority PriorityOf(v1::StepKind kind) {
  switch (kind) {
    case v1::STEP_KIND_RESOLVE:
      return StepPriority::kResolve;
    case v1::STEP_KIND_ATTACH_LOG:
      return StepPriority::kAttachment;
    case v1::STEP_KIND_FOLLOW_TICKET:
    case v1::STEP_KIND_RECOVER_TICKET:
      return StepPriority::kUpdate;
    default:
      return StepPriority::kCreate;
  }
}

// Derives the state unless `final_state` says one, and sets the times.
void Settle(v1::ReportState final_state, absl::Time now, v1::Report* report) {
  if (final_state == v1::REPORT_STATE_UNSPECIFIED) {
    DeriveState(report);
  } else {
    report->set_state(final_state);
    report->clear_next_attempt_time();
  }
  SetTime(now, report->mutable_update_time());
  if (!HasEnded(report->state())) {
    report->clear_end_time();
  } else if (!report->has_end_time()) {
    SetTime(now, report->mutable_end_time());
  }
}

void AddStep(const NextStep& next, absl::Time now, v1::Report* report) {
  v1::Step* step = report->add_steps();
  step->set_kind(next.kind);
  step->set_state(v1::STEP_STATE_PENDING);
  if (next.delay > absl::ZeroDuration()) {
    step->set_state(v1::STEP_STATE_WAITING);
    SetTime(now + next.delay, step->mutable_next_attempt_time());
  }
}

// What an attempt of the step writes upstream; empty for those that only read.
std::string ActionOf(v1::StepKind kind,
                     const ::incident_store::v1::Memo& memo) {
  switch (kind) {
    case v1::STEP_KIND_TICKET:
      switch (memo.plan().kind()) {
        case ::incident_store::v1::TICKET_PLAN_KIND_UNSPECIFIED:
          return "";
        case ::incident_store::v1::TICKET_PLAN_KIND_CREATE:
          return "servicenow.CreateIncident";
        default:
          return "servicenow.UpdateIncident";
      }
    case v1::STEP_KIND_WRITE_BACK:
      return "opcon.SetIncidentTicket";
    case v1::STEP_KIND_ATTACH_LOG:
      return "servicenow.AttachFile";
    case v1::STEP_KIND_DOCUMENT:
      return "opcon.AppendDocumentation";
    case v1::STEP_KIND_FOLLOW_TICKET:
      return memo.follow().has_send_time() ? "opcon.SubmitJobAction" : "";
    case v1::STEP_KIND_RECOVER_TICKET:
      return memo.has_recovery() ? "servicenow.UpdateIncident" : "";
    default:
      return "";
  }
}

absl::Status WrongState(const v1::Report& report, absl::string_view what) {
  const std::string state = v1::ReportState_Name(report.state());
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("report ", report.report_id(), " is ", state, what),
      {.reason = "REPORT_STATE",
       .domain = kDomain,
       .metadata = {{"state", state}}});
}

}  // namespace

NextStep::NextStep(v1::StepKind step_kind)
    : NextStep(step_kind, PriorityOf(step_kind)) {}

absl::StatusOr<CreatedReport> Store::CreateReport(
    const v1::Report& report, absl::string_view digest,
    const std::vector<NextStep>& first_steps, std::int64_t max_open) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<absl::StatusOr<CreatedReport>> result;
  CreateReportAsync({report, std::string(digest), first_steps, max_open},
                    [&](absl::StatusOr<CreatedReport> created) {
                      // Notified under the lock: they live on the waiter's
                      // stack.
                      const std::lock_guard<std::mutex> lock(mutex);
                      result = std::move(created);
                      changed.notify_one();
                    });
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return result.has_value(); });
  return *std::move(result);
}

v1::Step* FindStep(v1::Report* report, v1::StepKind kind) {
  for (v1::Step& step : *report->mutable_steps()) {
    if (step.kind() == kind) return &step;
  }
  return nullptr;
}

void BeginReport(const std::string& report_id,
                 const std::vector<NextStep>& first_steps, absl::Time now,
                 StoredReport* stored) {
  v1::Report& report = stored->report;
  report.set_report_id(report_id);
  SetTime(now, report.mutable_create_time());
  for (const NextStep& next : first_steps) AddStep(next, now, &report);
  Settle(first_steps.empty() ? v1::REPORT_STATE_DEAD_LETTER
                             : v1::REPORT_STATE_UNSPECIFIED,
         now, &report);
}

absl::StatusOr<v1::Step> BeginAttempt(v1::StepKind kind, absl::Time now,
                                      StoredReport* stored) {
  v1::Step* step = FindStep(&stored->report, kind);
  if (step == nullptr) return CorruptRecord("a step without its report");
  step->set_state(v1::STEP_STATE_RUNNING);
  step->set_attempts(step->attempts() + 1);
  step->clear_next_attempt_time();
  if (!step->has_start_time()) SetTime(now, step->mutable_start_time());
  v1::Step claimed = *step;
  Settle(v1::REPORT_STATE_UNSPECIFIED, now, &stored->report);
  return claimed;
}

absl::StatusOr<std::vector<NextStep>> ApplyCommit(const StepCommit& commit,
                                                  absl::Time now,
                                                  StoredReport* stored) {
  v1::Report& report = stored->report;
  if (commit.report.has_value()) {
    const v1::Report before = std::exchange(report, *commit.report);
    *report.mutable_steps() = before.steps();
    report.set_report_id(before.report_id());
    *report.mutable_create_time() = before.create_time();
  }
  if (commit.memo.has_value()) stored->memo = *commit.memo;
  v1::Step* step = FindStep(&report, commit.claim.kind);
  if (step == nullptr) return CorruptRecord("a step without its report");
  *step = commit.step;
  if (IsEnded(step->state())) SetTime(now, step->mutable_end_time());
  std::vector<NextStep> added;
  for (const NextStep& next : commit.next_steps) {
    if (FindStep(&report, next.kind) != nullptr) continue;
    AddStep(next, now, &report);
    added.push_back(next);
  }
  Settle(commit.final_state, now, &report);
  return added;
}

std::optional<v1::AuditEntry> ApplyCutOff(v1::StepKind kind, absl::Time now,
                                          StoredReport* stored) {
  v1::Step* step = FindStep(&stored->report, kind);
  if (step == nullptr) return std::nullopt;
  step->set_state(v1::STEP_STATE_PENDING);
  Settle(v1::REPORT_STATE_UNSPECIFIED, now, &stored->report);
  const std::string action = ActionOf(kind, stored->memo);
  if (action.empty()) return std::nullopt;
  v1::AuditEntry entry;
  entry.set_actor("incident_service");
  entry.set_action(action);
  entry.set_instance(kind == v1::STEP_KIND_TICKET ||
                             kind == v1::STEP_KIND_ATTACH_LOG ||
                             kind == v1::STEP_KIND_RECOVER_TICKET
                         ? stored->memo.servicenow()
                         : JobKeyOf(stored->report).opcon());
  entry.set_target(JobId(JobKeyOf(stored->report)));
  entry.set_reason(absl::StrCat("attempt ", step->attempts(),
                                " was cut off by the end of the service"));
  entry.set_report_id(stored->report.report_id());
  entry.mutable_result()->set_code(
      static_cast<int>(absl::StatusCode::kUnknown));
  entry.mutable_result()->set_message(
      "whether it was sent and carried out is not known; the next attempt "
      "finds out");
  return entry;
}

absl::StatusOr<std::vector<v1::StepKind>> ApplyRetry(absl::Time now,
                                                     StoredReport* stored) {
  v1::Report& report = stored->report;
  if (HasEnded(report.state())) {
    return WrongState(report, ": there is nothing to try again");
  }
  if (report.steps().empty()) {
    return WrongState(report,
                      " and has no step that could be tried again: look after "
                      "the job, then discard it");
  }
  std::vector<v1::StepKind> due;
  for (v1::Step& step : *report.mutable_steps()) {
    if (step.state() != v1::STEP_STATE_FAILED &&
        step.state() != v1::STEP_STATE_WAITING) {
      continue;
    }
    step.set_state(v1::STEP_STATE_PENDING);
    step.clear_next_attempt_time();
    step.clear_end_time();
    // The time to give up counts from the person's decision.
    SetTime(now, step.mutable_start_time());
    due.push_back(step.kind());
  }
  if (!due.empty()) Settle(v1::REPORT_STATE_UNSPECIFIED, now, &report);
  return due;
}

absl::StatusOr<std::vector<v1::StepKind>> ApplyDiscard(const Decision& decision,
                                                       absl::Time now,
                                                       StoredReport* stored) {
  v1::Report& report = stored->report;
  std::vector<v1::StepKind> skipped;
  if (report.state() == v1::REPORT_STATE_DISCARDED) return skipped;
  for (const v1::Step& step : report.steps()) {
    if (step.state() != v1::STEP_STATE_RUNNING) continue;
    return WrongState(report, ": wait until the attempt under way has ended");
  }
  if (HasEnded(report.state())) return WrongState(report, " already");
  for (v1::Step& step : *report.mutable_steps()) {
    if (IsEnded(step.state())) continue;
    step.set_state(v1::STEP_STATE_SKIPPED);
    step.clear_next_attempt_time();
    skipped.push_back(step.kind());
  }
  report.set_summary(absl::StrCat("Given up by a person: ", decision.reason));
  Settle(v1::REPORT_STATE_DISCARDED, now, &report);
  return skipped;
}

v1::AuditEntry DecisionEntry(absl::string_view action,
                             absl::string_view report_id,
                             const Decision& decision) {
  v1::AuditEntry entry;
  entry.set_actor(decision.actor);
  entry.set_action(std::string(action));
  entry.set_target(std::string(report_id));
  entry.set_reason(decision.reason);
  entry.set_report_id(std::string(report_id));
  entry.mutable_result();
  return entry;
}

v1::Report ForgottenReport(absl::string_view report_id,
                           absl::string_view request_id,
                           v1::ReportState last_state) {
  v1::Report report;
  report.set_report_id(std::string(report_id));
  report.set_request_id(std::string(request_id));
  report.set_state(last_state);
  report.set_summary(
      "It was reported before; the report is past its retention.");
  return report;
}

bool MayBeSeen(const v1::TicketLink& stored, const Store::SeenTicket& seen) {
  return stored.ticket().sys_id() == seen.found.ticket().sys_id() &&
         stored.ticket_state_value() == seen.last_state_value &&
         stored.ticket_modification_count() == seen.last_modification_count &&
         stored.gone() == seen.last_gone;
}

void ApplySeen(const Store::SeenTicket& seen, v1::TicketLink* stored) {
  stored->set_ticket_state_value(seen.found.ticket_state_value());
  stored->set_ticket_modification_count(seen.found.ticket_modification_count());
  *stored->mutable_check_time() = seen.found.check_time();
  stored->set_gone(seen.found.gone());
}

void KeepSeen(const v1::TicketLink& stored, v1::TicketLink* fresh) {
  if (stored.ticket().sys_id() != fresh->ticket().sys_id() ||
      stored.ticket_modification_count() <=
          fresh->ticket_modification_count()) {
    return;
  }
  fresh->set_ticket_state_value(stored.ticket_state_value());
  fresh->set_ticket_modification_count(stored.ticket_modification_count());
  *fresh->mutable_check_time() = stored.check_time();
  fresh->set_gone(stored.gone());
}

bool AddTicket(const v1::TicketRef& ticket, v1::Failure* failure) {
  const bool known =
      std::any_of(failure->tickets().begin(), failure->tickets().end(),
                  [&](const v1::TicketRef& other) {
                    return other.servicenow() == ticket.servicenow() &&
                           other.sys_id() == ticket.sys_id();
                  });
  if (!known) *failure->add_tickets() = ticket;
  return !known;
}

absl::Status ClaimLost(const StepClaim& claim) {
  return MakeError(
      absl::StatusCode::kAborted,
      absl::StrCat("step ", v1::StepKind_Name(claim.kind), " of report ",
                   claim.report_id, " belongs to another worker now"),
      {.reason = "CLAIM_LOST", .domain = kDomain});
}

absl::Status WatchLost(const WatchClaim& claim) {
  return MakeError(
      absl::StatusCode::kAborted,
      absl::StrCat("the watch ", claim.name, " belongs to another process now"),
      {.reason = "CLAIM_LOST", .domain = kDomain});
}

absl::Status NoSuchReport(absl::string_view report_id) {
  return MakeError(
      absl::StatusCode::kNotFound,
      absl::StrCat("there is no report ", report_id,
                   ", or it is past its retention; `incidentctl reports "
                   "list` shows what there is"),
      {.reason = "RECORD_NOT_FOUND",
       .domain = kDomain,
       .metadata = {{"report_id", std::string(report_id)}}});
}

absl::Status RequestIdReused(absl::string_view request_id,
                             absl::string_view report_id) {
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat("request_id ", request_id,
                   " has been used for another observation (report ", report_id,
                   "): make a new request_id for each"),
      {.reason = "REQUEST_ID_REUSED",
       .domain = kDomain,
       .metadata = {{"report_id", std::string(report_id)}}});
}

absl::Status TooManyOpen(std::int64_t open) {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat(open,
                   " reports are open, as many as workflow.max_open_reports "
                   "allows: see what holds them up (incidentctl reports "
                   "list), or raise the limit"),
      {.reason = "OVERLOADED",
       .domain = kDomain,
       .retry_after = absl::Seconds(30)});
}

absl::Status BackupUnderWay() {
  return MakeError(absl::StatusCode::kResourceExhausted,
                   "a backup is under way already, and one is made at a time: "
                   "try again when it has ended",
                   {.reason = "OVERLOADED",
                    .domain = kDomain,
                    .retry_after = absl::Seconds(30)});
}

absl::Status NoSuchChange(std::int64_t after, std::int64_t last) {
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat("change ", after, " is not known, the last is ", last,
                   ": an older store was put in its place; begin without a "
                   "token"),
      {.reason = "INVALID_REQUEST", .domain = kDomain});
}

absl::Status CorruptRecord(absl::string_view what) {
  return MakeError(
      absl::StatusCode::kDataLoss,
      absl::StrCat("the store holds ", what,
                   " that cannot be read: restore a backup, or report the bug"),
      {.reason = "STORE_UNAVAILABLE", .domain = kDomain});
}

}  // namespace opcon_snow::incident
