#include "incident_service/workflow/steps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/failpoint.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr absl::Duration kDefaultLogGiveUp = absl::Minutes(10);

}  // namespace

Steps::Steps(StepDependencies dependencies)
    : d_(std::move(dependencies)),
      directory_(d_.opcon, d_.servicenow, d_.clock) {}

absl::StatusOr<StepCommit> Steps::Run(const ClaimedStep& claimed) {
  switch (claimed.claim.kind) {
    case v1::STEP_KIND_RESOLVE:
      return Resolve(claimed);
    case v1::STEP_KIND_TICKET:
      return Ticket(claimed);
    case v1::STEP_KIND_WRITE_BACK:
      return WriteBack(claimed);
    case v1::STEP_KIND_ATTACH_LOG:
      return AttachLog(claimed);
    case v1::STEP_KIND_DOCUMENT:
      return Document(claimed);
    case v1::STEP_KIND_FOLLOW_TICKET:
      return FollowTicket(claimed);
    case v1::STEP_KIND_RECOVER_TICKET:
      return RecoverTicket(claimed);
    default:
      return MakeError(
          absl::StatusCode::kUnimplemented,
          absl::StrCat("this version does not know the step ",
                       static_cast<int>(claimed.claim.kind),
                       ": a newer one has begun the report; run that one"),
          {.reason = "NOT_OFFERED", .domain = "incident-service"});
  }
}

absl::Duration Steps::GiveUpAfter(const ClaimedStep& claimed,
                                  absl::Duration limit) const {
  if (claimed.claim.kind != v1::STEP_KIND_ATTACH_LOG) return limit;
  const std::shared_ptr<const Template> chosen =
      d_.templates()->Find(claimed.stored.memo.template_());
  if (chosen == nullptr ||
      !chosen->config().log_attachment().has_give_up_after()) {
    return std::min(limit, kDefaultLogGiveUp);
  }
  const google::protobuf::Duration& own =
      chosen->config().log_attachment().give_up_after();
  return absl::Seconds(own.seconds()) + absl::Nanoseconds(own.nanos());
}

absl::StatusOr<std::shared_ptr<const Template>> Steps::FindTemplate(
    const std::string& name) const {
  const std::shared_ptr<const TemplateSet> templates = d_.templates();
  std::shared_ptr<const Template> chosen = templates->Find(name);
  if (chosen != nullptr) return chosen;
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("there is no template \"", name, "\"; known are ",
                   templates->Names(),
                   ". Add it to the configuration of incident_service, or "
                   "mend -t in the command of Notification Manager, then "
                   "retry the report"),
      {.reason = "UNKNOWN_TEMPLATE",
       .domain = "incident-service",
       .metadata = {{"template", name}, {"known", templates->Names()}}});
}

absl::Status Steps::Remember(const ClaimedStep& claimed,
                             const ::incident_store::v1::Memo& memo) {
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  commit.memo = memo;
  return BetweenFailpoints("commit.PLAN",
                           [&] { return d_.store->Commit(commit); });
}

StepCommit Succeeded(const ClaimedStep& claimed, std::string outcome) {
  StepCommit commit;
  commit.claim = claimed.claim;
  commit.step = claimed.step;
  commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
  commit.step.clear_error();
  commit.step.set_outcome(std::move(outcome));
  return commit;
}

StepCommit LookAgainIn(const ClaimedStep& claimed, absl::Time when,
                       std::string outcome) {
  StepCommit commit = Succeeded(claimed, std::move(outcome));
  commit.step.set_state(v1::STEP_STATE_WAITING);
  SetTime(when, commit.step.mutable_next_attempt_time());
  return commit;
}

v1::Failure FailureOf(const StoredReport& stored) {
  if (stored.memo.has_failure()) return stored.memo.failure();
  // Resolved by a version that did not keep it.
  v1::Failure failure = FailureOfRun(stored.report, stored.memo.job(),
                                     LatestRun(stored.memo.job()));
  failure.set_failure_id(stored.report.failure_id());
  return failure;
}

TemplateFacts FactsOf(const StoredReport& stored, const v1::Failure& failure,
                      const ::incident_store::v1::Memo& memo) {
  TemplateFacts facts{failure, memo.job()};
  const v1::Report& report = stored.report;
  if (report.event().has_occurred_time()) {
    facts.observed = ToTime(report.event().occurred_time());
  } else if (report.has_create_time()) {
    facts.observed = ToTime(report.create_time());
  }
  facts.context = memo.context();
  facts.previous_ticket = memo.plan().previous_number();
  facts.previous_reason = memo.plan().previous_reason();
  facts.overwritten_description = memo.plan().overwritten_description();
  facts.well_again = memo.well_again();
  return facts;
}

}  // namespace opcon_snow::incident
