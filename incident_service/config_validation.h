#ifndef OPCON_SNOW_INCIDENT_SERVICE_CONFIG_VALIDATION_H_
#define OPCON_SNOW_INCIDENT_SERVICE_CONFIG_VALIDATION_H_

#include "common/config/fault.h"
#include "config/v1/incident_service.pb.h"

namespace opcon_snow::incident {

// Adds what is wrong with the configuration beyond its schema, and with the
// templates that it names.
void ValidateConfig(const ::config::v1::IncidentServiceConfig& config,
                    config::Faults* faults);

// Adds what opening the store would find, without opening it.
void CheckStorePlace(const ::config::v1::SqliteStore& sqlite,
                     config::Faults* faults);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_CONFIG_VALIDATION_H_
