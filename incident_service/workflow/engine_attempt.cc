#include "incident_service/workflow/engine_attempt.h"

#include <utility>

#include "common/status/error.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/error_record.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// How many different failures in a row a step keeps, and how many of them are
// its first ones: how it began is what people ask for.
constexpr int kMostEntries = 20;
constexpr int kFirstEntries = 10;

}  // namespace

void AddFailedAttempt(absl::Time now, v1::Step* step) {
  auto* entries = step->mutable_failed_attempts();
  v1::FailedAttempts* entry =
      entries->empty() ? nullptr : entries->Mutable(entries->size() - 1);
  if (entry == nullptr || entry->error().code() != step->error().code() ||
      entry->error().message() != step->error().message()) {
    if (entries->size() >= kMostEntries) {
      entries->erase(entries->begin() + kFirstEntries);
    }
    entry = entries->Add();
    entry->set_first_attempt(step->attempts());
    SetTime(now, entry->mutable_first_time());
  }
  entry->set_last_attempt(step->attempts());
  SetTime(now, entry->mutable_last_time());
  *entry->mutable_error() = step->error();
}

AttemptMaker::AttemptMaker(RetryPolicy policy, StepRunner* runner,
                           const Clock* clock, std::function<double()> jitter)
    : policy_(policy),
      runner_(runner),
      clock_(clock),
      jitter_(std::move(jitter)) {}

AttemptResult AttemptMaker::Make(const ClaimedStep& claimed) const {
  absl::StatusOr<StepCommit> ran = runner_->Run(claimed);
  AttemptResult result;
  result.status = ran.status();
  if (GetErrorReason(ran.status()) == "CLAIM_LOST") return result;
  result.commit =
      ran.ok() ? *std::move(ran) : AfterFailure(claimed, ran.status());
  result.commit->audit.insert(result.commit->audit.end(),
                              claimed.audit->begin(), claimed.audit->end());
  return result;
}

StepCommit AttemptMaker::AfterFailure(const ClaimedStep& claimed,
                                      const absl::Status& status) const {
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  const absl::Time now = clock_->Now();
  RetryPolicy policy = policy_;
  policy.give_up_after = runner_->GiveUpAfter(claimed, policy_.give_up_after);
  const std::optional<absl::Time> next =
      NextAttempt(policy, status, claimed.step.attempts(),
                  ToTime(claimed.step.start_time()), now, jitter_());
  v1::Step& step = commit.step;
  SetError(status, step.attempts(), /*given_up=*/false, step.mutable_error());
  AddFailedAttempt(now, &step);
  if (next.has_value()) {
    step.set_state(v1::STEP_STATE_WAITING);
    SetTime(*next, step.mutable_next_attempt_time());
  } else {
    SetError(status, step.attempts(), /*given_up=*/true, step.mutable_error());
    step.set_state(v1::STEP_STATE_FAILED);
  }
  return commit;
}

}  // namespace opcon_snow::incident
