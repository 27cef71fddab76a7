#ifndef OPCON_SNOW_CLI_CLIENT_H_
#define OPCON_SNOW_CLI_CLIENT_H_

// The way to the incident service.

#include <memory>

#include "absl/status/statusor.h"
#include "cli/settings.h"
#include "incident/v1/incident_service.grpc.pb.h"

namespace opcon_snow::cli {

using Stub = ::incident::v1::IncidentService::StubInterface;

// Connects with the first call. Errors: a PEM or token file that cannot be
// read, an address that must not be called in plaintext.
absl::StatusOr<std::unique_ptr<Stub>> Connect(const Settings& settings);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_CLIENT_H_
