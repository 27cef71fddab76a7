#ifndef OPCON_SNOW_SANDBOX_OPCON_JOB_ACTION_RULES_H_
#define OPCON_SNOW_SANDBOX_OPCON_JOB_ACTION_RULES_H_

// What may be done to a daily job, and from which category.
//
// The table is the one that the vendor's public Java client applies before it
// sends an action; the server may differ. Not in that table: `kill`, allowed
// here from Running only.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sandbox/opcon/job_status.h"

namespace opcon_snow::sandbox::opcon {

enum class JobActionKind {
  kHold,
  kCancel,
  kSkip,
  kKill,
  kRelease,
  kStart,
  kRestart,
  kRestartOnHold,
  kForceRestart,
  kMarkFinishedOk,
  kMarkFailed,
  kMarkUnderReview,
  kMarkFixed,
};
inline constexpr int kJobActionKindCount = 13;

// "markUnderReview", …: exactly as on the wire.
absl::string_view ActionName(JobActionKind kind);

// The reference only shows exact names; here any other spelling, also another
// case, is unknown, so that a client which relies on leniency is found out.
std::optional<JobActionKind> ParseAction(absl::string_view name);

const std::vector<JobCategory>& AllowedFrom(JobActionKind kind);

struct ActionSubject {
  JobState state = JobState::kOnHold;
  // The state is still shown with "; Processing Events".
  bool processing_events = false;
  bool container = false;
};

// Why the action is refused, as a person would read it; empty if it is
// allowed.
std::string RefusalReason(JobActionKind kind, const ActionSubject& subject);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_JOB_ACTION_RULES_H_
