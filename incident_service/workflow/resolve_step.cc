// RESOLVE: which run failed, and who deals with it.

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
#include "incident_service/workflow/failpoint.h"
#include "incident_service/workflow/retry_policy.h"
#include "incident_service/workflow/silence_policy.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::incident_store::v1::Memo;

// OpCon is done with the events of a change after seconds. What takes longer is
// stuck, and a failure must not wait for that.
constexpr absl::Duration kEventsPatience = absl::Minutes(2);
constexpr absl::Duration kEventsPause = absl::Seconds(1);
// Runs of one daily job that are looked through.
constexpr int kHistoryPage = 100;

// What the reporter said and OpCon shows differently. OpCon is believed.
void NoteDifferences(const v1::JobEvent& event,
                     const ::opcon::v1::DailyJob& job, v1::Report* report) {
  const auto differs = [&](absl::string_view what, const std::string& said,
                           const std::string& shown) {
    if (said.empty() || shown.empty() || said == shown) return;
    report->add_warnings(absl::StrCat("the reporter said ", what, " \"", said,
                                      "\", OpCon shows \"", shown,
                                      "\"; OpCon's is used"));
  };
  differs("schedule", event.schedule_name(), job.schedule().name());
  differs("machine", event.machine(), job.start_machine());
  differs("termination code", event.termination(), job.termination());
}

StepCommit Merged(const ClaimedStep& claimed, v1::Report report,
                  const std::string& owner) {
  StepCommit commit =
      Succeeded(claimed, absl::StrCat("the same failure as report ", owner));
  report.set_merged_into_report_id(owner);
  report.set_summary(
      absl::StrCat("Report ", owner, " deals with the same failure already."));
  commit.report = std::move(report);
  commit.final_state = v1::REPORT_STATE_MERGED;
  return commit;
}

// A job that failed again is not well, whatever was reported before.
bool RecoveryIsOvertaken(const v1::Report& report,
                         const ::opcon::v1::DailyJob& job) {
  return report.event().kind() == v1::EVENT_KIND_RECOVERED &&
         ShowsAFailedRun(job.status()) && !IsWell(job.status());
}

// As it was before anything became of it.
v1::Failure WithoutHistory(v1::Failure failure) {
  failure.clear_tickets();
  failure.clear_create_time();
  return failure;
}

// The failed run as far as its failure tells.
::opcon::v1::JobRun RunOf(const v1::Failure& failure) {
  ::opcon::v1::JobRun run;
  run.set_job_number(failure.job_number());
  run.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_FAILED);
  run.mutable_status()->set_description("Failed");
  run.set_termination(failure.termination());
  run.set_machine(failure.machine());
  if (failure.has_run_end_time()) {
    *run.mutable_end_time() = failure.run_end_time();
  }
  return run;
}

