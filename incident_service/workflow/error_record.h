#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ERROR_RECORD_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ERROR_RECORD_H_

// Errors as they are kept on a report, for people and programs.

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace opcon_snow::incident {

// Code, message and details of `status`. If the step was given up although the
// error could have passed, the reason becomes RETRIES_EXHAUSTED.
void SetError(const absl::Status& status, int attempts, bool given_up,
              ::google::rpc::Status* out);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_ERROR_RECORD_H_
