#include "incident_service/workflow/retry_policy.h"

#include <algorithm>

#include "common/status/error.h"

namespace opcon_snow::incident {
namespace {

// Upstreams ask for at most an hour (rate limits count by the hour); anything
// longer is somebody's mistake and must not silence a report for days.
constexpr absl::Duration kLongestAskedFor = absl::Hours(1);
// An upstream that fails inside may recover, but the cause may as well be the
// request: a person should see it the same hour, not after days.
constexpr absl::Duration kInternalErrorLimit = absl::Hours(1);

// From how many failures in a row on a kind of step is held back, and to how
// many attempts at once: two, so that one that hangs does not hide that the
// upstream is back.
constexpr int kFailuresInARow = 10;
constexpr int kAtOnceInTrouble = 2;

bool FailedInside(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInternal ||
         status.code() == absl::StatusCode::kUnknown;
}

absl::Duration Backoff(const RetryPolicy& policy, int attempts) {
  absl::Duration backoff = policy.initial_backoff;
  for (int i = 1; i < attempts && backoff < policy.max_backoff; ++i) {
    backoff *= 2;
  }
  return std::min(backoff, policy.max_backoff);
}

}  // namespace

bool MayRepeat(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return FailedInside(status) || IsOutcomeUnknown(status) ||
             IsRetryable(status);
  }
}

std::optional<absl::Time> NextAttempt(const RetryPolicy& policy,
                                      const absl::Status& status, int attempts,
                                      absl::Time begun, absl::Time now,
                                      double jitter) {
  if (!MayRepeat(status)) return std::nullopt;
  const absl::Duration limit =
      FailedInside(status) ? std::min(policy.give_up_after, kInternalErrorLimit)
                           : policy.give_up_after;
  if (now - begun >= limit) return std::nullopt;
  absl::Duration wait = Backoff(policy, attempts) * jitter;
  if (const std::optional<absl::Duration> asked = RetryDelay(status)) {
    wait = std::max(wait, std::min(*asked, kLongestAskedFor));
  }
  return now + wait;
}

void RetryBudget::Record(::incident::v1::StepKind kind,
                         const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      ++failures_[kind];
      break;
    default:
      // It answered, whatever it said.
      failures_.erase(kind);
  }
}

std::map<::incident::v1::StepKind, int> RetryBudget::Limits() const {
  std::map<::incident::v1::StepKind, int> limits;
  for (const auto& [kind, failures] : failures_) {
    if (failures >= kFailuresInARow) limits[kind] = kAtOnceInTrouble;
  }
  return limits;
}

}  // namespace opcon_snow::incident