// The failure of the run that the reporter names by a number which the job does
// not have any more: where a restart changes the number, it names one run.
const v1::Failure* KnownByNumber(const v1::Report& report,
                                 const ::opcon::v1::DailyJob& job,
                                 const std::vector<v1::Failure>& known) {
  const int number = report.event().job_number();
  if (number == 0 || number == job.job_number()) return nullptr;
  for (const v1::Failure& failure : known) {
    if (failure.job_number() == number && !failure.provisional() &&
        failure.has_run_end_time() &&
        failure.kind() != v1::EVENT_KIND_RECOVERED) {
      return &failure;
    }
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<::opcon::v1::DailyJob> Steps::GetJob(const v1::JobKey& key) {
  ::opcon::v1::GetDailyJobRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  OPCON_SNOW_ASSIGN_OR_RETURN(auto found, d_.opcon->GetDailyJob(request));
  return std::move(*found.mutable_job());
}

absl::StatusOr<StepCommit> Steps::Resolve(const ClaimedStep& claimed) {
  const v1::Report& report = claimed.stored.report;
  const v1::JobKey& key = report.event().job_key();
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(report.requested_template()));
  Memo memo = claimed.stored.memo;
  memo.set_template_(chosen->config().name());

  absl::Status unreachable;
  const absl::StatusOr<std::string> public_address =
      directory_.PublicAddress(key.opcon());
  absl::StatusOr<::opcon::v1::DailyJob> job =
      public_address.ok()
          ? GetJob(key)
          : absl::StatusOr<::opcon::v1::DailyJob>(public_address.status());
  if (!job.ok() && !MayDoWithoutOpCon(claimed, job.status())) {
    return std::move(job).status();
  }
  memo.set_public_address(public_address.ok()
                              ? *public_address
                              : directory_.LastPublicAddress(key.opcon()));
  const absl::Time now = d_.clock->Now();
  if (job.ok() && job->status().processing_events() &&
      now - ToTime(claimed.step.start_time()) < kEventsPatience) {
    return LookAgainIn(claimed, now + kEventsPause,
                       "OpCon still processes the job's events");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::string servicenow,
      directory_.ServiceNowName(chosen->config().servicenow()));
  memo.set_servicenow(servicenow);
  if (!job.ok()) {
    return ResolveWithoutOpCon(claimed, std::move(memo), job.status());
  }
  return ResolveFrom(claimed, std::move(memo), *job);
}

absl::StatusOr<StepCommit> Steps::ResolveFrom(
    const ClaimedStep& claimed, Memo memo, const ::opcon::v1::DailyJob& job) {
  v1::Report report = claimed.stored.report;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string owner,
                              Identify(claimed, job, &memo));
  report.set_failure_id(memo.failure().failure_id());
  if (owner != report.report_id()) {
    return Merged(claimed, std::move(report), owner);
  }
  NoteDifferences(report.event(), memo.job(), &report);
  if (memo.failure().provisional()) {
    report.add_warnings(
        "OpCon cannot tell which run was reported: the failure is known by "
        "its report only");
  }
  if (RecoveryIsOvertaken(report, job)) {
    StepCommit commit = Succeeded(claimed, "the job has failed again");
    report.set_summary("The job had recovered, and has failed again since.");
    commit.report = std::move(report);
    commit.final_state = v1::REPORT_STATE_SUPPRESSED;
    return commit;
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<StepCommit> silenced,
                              Silenced(claimed, report, memo));
  if (silenced.has_value()) return *std::move(silenced);
  memo.set_well_again(d_.settles && IsWell(job.status()) &&
                      TellsOfAFailedRun(report.event().kind()));

  StepCommit commit =
      Succeeded(claimed, absl::StrCat(memo.job().id(), " run ",
                                      memo.failure().job_number(), ": ",
                                      memo.job().status().description()));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<v1::TicketLink> link,
      d_.store->FindLink(report.event().job_key(), memo.servicenow()));
  commit.next_steps = {
      NextStep(v1::STEP_KIND_TICKET, link.has_value() ? StepPriority::kUpdate
                                                      : StepPriority::kCreate)};
  commit.memo = std::move(memo);
  commit.report = std::move(report);
  // The ticket's plan makes it so, before anything is done.
  commit.durable = false;
  return commit;
}

absl::StatusOr<std::optional<StepCommit>> Steps::Silenced(
    const ClaimedStep& claimed, v1::Report report, const Memo& memo) {
  if (report.event().kind() == v1::EVENT_KIND_RECOVERED) return std::nullopt;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::vector<v1::Silence> silences,
      d_.store->SilencesAt(ToTime(report.create_time())));
  const auto silence = std::find_if(
      silences.begin(), silences.end(),
      [&](const v1::Silence& one) { return Fits(one, report, memo); });
  if (silence == silences.end()) return std::nullopt;
  StepCommit commit = Succeeded(
      claimed, absl::StrCat("silence ", silence->silence_id(), " is about it"));
  commit.silence_id = silence->silence_id();
  report.set_silence_id(silence->silence_id());
  report.set_summary(absl::StrCat("No ticket: ", silence->created_by(),
                                  " has silenced it (", silence->reason(),
                                  ")."));
  commit.report = std::move(report);
  commit.memo = memo;
  commit.final_state = v1::REPORT_STATE_SUPPRESSED;
  return commit;
}

bool Steps::MayDoWithoutOpCon(const ClaimedStep& claimed,
                              const absl::Status& status) const {
  const v1::Report& report = claimed.stored.report;
  return TellsOfAFailedRun(report.event().kind()) && MayRepeat(status) &&
         d_.clock->Now() - ToTime(report.create_time()) >=
             d_.provisional_ticket_after;
}

