// FOLLOW_TICKET: the job does what a person's move of its ticket means, or is
// marked Under Review once more after a failure under a ticket in progress.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/error_record.h"
#include "incident_service/workflow/existing_ticket_step.h"
#include "incident_service/workflow/follow_policy.h"
#include "incident_service/workflow/follow_report.h"
#include "incident_service/workflow/steps.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::FollowPlan;

constexpr int kManyLinks = 100;
constexpr int kManyFailures = 100;
// OpCon carries an action out after it has accepted it: for so long a job that
// shows nothing of it does not mean that it was lost.
constexpr absl::Duration kMayTake = absl::Seconds(30);
constexpr absl::Duration kLookPause = absl::Seconds(5);

// The gateway says that it has sent nothing because the job is another than the
// one that was looked at.
bool JobHasChanged(const absl::Status& status) {
  const std::string reason = GetErrorReason(status);
  return reason == "JOB_STATE" || reason == "JOB_RUN_CHANGED";
}

// Whether something may have come of the call although it failed: only the
// gateway knows, and it says so.
bool MayHaveHappened(const absl::Status& status) {
  const std::string reason = GetErrorReason(status);
  return IsOutcomeUnknown(status) || reason.empty() ||
         reason == "GATEWAY_UNREACHABLE" || reason == "CANCELLED";
}

bool IsFollowable(oc::JobActionKind kind, const oc::DailyJob& job) {
  const std::vector<oc::JobCategory> from = FollowableFrom(kind);
  return std::find(from.begin(), from.end(), job.status().category()) !=
         from.end();
}

// What the report says of the ticket. After a failure the ticket stands as that
// left it.
v1::TicketChange ChangeOf(const v1::Report& report) {
  if (report.has_ticket_change()) return report.ticket_change();
  v1::TicketChange change;
  *change.mutable_job_key() = JobKeyOf(report);
  *change.mutable_ticket() = report.ticket();
  change.set_to_state_value(InProgressValue());
  return change;
}

StepCommit Ended(const ClaimedStep& claimed, v1::SyncAction result,
                 std::string outcome) {
  StepCommit commit = Succeeded(claimed, std::move(outcome));
  if (result == v1::SYNC_ACTION_NONE ||
      result == v1::SYNC_ACTION_NOT_APPLICABLE) {
    commit.step.set_state(v1::STEP_STATE_SKIPPED);
  }
  commit.memo = claimed.stored.memo;
  commit.memo->mutable_follow()->set_result(result);
  return commit;
}

StepCommit NotApplicable(const ClaimedStep& claimed, std::string why) {
  return Ended(claimed, v1::SYNC_ACTION_NOT_APPLICABLE, std::move(why));
}

// A person has to find out, and may have it sent again.
StepCommit OutcomeUnknown(const ClaimedStep& claimed) {
  const FollowPlan& plan = claimed.stored.memo.follow();
  StepCommit commit = Succeeded(claimed, "");
  commit.step.set_state(v1::STEP_STATE_FAILED);
  SetError(
      MakeOutcomeUnknown(
          absl::StatusCode::kUnknown,
          absl::StrCat("the job was to be ", ActionWords(plan.kind()),
                       ", and whether OpCon took that up is not known; the job "
                       "shows nothing of it. It is not sent again by itself: "
                       "look at the job, then retry the report to send it "
                       "again, or discard it"),
          {.domain = "incident-service"}),
      commit.step.attempts(), /*given_up=*/false, commit.step.mutable_error());
  return commit;
}

}  // namespace

bool IsNoJob(const absl::Status& status) {
  return status.code() == absl::StatusCode::kNotFound &&
         GetErrorReason(status) == "JOB_NOT_FOUND";
}

// What is to be done, and to what.
struct Steps::Following {
  oc::JobActionKind kind = oc::JOB_ACTION_KIND_UNSPECIFIED;
  oc::DailyJob job;
  // That of the run; without id if it is not known which one the run has.
  v1::Failure failure;
  std::string reason;
};

