#include "incident_service/workflow/follow_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
namespace v1 = ::incident::v1;
using ::config::v1::JobFollowAction;

oc::JobActionKind KindOf(JobFollowAction wanted, oc::JobActionKind otherwise) {
  switch (wanted) {
    case ::config::v1::JOB_FOLLOW_ACTION_NONE:
      return oc::JOB_ACTION_KIND_UNSPECIFIED;
    case ::config::v1::JOB_FOLLOW_ACTION_MARK_UNDER_REVIEW:
      return oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW;
    case ::config::v1::JOB_FOLLOW_ACTION_MARK_FIXED:
      return oc::JOB_ACTION_KIND_MARK_FIXED;
    case ::config::v1::JOB_FOLLOW_ACTION_RESTART:
      return oc::JOB_ACTION_KIND_RESTART;
    case ::config::v1::JOB_FOLLOW_ACTION_CANCEL:
      return oc::JOB_ACTION_KIND_CANCEL;
    default:
      return otherwise;
  }
}

}  // namespace

bool Follows(const ::config::v1::StateSync& config) {
  return config.mode() == ::config::v1::STATE_SYNC_MODE_WATCH ||
         config.mode() == ::config::v1::STATE_SYNC_MODE_VERIFY;
}

oc::JobActionKind ActionFor(const ::config::v1::StateSync& config,
                            sn::IncidentState state) {
  switch (state) {
    case sn::INCIDENT_STATE_IN_PROGRESS:
      return KindOf(config.on_in_progress(),
                    oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW);
    case sn::INCIDENT_STATE_RESOLVED:
      return config.restart_on_resolve() ? oc::JOB_ACTION_KIND_RESTART
                                         : oc::JOB_ACTION_KIND_MARK_FIXED;
    case sn::INCIDENT_STATE_CANCELED:
      return KindOf(config.on_canceled(), oc::JOB_ACTION_KIND_CANCEL);
    default:
      return oc::JOB_ACTION_KIND_UNSPECIFIED;
  }
}

oc::JobActionKind ActionForFailure(const ::config::v1::StateSync& config) {
  return Follows(config) ? KindOf(config.on_failure_in_progress(),
                                  oc::JOB_ACTION_KIND_UNSPECIFIED)
                         : oc::JOB_ACTION_KIND_UNSPECIFIED;
}

std::string InProgressValue() {
  return absl::StrCat(static_cast<int>(sn::INCIDENT_STATE_IN_PROGRESS));
}

bool IsOncePerRun(oc::JobActionKind kind) {
  return kind == oc::JOB_ACTION_KIND_RESTART ||
         kind == oc::JOB_ACTION_KIND_CANCEL;
}

std::vector<oc::JobCategory> FollowableFrom(oc::JobActionKind kind) {
  switch (kind) {
    case oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW:
      return {oc::JOB_CATEGORY_FAILED};
    case oc::JOB_ACTION_KIND_CANCEL:
      return {oc::JOB_CATEGORY_FAILED, oc::JOB_CATEGORY_UNDER_REVIEW,
              oc::JOB_CATEGORY_MISSED_START_TIME};
    default:
      return {oc::JOB_CATEGORY_FAILED, oc::JOB_CATEGORY_UNDER_REVIEW};
  }
}

bool IsDone(oc::JobActionKind kind, const oc::DailyJob& job) {
  switch (kind) {
    case oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW:
      return job.status().category() == oc::JOB_CATEGORY_UNDER_REVIEW;
    case oc::JOB_ACTION_KIND_MARK_FIXED:
      return job.status().category() == oc::JOB_CATEGORY_FIXED;
    case oc::JOB_ACTION_KIND_CANCEL:
      return job.status().category() == oc::JOB_CATEGORY_CANCELLED;
    default:
      return false;
  }
}

v1::SyncAction ResultOf(oc::JobActionKind kind) {
  switch (kind) {
    case oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW:
      return v1::SYNC_ACTION_MARKED_UNDER_REVIEW;
    case oc::JOB_ACTION_KIND_MARK_FIXED:
      return v1::SYNC_ACTION_MARKED_FIXED;
    case oc::JOB_ACTION_KIND_RESTART:
      return v1::SYNC_ACTION_RESTARTED;
    case oc::JOB_ACTION_KIND_CANCEL:
      return v1::SYNC_ACTION_CANCELLED;
    default:
      return v1::SYNC_ACTION_NONE;
  }
}

TicketRun FindTicketRun(const std::vector<v1::Failure>& known,
                        const v1::TicketRef& ticket, const oc::DailyJob& job,
                        v1::Failure* failure) {
  TicketRun run = TicketRun::kAnother;
  for (const v1::Failure& candidate : known) {
    const bool told =
        std::any_of(candidate.tickets().begin(), candidate.tickets().end(),
                    [&](const v1::TicketRef& other) {
                      return other.servicenow() == ticket.servicenow() &&
                             other.sys_id() == ticket.sys_id();
                    });
    // The recovery of a run is told to its ticket, too, and is no failure.
    if (!told || candidate.kind() == v1::EVENT_KIND_RECOVERED) continue;
    if (candidate.provisional()) {
      run = TicketRun::kUnknown;
    } else if (IsShown(candidate, job)) {
      *failure = candidate;
      return TicketRun::kShown;
    }
  }
  return run;
}

FollowVerdict JudgeAction(oc::JobActionKind kind, const oc::DailyJob& job,
                          TicketRun run) {
  const std::string words =
      absl::StrCat("the job is \"", job.status().description(), "\"");
  if (IsDone(kind, job)) return {v1::SYNC_ACTION_NONE, words + " already"};
  const std::vector<oc::JobCategory> from = FollowableFrom(kind);
  if (std::find(from.begin(), from.end(), job.status().category()) ==
      from.end()) {
    return {v1::SYNC_ACTION_NOT_APPLICABLE,
            words + " by now, which stands: it is not " + ActionWords(kind)};
  }
  if (run == TicketRun::kAnother) {
    return {
        v1::SYNC_ACTION_NOT_APPLICABLE,
        absl::StrCat("the job has run again since: its ticket does not "
                     "tell of run ",
                     job.job_number(), ", which is not ", ActionWords(kind))};
  }
  if (run == TicketRun::kUnknown && IsOncePerRun(kind)) {
    return {v1::SYNC_ACTION_NOT_APPLICABLE,
            absl::StrCat("the ticket was opened without OpCon, so whether it "
                         "tells of run ",
                         job.job_number(), " is not known: it is not ",
                         ActionWords(kind), "; do so in OpCon")};
  }
  return {ResultOf(kind)};
}

const char* ActionWords(oc::JobActionKind kind) {
  switch (kind) {
    case oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW:
      return "marked Under Review";
    case oc::JOB_ACTION_KIND_MARK_FIXED:
      return "marked Fixed";
    case oc::JOB_ACTION_KIND_RESTART:
      return "restarted";
    case oc::JOB_ACTION_KIND_CANCEL:
      return "cancelled";
    default:
      return "touched";
  }
}

}  // namespace opcon_snow::incident
