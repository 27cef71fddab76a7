#ifndef OPCON_SNOW_SNOW_GATEWAY_UPDATE_INCIDENT_H_
#define OPCON_SNOW_SNOW_GATEWAY_UPDATE_INCIDENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// Changes an incident in one write; see the contract.
//
// The journal entry is looked for before the write, so that a repetition does
// not add it twice, and after a write that failed: fields and entry travel
// together, so the entry proves that the fields were written, too. If it is
// there already and the fields have the values that were asked for, nothing is
// written and the state is not asked about: this update has happened.
async::Task<absl::StatusOr<::servicenow::v1::UpdateIncidentResponse>>
UpdateIncident(std::shared_ptr<Instance> instance,
               ::servicenow::v1::UpdateIncidentRequest request,
               CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_UPDATE_INCIDENT_H_
