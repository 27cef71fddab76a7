#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_CONFIG_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_CONFIG_H_

// The job watcher's part of the configuration.

#include "common/config/fault.h"
#include "config/v1/incident_service.pb.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/watchers/job_watcher.h"

namespace opcon_snow::incident {

// Adds every fault to `faults`, with fields below `job_watcher`. `templates`
// are those that the watcher may name; null: they have faults of their own.
void ValidateJobWatcher(const ::config::v1::JobWatcher& config,
                        const TemplateSet* templates, config::Faults* faults);

// Of a section without faults. `worker` is left to the caller.
JobWatcherOptions JobWatcherOptionsFrom(
    const ::config::v1::IncidentServiceConfig& config);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_CONFIG_H_