absl::StatusOr<StepCommit> Steps::FollowTicket(const ClaimedStep& claimed) {
  const FollowPlan& plan = claimed.stored.memo.follow();
  // Once a person has said so it is sent again.
  if (plan.has_send_time() &&
      ToTime(plan.send_time()) >= ToTime(claimed.step.start_time())) {
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<StepCommit> ended,
                                LookAfterSending(claimed));
    if (ended.has_value()) return *std::move(ended);
  }
  Following following;
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<StepCommit> nothing,
                              LookBeforeFollowing(claimed, &following));
  if (nothing.has_value()) return *std::move(nothing);
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string first,
                              FirstToAct(claimed, following));
  if (first != claimed.claim.report_id) {
    return NotApplicable(
        claimed, absl::StrCat("run ", following.job.job_number(), " was ",
                              ActionWords(following.kind),
                              " on behalf of report ", first, " already"));
  }
  return Act(claimed, following);
}

absl::StatusOr<std::optional<StepCommit>> Steps::LookBeforeFollowing(
    const ClaimedStep& claimed, Following* following) {
  const v1::Report& report = claimed.stored.report;
  const v1::TicketChange change = ChangeOf(report);
  const v1::JobKey& key = change.job_key();
  const std::string& servicenow = change.ticket().servicenow();
  const auto not_ours = [&] {
    return NotApplicable(claimed,
                         absl::StrCat(change.ticket().number(),
                                      " is not the job's ticket any more"));
  };
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<v1::TicketLink> link,
                              d_.store->FindLink(key, servicenow));
  if (!link.has_value() ||
      link->ticket().sys_id() != change.ticket().sys_id()) {
    return not_ours();
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(link->template_()));
  const ::config::v1::StateSync& config = chosen->config().state_sync();

  sn::GetIncidentRequest get;
  get.set_instance(servicenow);
  get.set_sys_id(change.ticket().sys_id());
  const auto incident = d_.servicenow->GetIncident(get);
  if (IsGone(incident.status())) {
    return NotApplicable(claimed, absl::StrCat(change.ticket().number(),
                                               " is not there any more"));
  }
  OPCON_SNOW_RETURN_IF_ERROR(incident.status());
  const sn::Incident& ticket = incident->incident();
  if (ticket.state_value() != change.to_state_value()) {
    return NotApplicable(claimed,
                         absl::StrCat("the ticket has moved on: it is ",
                                      StateWords(ticket.state()), " by now"));
  }
  if (!Follows(config)) {
    return Ended(
        claimed, v1::SYNC_ACTION_NONE,
        absl::StrCat("by state_sync of template ", chosen->config().name(),
                     " no job follows its ticket"));
  }
  const bool failed_again = !report.has_ticket_change();
  following->kind = failed_again ? ActionForFailure(config)
                                 : ActionFor(config, ticket.state());
  following->reason =
      absl::StrCat(change.ticket().number(), " is ", StateWords(ticket.state()),
                   failed_again ? ", and the job failed again"
                                : absl::StrCat(" (", change.changed_by(), ")"));
  if (following->kind == oc::JOB_ACTION_KIND_UNSPECIFIED) {
    return Ended(claimed, v1::SYNC_ACTION_NONE,
                 absl::StrCat("the job does not follow a ticket that is ",
                              StateWords(ticket.state())));
  }

  absl::StatusOr<oc::DailyJob> job = GetJob(key);
  if (IsNoJob(job.status())) {
    return NotApplicable(claimed,
                         "the job is not in the daily tables any more");
  }
  OPCON_SNOW_RETURN_IF_ERROR(job.status());
  following->job = *std::move(job);
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string foreign,
                              ForeignTicket(key, *link));
  if (!foreign.empty()) {
    return NotApplicable(
        claimed, absl::StrCat("the job shows ticket ", foreign,
                              " in OpCon, not ", change.ticket().number()));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const Page<v1::Failure> known,
                              d_.store->ListFailures(key, "", kManyFailures));
  const TicketRun run = FindTicketRun(known.records, change.ticket(),
                                      following->job, &following->failure);
  FollowVerdict verdict = JudgeAction(following->kind, following->job, run);
  if (verdict.action == v1::SYNC_ACTION_NONE ||
      verdict.action == v1::SYNC_ACTION_NOT_APPLICABLE) {
    return Ended(claimed, verdict.action, std::move(verdict.why));
  }
  return std::nullopt;
}

