#include "incident_service/workflow/recovery_policy.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/follow_policy.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
namespace v1 = ::incident::v1;

constexpr absl::Duration kDefaultGracePeriod = absl::Minutes(10);

}  // namespace

bool Recovers(const ::config::v1::Recovery& config) {
  return config.action() == ::config::v1::RECOVERY_ACTION_WORK_NOTE ||
         config.action() == ::config::v1::RECOVERY_ACTION_RESOLVE;
}

absl::Duration GracePeriodOf(const ::config::v1::Recovery& config) {
  if (!config.has_grace_period()) return kDefaultGracePeriod;
  return absl::Seconds(config.grace_period().seconds()) +
         absl::Nanoseconds(config.grace_period().nanos());
}

bool HasEndedWell(const oc::DailyJob& job) {
  // "Marked Finished OK" has the same category.
  return job.status().category() == oc::JOB_CATEGORY_FINISHED_OK &&
         !absl::StartsWithIgnoreCase(job.status().description(), "marked") &&
         job.has_end_time();
}

bool IsAfterFailure(const oc::DailyJob& job, const v1::TicketLink& link) {
  return !link.has_last_run_end_time() ||
         ToTime(job.end_time()) > ToTime(link.last_run_end_time());
}

bool MayBeResolved(sn::IncidentState state) {
  return state == sn::INCIDENT_STATE_NEW ||
         state == sn::INCIDENT_STATE_IN_PROGRESS ||
         state == sn::INCIDENT_STATE_ON_HOLD;
}

bool WasResolved(const v1::TicketLink& link) {
  for (const sn::IncidentState state :
       {sn::INCIDENT_STATE_RESOLVED, sn::INCIDENT_STATE_CLOSED,
        sn::INCIDENT_STATE_CANCELED}) {
    if (link.ticket_state_value() == absl::StrCat(static_cast<int>(state))) {
      return true;
    }
  }
  return false;
}

std::string WhyNotRecovered(const v1::JobRecovery& recovery,
                            const oc::DailyJob& job) {
  std::string words =
      absl::StrCat("the job is \"", job.status().description(), "\" by now");
  if (ShowsAFailedRun(job.status()) && !IsWell(job.status())) {
    return absl::StrCat("the job has failed again: ", words);
  }
  if (!HasEndedWell(job)) return words;
  if (IsShown(recovery, job)) return "";
  return absl::StrCat("the job has run again since: run ", job.job_number(),
                      " is looked at by itself");
}

}  // namespace opcon_snow::incident