absl::StatusOr<StepCommit> Steps::ResolveWithoutOpCon(
    const ClaimedStep& claimed, Memo memo, const absl::Status& why) {
  // Without it the incident could not name the job.
  if (memo.public_address().empty()) return why;
  v1::Report report = claimed.stored.report;
  memo.set_opcon_not_asked(true);
  *memo.mutable_job() = JobFromReport(report);
  *memo.mutable_failure() = ProvisionalFailure(report, memo.job());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string owner, Own(claimed, memo));
  report.set_failure_id(memo.failure().failure_id());
  if (owner != report.report_id()) {
    return Merged(claimed, std::move(report), owner);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<StepCommit> silenced,
                              Silenced(claimed, report, memo));
  if (silenced.has_value()) return *std::move(silenced);
  report.add_warnings(
      absl::StrCat("OpCon could not be asked (", why.message(),
                   "): the ticket tells what the report says, and OpCon is "
                   "asked later"));
  StepCommit commit = Succeeded(claimed, "went on without OpCon");
  commit.memo = std::move(memo);
  commit.report = std::move(report);
  commit.next_steps = {v1::STEP_KIND_TICKET};
  return commit;
}

absl::StatusOr<std::string> Steps::Own(const ClaimedStep& claimed,
                                       const Memo& memo) {
  return BetweenFailpoints("commit.OWN", [&] {
    return d_.store->OwnFailure(claimed.claim, memo.failure(),
                                memo.servicenow());
  });
}

absl::StatusOr<std::vector<::opcon::v1::JobRun>> Steps::FailedRuns(
    const v1::Report& report, const ::opcon::v1::DailyJob& job) {
  const v1::JobKey& key = report.event().job_key();
  ::opcon::v1::ListJobHistoryRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  request.set_page_size(kHistoryPage);
  const auto reply = d_.opcon->ListJobHistory(request);
  // A version without history cannot tell, and will not be able to later: then
  // a run that ended after the observation is not taken for the one observed.
  if (reply.status().code() == absl::StatusCode::kUnimplemented ||
      reply.status().code() == absl::StatusCode::kNotFound) {
    if (!IsAboutTheLatestRun(report, job)) {
      return std::vector<::opcon::v1::JobRun>();
    }
    return FailedRunsOf(report, job, {});
  }
  OPCON_SNOW_RETURN_IF_ERROR(reply.status());
  return FailedRunsOf(report, job,
                      {reply->runs().begin(), reply->runs().end()});
}

absl::StatusOr<std::string> Steps::Identify(const ClaimedStep& claimed,
                                            const ::opcon::v1::DailyJob& job,
                                            Memo* memo) {
  const v1::Report& report = claimed.stored.report;
  const v1::EventKind kind = report.event().kind();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Page<v1::Failure> known,
      d_.store->ListFailures(report.event().job_key(), "", kHistoryPage));
  if (claimed.step.attempts() > 1) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool recalled,
                                Recall(claimed, known.records, job, memo));
    if (recalled) return report.report_id();
  }
  if (TellsOfAFailedRun(kind)) {
    return IdentifyRun(claimed, known.records, job, memo);
  }
  *memo->mutable_job() = job;
  // The failure of a run says all that its lateness would.
  *memo->mutable_failure() =
      kind != v1::EVENT_KIND_RECOVERED && ShowsAFailedRun(job.status())
          ? FailureOfRun(report, job, LatestRun(job))
          : FailureOfEvent(report, job);
  return OwnRemembered(claimed, known.records, *memo);
}

