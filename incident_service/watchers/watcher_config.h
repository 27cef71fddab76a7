#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_WATCHER_CONFIG_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_WATCHER_CONFIG_H_

// The watchers' parts of the configuration: what is wrong with one, and the
// options of one that has no faults, in which the `worker` is left to the
// caller.

#include "common/config/fault.h"
#include "config/v1/incident_service.pb.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/watchers/job_watcher.h"
#include "incident_service/watchers/recovery_watcher.h"
#include "incident_service/watchers/ticket_watcher.h"

namespace opcon_snow::incident {

// Adds every fault to `faults`, with fields below `job_watcher`, and so on.
// `templates` are those that the watcher may name; null: they have faults of
// their own.
void ValidateJobWatcher(const ::config::v1::JobWatcher& config,
                        const TemplateSet* templates, config::Faults* faults);
void ValidateTicketWatcher(const ::config::v1::TicketWatcher& config,
                           config::Faults* faults);
void ValidateRecoveryWatcher(const ::config::v1::RecoveryWatcher& config,
                             config::Faults* faults);

JobWatcherOptions JobWatcherOptionsFrom(
    const ::config::v1::IncidentServiceConfig& config);
TicketWatcherOptions WatcherOptionsFrom(
    const ::config::v1::TicketWatcher& config);
RecoveryWatcherOptions WatcherOptionsFrom(
    const ::config::v1::RecoveryWatcher& config);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_WATCHER_CONFIG_H_
