#ifndef OPCON_SNOW_INCIDENT_SERVICE_APPLICATION_H_
#define OPCON_SNOW_INCIDENT_SERVICE_APPLICATION_H_

// The object graph of the process, from its configuration.

#include <memory>

#include "absl/status/statusor.h"
#include "common/config/server_main.h"
#include "config/v1/incident_service.pb.h"

namespace opcon_snow::incident {

// For a configuration without faults. Opens the store.
absl::StatusOr<std::unique_ptr<config::Application>> MakeApplication(
    const ::config::v1::IncidentServiceConfig& config);

// What main does; also for tests that install failpoints first.
int RunIncidentService(int argc, const char* const* argv);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_APPLICATION_H_
