#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_MANY_TICKETS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_MANY_TICKETS_H_

// Thousands of open tickets for the ticket watcher. Tests and benchmarks only.

#include "absl/status/status.h"
#include "incident_service/store/store.h"
#include "incident_service/upstreams/fake_upstreams.h"

namespace opcon_snow::incident {

// Adds `count` jobs of 2026-01-05 with a ticket each, which is In Progress in
// the instance "prod" and in the store, as they stand long after. Nobody else
// must use the store meanwhile.
absl::Status KeepManyTickets(int count, Store* store,
                             FakeServiceNow* servicenow);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_MANY_TICKETS_H_
