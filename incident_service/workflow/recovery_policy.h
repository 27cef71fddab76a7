#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_RECOVERY_POLICY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_RECOVERY_POLICY_H_

// When a job is well again, and what that means for its ticket. Pure functions;
// see docs/decisions/recovery.md.

#include <string>

#include "absl/time/time.h"
#include "config/v1/template.pb.h"
#include "incident/v1/report.pb.h"
#include "incident/v1/ticket.pb.h"
#include "opcon/v1/daily_job.pb.h"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::incident {

// Whether anything is done about tickets of jobs that are well again.
bool Recovers(const ::config::v1::Recovery& config);

// For how long the job must have been well.
absl::Duration GracePeriodOf(const ::config::v1::Recovery& config);

// Whether the latest run has ended well. A job that an operator has marked or
// skipped has not: whether its ticket is done with is for people to say.
bool HasEndedWell(const ::opcon::v1::DailyJob& job);

// Whether the run that the job shows is, by its end, later than the one that
// the ticket tells of. Also if it is not known when that one ended: the run
// that failed cannot have ended well.
bool IsAfterFailure(const ::opcon::v1::DailyJob& job,
                    const ::incident::v1::TicketLink& link);

// Whether the ticket is one that may be told and resolved: New, In Progress, On
// Hold.
bool MayBeResolved(::servicenow::v1::IncidentState state);
// The same of the state that the ticket was last seen in. One of the instance's
// own may be resolved or not.
bool WasResolved(const ::incident::v1::TicketLink& link);

// Why the recovery does not count any more, going by the job as it is now, for
// people; empty if it still does.
std::string WhyNotRecovered(const ::incident::v1::JobRecovery& recovery,
                            const ::opcon::v1::DailyJob& job);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_RECOVERY_POLICY_H_
