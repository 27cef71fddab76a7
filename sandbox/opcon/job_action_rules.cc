#include "sandbox/opcon/job_action_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using C = JobCategory;

struct ActionRow {
  JobActionKind kind;
  absl::string_view name;
  std::vector<JobCategory> allowed_from;
};

// In the order of the enum.
const std::array<ActionRow, kJobActionKindCount>& Table() {
  static const auto* const table =
      new std::array<ActionRow, kJobActionKindCount>{{
          {JobActionKind::kHold, "hold", {C::kWaiting}},
          {JobActionKind::kCancel,
           "cancel",
           {C::kHeld, C::kWaiting, C::kMissedStartTime, C::kFailed,
            C::kUnderReview}},
          {JobActionKind::kSkip,
           "skip",
           {C::kHeld, C::kWaiting, C::kFailed, C::kUnderReview,
            C::kMissedStartTime}},
          {JobActionKind::kKill, "kill", {C::kRunning}},
          {JobActionKind::kRelease, "release", {C::kHeld}},
          {JobActionKind::kStart,
           "start",
           {C::kHeld, C::kWaiting, C::kMissedStartTime}},
          {JobActionKind::kRestart,
           "restart",
           {C::kCancelled, C::kFinishedOk, C::kFixed, C::kFailed,
            C::kUnderReview, C::kSkipped}},
          {JobActionKind::kRestartOnHold,
           "restartOnHold",
           {C::kCancelled, C::kFinishedOk, C::kFixed, C::kFailed,
            C::kUnderReview, C::kSkipped}},
          {JobActionKind::kForceRestart,
           "forceRestart",
           {C::kCancelled, C::kFinishedOk, C::kFixed, C::kFailed,
            C::kUnderReview, C::kSkipped}},
          {JobActionKind::kMarkFinishedOk,
           "markFinishedOk",
           {C::kHeld, C::kWaiting, C::kRunning, C::kFailed, C::kUnderReview,
            C::kMissedStartTime, C::kFixed}},
          {JobActionKind::kMarkFailed,
           "markFailed",
           {C::kHeld, C::kWaiting, C::kRunning, C::kFinishedOk, C::kFixed,
            C::kMissedStartTime, C::kUnderReview}},
          {JobActionKind::kMarkUnderReview, "markUnderReview", {C::kFailed}},
          {JobActionKind::kMarkFixed,
           "markFixed",
           {C::kFailed, C::kUnderReview}},
      }};
  return *table;
}

const ActionRow& Row(JobActionKind kind) {
  return Table()[static_cast<std::size_t>(kind)];
}

// Hold, release, start, skip and kill are not in the rule that forbids actions
// while events are processed.
bool WaitsForEvents(JobActionKind kind) {
  switch (kind) {
    case JobActionKind::kCancel:
    case JobActionKind::kRestart:
    case JobActionKind::kRestartOnHold:
    case JobActionKind::kForceRestart:
      return true;
    default:
      return kind >= JobActionKind::kMarkFinishedOk;
  }
}

}  // namespace

absl::string_view ActionName(JobActionKind kind) { return Row(kind).name; }

std::optional<JobActionKind> ParseAction(absl::string_view name) {
  for (const ActionRow& row : Table()) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

const std::vector<JobCategory>& AllowedFrom(JobActionKind kind) {
  return Row(kind).allowed_from;
}

std::string RefusalReason(JobActionKind kind, const ActionSubject& subject) {
  const JobCategory category = CategoryOf(subject.state);
  const std::string description =
      StateDescription(subject.state, subject.processing_events);
  const bool events =
      subject.processing_events && HasProcessingEventsForm(subject.state);
  const bool marks = kind >= JobActionKind::kMarkFinishedOk;
  const std::vector<JobCategory>& allowed = AllowedFrom(kind);
  if ((events && WaitsForEvents(kind)) ||
      (marks && subject.container && category == JobCategory::kRunning) ||
      std::find(allowed.begin(), allowed.end(), category) == allowed.end()) {
    return absl::StrCat("Action ", ActionName(kind),
                        " is not allowed while the job's status is '",
                        description, "'");
  }
  return "";
}

}  // namespace opcon_snow::sandbox::opcon