absl::StatusOr<FollowPreview> Steps::PreviewFollow(const v1::TicketLink& link) {
  sn::GetIncidentRequest get;
  get.set_instance(link.ticket().servicenow());
  get.set_sys_id(link.ticket().sys_id());
  auto found = d_.servicenow->GetIncident(get);
  if (IsGone(found.status())) {
    return FollowPreview{
        v1::SYNC_ACTION_NOT_APPLICABLE,
        absl::StrCat(link.ticket().number(), " is not there any more")};
  }
  OPCON_SNOW_RETURN_IF_ERROR(found.status());
  ClaimedStep supposed;
  *supposed.stored.report.mutable_ticket_change() =
      ChangeOf(link, found->incident());
  Following following;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<StepCommit> nothing,
                              LookBeforeFollowing(supposed, &following));
  if (nothing.has_value()) {
    return FollowPreview{nothing->memo->follow().result(),
                         nothing->step.outcome(),
                         std::move(*found->mutable_incident())};
  }
  return FollowPreview{ResultOf(following.kind),
                       absl::StrCat(following.reason, ", so the job is to be ",
                                    ActionWords(following.kind)),
                       std::move(*found->mutable_incident())};
}

// A ticket that a person has put on the job in the place of ours. Those at
// other destinations are not meant.
absl::StatusOr<std::string> Steps::ForeignTicket(const v1::JobKey& key,
                                                 const v1::TicketLink& link) {
  // Until it is written there, the job shows what was there before.
  if (!Means(ParseTicketId(link.written_ticket_id()), link.ticket())) {
    return std::string();
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<oc::IncidentTicket> rows,
                              Rows(key));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Page<v1::TicketLink> links,
      d_.store->ListLinks({.job_key = key}, "", kManyLinks));
  std::string foreign;
  for (const oc::IncidentTicket& row : rows) {
    const TicketId id = ParseTicketId(row.ticket_id());
    if (id.number.empty() && id.sys_id.empty()) continue;
    if (Means(id, link.ticket())) return std::string();
    const bool known = std::any_of(
        links.records.begin(), links.records.end(),
        [&](const v1::TicketLink& other) { return Means(id, other.ticket()); });
    if (!known) foreign = row.ticket_id();
  }
  return foreign;
}

absl::StatusOr<std::optional<StepCommit>> Steps::LookAfterSending(
    const ClaimedStep& claimed) {
  const FollowPlan& plan = claimed.stored.memo.follow();
  const absl::StatusOr<oc::DailyJob> job =
      GetJob(JobKeyOf(claimed.stored.report));
  if (IsNoJob(job.status())) {
    return NotApplicable(claimed,
                         "the job is not in the daily tables any more");
  }
  OPCON_SNOW_RETURN_IF_ERROR(job.status());
  const std::string words =
      absl::StrCat("the job is \"", job->status().description(), "\"");
  const bool moved = !IsShown(plan, *job) || !IsFollowable(plan.kind(), *job);
  if (IsDone(plan.kind(), *job) ||
      (moved && plan.kind() == oc::JOB_ACTION_KIND_RESTART)) {
    return Ended(claimed, ResultOf(plan.kind()),
                 absl::StrCat(ActionWords(plan.kind()),
                              " by an earlier attempt: ", words));
  }
  if (moved) return NotApplicable(claimed, words + " by now, which stands");
  const absl::Time now = d_.clock->Now();
  const absl::Time patience = ToTime(plan.send_time()) + kMayTake;
  if (now < patience || job->status().processing_events()) {
    return LookAgainIn(claimed, std::min(now + kLookPause, patience),
                       "OpCon may not have carried it out yet");
  }
  if (IsOncePerRun(plan.kind())) return OutcomeUnknown(claimed);
  return std::nullopt;
}

