#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FAILPOINT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FAILPOINT_H_

// Places where tests make the process die: before and after every effect and
// every commit of the workflow. In the product nothing is installed and a
// failpoint is one load and one branch.

#include "absl/strings/string_view.h"

namespace opcon_snow::incident {

using FailpointHandler = void (*)(absl::string_view name);

// For a test's main function, before anything runs.
void InstallFailpointHandler(FailpointHandler handler);

// `name` is `effect.<RPC>.before`, `effect.<RPC>.after`,
// `commit.<STEP>.before` or `commit.<STEP>.after`.
void Failpoint(absl::string_view name);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_FAILPOINT_H_
