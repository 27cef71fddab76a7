#ifndef OPCON_SNOW_CLI_DOCTOR_LOCAL_H_
#define OPCON_SNOW_CLI_DOCTOR_LOCAL_H_

// What `incidentctl doctor` finds out on this machine.

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/command_context.h"
#include "google/protobuf/timestamp.pb.h"
#include "incident/v1/operations.pb.h"

namespace opcon_snow::cli {

::incident::v1::Hop MakeHop(std::string name, std::string target,
                            ::incident::v1::HopState state,
                            std::string message);

// The configuration file, certificates and keys, the spool.
std::vector<::incident::v1::Hop> LocalHops(const CommandContext& context);

// How far this machine's clock is from the service's. `service_time` is what
// that showed at some moment of the call, which began here at `sent` and `took`
// so long; a warning from half a minute. Runs of a job are told apart by the
// reporter's clock where OpCon cannot.
::incident::v1::Hop ClockHop(const google::protobuf::Timestamp& service_time,
                             absl::Time sent, absl::Duration took);

// When the first certificate of a PEM file to expire does so. INVALID_ARGUMENT
// if there is none in it.
absl::StatusOr<absl::Time> FirstExpiry(absl::string_view pem, absl::Time now);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_DOCTOR_LOCAL_H_