// The report that acts on the run: also where its tickets at two destinations
// move, it is restarted or cancelled for one of them only.
absl::StatusOr<std::string> Steps::FirstToAct(const ClaimedStep& claimed,
                                              const Following& following) {
  if (!IsOncePerRun(following.kind)) return claimed.claim.report_id;
  return d_.store->OwnFailure(
      claimed.claim, following.failure,
      absl::StrCat("action:", static_cast<int>(following.kind)));
}

absl::StatusOr<StepCommit> Steps::Act(const ClaimedStep& claimed,
                                      const Following& following) {
  const v1::JobKey& key = JobKeyOf(claimed.stored.report);
  ClaimedStep planned = claimed;
  FollowPlan& plan = *planned.stored.memo.mutable_follow();
  plan.set_kind(following.kind);
  plan.set_job_number(following.job.job_number());
  plan.clear_run_end_time();
  if (following.job.has_end_time()) {
    *plan.mutable_run_end_time() = following.job.end_time();
  }
  SetTime(d_.clock->Now(), plan.mutable_send_time());
  OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, planned.stored.memo));

  oc::SubmitJobActionRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  request.set_kind(following.kind);
  request.set_reason(following.reason);
  request.set_expected_job_number(following.job.job_number());
  for (const oc::JobCategory category : FollowableFrom(following.kind)) {
    request.add_allowed_from_categories(category);
  }
  const auto told = [&](const oc::SubmitJobActionResponse& reply) {
    switch (reply.action().state()) {
      case oc::ACTION_STATE_SUCCEEDED:
        return std::string(ActionWords(following.kind));
      case oc::ACTION_STATE_FAILED:
        return absl::StrCat("refused: ", reply.action().message());
      default:
        return std::string("accepted; not carried out yet");
    }
  };
  const auto reply = Effect(
      d_.store, d_.clock, claimed,
      {.action = "opcon.SubmitJobAction",
       .instance = key.opcon(),
       .target = JobId(key),
       .reason = following.reason},
      request, [&] { return d_.opcon->SubmitJobAction(request); }, told);
  if (reply.ok() && reply->action().state() == oc::ACTION_STATE_SUCCEEDED) {
    return Ended(planned, ResultOf(following.kind), told(*reply));
  }
  if (reply.ok() ? reply->action().state() != oc::ACTION_STATE_FAILED
                 : MayHaveHappened(reply.status())) {
    StepCommit commit =
        LookAgainIn(claimed, d_.clock->Now() + kLookPause,
                    "whether OpCon has carried it out is not known yet");
    commit.memo = planned.stored.memo;
    return commit;
  }
  // Nothing came of it.
  plan.clear_send_time();
  if (JobHasChanged(reply.status())) {
    return NotApplicable(planned, std::string(reply.status().message()));
  }
  OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, planned.stored.memo));
  OPCON_SNOW_RETURN_IF_ERROR(reply.status());
  return Refused(following, key, reply->action().message());
}

// OpCon does not carry it out: because the job changed just then, and it is
// decided anew, or for good.
absl::Status Steps::Refused(const Following& following, const v1::JobKey& key,
                            const std::string& message) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const oc::DailyJob job, GetJob(key));
  const bool changed =
      job.job_number() != following.job.job_number() ||
      job.status().description() != following.job.status().description();
  return MakeError(
      changed ? absl::StatusCode::kAborted
              : absl::StatusCode::kFailedPrecondition,
      absl::StrCat("OpCon refused that job ", JobId(key), " is ",
                   ActionWords(following.kind), ": ", message,
                   changed ? ""
                           : ". See that the gateway's OpCon user may do so, "
                             "then retry the report"),
      {.reason = "JOB_ACTION_REFUSED", .domain = "incident-service"});
}

}  // namespace opcon_snow::incident
