#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SILENCE_REQUEST_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SILENCE_REQUEST_H_

// From the request for a silence to what the store takes. Pure functions.

#include <string>

#include "absl/status/status.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// INVALID_ARGUMENT with a violation for each field that breaks the contract.
absl::Status CheckSilence(const ::incident::v1::CreateSilenceRequest& request);

// Of a request that is all right; `actor` makes it.
Store::NewSilence NewSilenceOf(
    const ::incident::v1::CreateSilenceRequest& request,
    const std::string& actor);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_SILENCE_REQUEST_H_
