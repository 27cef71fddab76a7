#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FOLLOW_POLICY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FOLLOW_POLICY_H_

// What a ticket's state means for its job, and whether the job is one that it
// may be done to. Pure functions.

#include <string>
#include <vector>

#include "config/v1/template.pb.h"
#include "incident/v1/report.pb.h"
#include "incident/v1/ticket.pb.h"
#include "incident_service/store/times.h"
#include "opcon/v1/daily_job.pb.h"
#include "opcon/v1/job_action.pb.h"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::incident {

// Whether a job follows tickets of this template at all.
bool Follows(const ::config::v1::StateSync& config);

// What the job is to do because its ticket has come into this state;
// UNSPECIFIED for nothing.
::opcon::v1::JobActionKind ActionFor(const ::config::v1::StateSync& config,
                                     ::servicenow::v1::IncidentState state);

// What the job is to do because it has failed under a ticket that is In
// Progress; UNSPECIFIED for nothing.
::opcon::v1::JobActionKind ActionForFailure(
    const ::config::v1::StateSync& config);
// That state as instances number it.
std::string InProgressValue();

// Whether the run is the one that the job shows: `Run` is a Failure, a
// FollowPlan or a JobRecovery.
template <class Run>
bool IsShown(const Run& run, const ::opcon::v1::DailyJob& job) {
  return run.job_number() == job.job_number() &&
         run.has_run_end_time() == job.has_end_time() &&
         ToTime(run.run_end_time()) == ToTime(job.end_time());
}

// Whether repeating it could do harm: it is sent at most once a run.
bool IsOncePerRun(::opcon::v1::JobActionKind kind);

// The categories that a ticket may have it done from: fewer than OpCon allows.
std::vector<::opcon::v1::JobCategory> FollowableFrom(
    ::opcon::v1::JobActionKind kind);

// Whether the job is as the action would leave it. Never for a restart, which
// leaves nothing to be told by.
bool IsDone(::opcon::v1::JobActionKind kind, const ::opcon::v1::DailyJob& job);

// Done, in the past: what it was for the link's callers.
::incident::v1::SyncAction ResultOf(::opcon::v1::JobActionKind kind);

// Whether the run that the job shows is one that the ticket was told of.
enum class TicketRun {
  kShown,    // it is
  kAnother,  // the job has run again since
  kUnknown,  // the ticket was opened without OpCon
};

// `failure` becomes that of the run, if it is shown. `known` are the job's.
TicketRun FindTicketRun(const std::vector<::incident::v1::Failure>& known,
                        const ::incident::v1::TicketRef& ticket,
                        const ::opcon::v1::DailyJob& job,
                        ::incident::v1::Failure* failure);

struct FollowVerdict {
  // What is done; NONE and NOT_APPLICABLE for nothing.
  ::incident::v1::SyncAction action = ::incident::v1::SYNC_ACTION_NONE;
  // Why nothing, for people.
  std::string why{};
};

FollowVerdict JudgeAction(::opcon::v1::JobActionKind kind,
                          const ::opcon::v1::DailyJob& job, TicketRun run);

// `marked under review`.
const char* ActionWords(::opcon::v1::JobActionKind kind);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FOLLOW_POLICY_H_
