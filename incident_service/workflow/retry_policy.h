#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_RETRY_POLICY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_RETRY_POLICY_H_

// Whether a failed attempt of a step is repeated, and when. The only place in
// the suite that retries. Nothing here reads a clock.

#include <map>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "incident/v1/report.pb.h"

namespace opcon_snow::incident {

struct RetryPolicy {
  absl::Duration initial_backoff = absl::Seconds(1);
  absl::Duration max_backoff = absl::Minutes(5);
  absl::Duration give_up_after = absl::Hours(7 * 24);
};

// Whether the same request may be sent again after `status`. All effects of
// the workflow are natural or checked, so an unknown outcome may: the
// repetition settles it.
bool MayRepeat(const absl::Status& status);

// When the next attempt is due, `attempts` having been made since `begun`;
// nullopt if the step is to be given up: because of what the status is, or
// because the time is over (an hour at most if an upstream fails inside).
// `jitter` is drawn from [0, 1): the wait is that part of the doubled backoff
// ("full jitter"), never less than what the upstream asked for.
std::optional<absl::Time> NextAttempt(const RetryPolicy& policy,
                                      const absl::Status& status, int attempts,
                                      absl::Time begun, absl::Time now,
                                      double jitter);

// Keeps repetitions from becoming a load of their own. A kind of step that
// fails again and again for passing reasons has an upstream in trouble behind
// it: then only a few attempts of the kind are made at once, until one of them
// succeeds. Not thread-safe.
class RetryBudget {
 public:
  // How an attempt ended.
  void Record(::incident::v1::StepKind kind, const absl::Status& status);
  // How many attempts of these kinds may be made at once; all others are free.
  std::map<::incident::v1::StepKind, int> Limits() const;

 private:
  // Passing failures in a row.
  std::map<::incident::v1::StepKind, int> failures_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_RETRY_POLICY_H_