absl::StatusOr<std::string> Steps::IdentifyRun(
    const ClaimedStep& claimed, const std::vector<v1::Failure>& known,
    const ::opcon::v1::DailyJob& job, Memo* memo) {
  const v1::Report& report = claimed.stored.report;
  if (const std::optional<::opcon::v1::JobRun> named = NamedRun(report, job)) {
    *memo->mutable_job() = JobAtRun(job, *named);
    *memo->mutable_failure() = FailureOfRun(report, job, *named);
    return OwnRemembered(claimed, known, *memo);
  }
  std::string first_owner;
  v1::Failure first_failure;
  std::vector<::opcon::v1::JobRun> candidates;
  if (IsAboutTheLatestRun(report, job)) candidates.push_back(LatestRun(job));
  for (const bool with_history : {false, true}) {
    if (with_history) {
      OPCON_SNOW_ASSIGN_OR_RETURN(candidates, FailedRuns(report, job));
    }
    for (const ::opcon::v1::JobRun& run : candidates) {
      *memo->mutable_job() = JobAtRun(job, run);
      *memo->mutable_failure() = FailureOfRun(report, job, run);
      OPCON_SNOW_ASSIGN_OR_RETURN(std::string owner,
                                  OwnRemembered(claimed, known, *memo));
      if (owner == report.report_id()) return owner;
      if (first_owner.empty()) {
        first_owner = std::move(owner);
        first_failure = memo->failure();
      }
    }
  }
  if (!first_owner.empty()) {
    *memo->mutable_failure() = std::move(first_failure);
    return first_owner;
  }
  *memo->mutable_job() = job;
  *memo->mutable_failure() = ProvisionalFailure(report, job);
  if (const v1::Failure* same = KnownByNumber(report, job, known)) {
    *memo->mutable_failure() = WithoutHistory(*same);
  }
  return OwnRemembered(claimed, known, *memo);
}

// Whether an attempt before this one has made a failure the report's own and
// got no further; by now the job may show another run.
absl::StatusOr<bool> Steps::Recall(const ClaimedStep& claimed,
                                   const std::vector<v1::Failure>& known,
                                   const ::opcon::v1::DailyJob& job,
                                   Memo* memo) {
  const std::string& report_id = claimed.stored.report.report_id();
  std::vector<v1::Failure> candidates;
  if (claimed.stored.memo.has_failure()) {
    candidates.push_back(claimed.stored.memo.failure());
  }
  for (const v1::Failure& failure : known) {
    if (failure.first_report_id() == report_id) candidates.push_back(failure);
  }
  for (const v1::Failure& failure : candidates) {
    const ::opcon::v1::JobRun latest = LatestRun(job);
    const bool shown =
        failure.job_number() == latest.job_number() &&
        ToTime(failure.run_end_time()) == ToTime(latest.end_time());
    *memo->mutable_job() = failure.provisional()
                               ? job
                               : JobAtRun(job, shown ? latest : RunOf(failure));
    *memo->mutable_failure() = WithoutHistory(failure);
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::string owner, Own(claimed, *memo));
    if (owner == report_id) return true;
  }
  return false;
}

// Of a failure that this report is not the first to find, nothing tells the
// next attempt that it is the report's own at this destination: the memo does.
absl::StatusOr<std::string> Steps::OwnRemembered(
    const ClaimedStep& claimed, const std::vector<v1::Failure>& known,
    const Memo& memo) {
  const std::string& report_id = claimed.stored.report.report_id();
  for (const v1::Failure& failure : known) {
    if (failure.failure_id() == memo.failure().failure_id() &&
        failure.first_report_id() != report_id) {
      OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, memo));
    }
  }
  return Own(claimed, memo);
}

// For a ticket that was opened without OpCon: finds out what RESOLVE would
// have, so that later reports of the run are merged and its log is found.
absl::StatusOr<Memo> Steps::AskOpConLate(const ClaimedStep& claimed) {
  const v1::Report& report = claimed.stored.report;
  Memo memo = claimed.stored.memo;
  OPCON_SNOW_ASSIGN_OR_RETURN(const ::opcon::v1::DailyJob job,
                              GetJob(report.event().job_key()));
  Memo late = memo;
  *late.mutable_job() = job;
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto candidates, FailedRuns(report, job));
  for (const ::opcon::v1::JobRun& run : candidates) {
    *late.mutable_job() = JobAtRun(job, run);
    *late.mutable_failure() = FailureOfRun(report, job, run);
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::string owner, Own(claimed, late));
    if (owner == report.report_id()) break;
    // Somebody else's: what the report itself says stays.
    late = memo;
    *late.mutable_job() = job;
  }
  late.set_opcon_not_asked(false);
  late.set_opcon_asked_late(true);
  OPCON_SNOW_RETURN_IF_ERROR(Remember(claimed, late));
  return late;
}

}  // namespace opcon_snow::incident
