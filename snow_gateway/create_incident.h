#ifndef OPCON_SNOW_SNOW_GATEWAY_CREATE_INCIDENT_H_
#define OPCON_SNOW_SNOW_GATEWAY_CREATE_INCIDENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// Creates an incident once, however often it is asked to; see the contract.
//
// The incident of a create is the record with the chosen sys_id and the marker
// in its description; where the instance ignores chosen sys_ids, the active one
// with the correlation_id and the marker. After every failed write that may
// have been carried out the gateway looks for it, and reports what it found:
// the incident; the write's own error, if nothing is there and the write is
// certainly over; OUTCOME_UNKNOWN otherwise.
async::Task<absl::StatusOr<::servicenow::v1::CreateIncidentResponse>>
CreateIncident(std::shared_ptr<Instance> instance,
               ::servicenow::v1::CreateIncidentRequest request,
               CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_CREATE_INCIDENT_H_
