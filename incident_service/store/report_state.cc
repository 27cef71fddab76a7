#include "incident_service/store/report_state.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// What a person calls the step.
absl::string_view StepName(v1::StepKind kind) {
  switch (kind) {
    case v1::STEP_KIND_RESOLVE:
      return "finding the job in OpCon";
    case v1::STEP_KIND_TICKET:
      return "creating or updating the incident";
    case v1::STEP_KIND_WRITE_BACK:
      return "writing the ticket to the job";
    case v1::STEP_KIND_ATTACH_LOG:
      return "attaching the job log";
    case v1::STEP_KIND_DOCUMENT:
      return "adding the replaced ticket to the job's documentation";
    case v1::STEP_KIND_FOLLOW_TICKET:
      return "bringing the job into step with its ticket";
    case v1::STEP_KIND_RECOVER_TICKET:
      return "telling the ticket that its job is well again";
    default:
      return "an unknown step";
  }
}

const v1::Step* FirstIn(const v1::Report& report, v1::StepState state,
                        bool best_effort_too) {
  for (const v1::Step& step : report.steps()) {
    if (step.state() == state &&
        (best_effort_too || !IsBestEffort(step.kind()))) {
      return &step;
    }
  }
  return nullptr;
}

bool AllEnded(const v1::Report& report) {
  for (const v1::Step& step : report.steps()) {
    if (!IsEnded(step.state())) return false;
  }
  return true;
}

void Settle(v1::Report* report, v1::ReportState state, std::string summary) {
  report->set_state(state);
  report->set_summary(std::move(summary));
}

void SucceededSummary(v1::Report* report) {
  std::string summary =
      report->ticket().number().empty()
          ? "Done; there is no ticket to show."
          : absl::StrCat("Done: ", report->ticket().number(), ".");
  if (report->has_ticket_change() || report->has_job_recovery()) {
    absl::StrAppend(&summary, " ", report->steps(0).outcome());
  }
  if (const v1::Step* lost = FirstIn(*report, v1::STEP_STATE_FAILED, true)) {
    absl::StrAppend(&summary, " Given up: ", StepName(lost->kind()), " (",
                    lost->error().message(), ").");
  }
  Settle(report, v1::REPORT_STATE_SUCCEEDED, std::move(summary));
}

}  // namespace

bool IsEnded(v1::StepState state) {
  return state == v1::STEP_STATE_SUCCEEDED || state == v1::STEP_STATE_SKIPPED ||
         state == v1::STEP_STATE_FAILED;
}

bool IsSettled(v1::ReportState state) {
  return state == v1::REPORT_STATE_SUCCEEDED ||
         state == v1::REPORT_STATE_MERGED ||
         state == v1::REPORT_STATE_SUPPRESSED ||
         state == v1::REPORT_STATE_DEAD_LETTER ||
         state == v1::REPORT_STATE_DISCARDED;
}

bool HasEnded(v1::ReportState state) {
  return IsSettled(state) && state != v1::REPORT_STATE_DEAD_LETTER;
}

bool IsBestEffort(v1::StepKind kind) {
  return kind == v1::STEP_KIND_ATTACH_LOG;
}

bool NeedsJob(v1::StepKind kind) {
  return kind != v1::STEP_KIND_ATTACH_LOG &&
         kind != v1::STEP_KIND_FOLLOW_TICKET;
}

void DeriveState(v1::Report* report) {
  report->clear_error();
  report->clear_next_attempt_time();
  if (const v1::Step* failed = FirstIn(*report, v1::STEP_STATE_FAILED, false)) {
    *report->mutable_error() = failed->error();
    Settle(report, v1::REPORT_STATE_DEAD_LETTER,
           absl::StrCat("Needs a person: ", StepName(failed->kind()),
                        " failed for good. ", failed->error().message()));
    return;
  }
  if (AllEnded(*report)) {
    SucceededSummary(report);
    return;
  }
  if (const v1::Step* waiting =
          FirstIn(*report, v1::STEP_STATE_WAITING, true)) {
    if (waiting->has_error()) *report->mutable_error() = waiting->error();
    *report->mutable_next_attempt_time() = waiting->next_attempt_time();
    Settle(
        report, v1::REPORT_STATE_WAITING,
        waiting->has_error()
            ? absl::StrCat("Will be tried again: ", StepName(waiting->kind()),
                           ". ", waiting->error().message())
            : absl::StrCat(
                  "Waits until ",
                  absl::FormatTime(ToTime(waiting->next_attempt_time()),
                                   absl::UTCTimeZone()),
                  " before ", StepName(waiting->kind()), "."));
    return;
  }
  const bool begun = report->steps_size() > 1 ||
                     report->steps(0).state() != v1::STEP_STATE_PENDING ||
                     report->steps(0).attempts() > 0;
  Settle(report, begun ? v1::REPORT_STATE_RUNNING : v1::REPORT_STATE_ACCEPTED,
         begun ? "At work." : "Stored; work on it has not begun.");
}

bool HoldsJob(const v1::Report& report) {
  if (HasEnded(report.state())) return false;
  for (const v1::Step& step : report.steps()) {
    if (!IsEnded(step.state()) && NeedsJob(step.kind())) return true;
  }
  return false;
}

}  // namespace opcon_snow::incident
