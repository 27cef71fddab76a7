#ifndef OPCON_SNOW_SNOW_GATEWAY_READ_INCIDENTS_H_
#define OPCON_SNOW_SNOW_GATEWAY_READ_INCIDENTS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

async::Task<absl::StatusOr<::servicenow::v1::GetIncidentResponse>> GetIncident(
    std::shared_ptr<Instance> instance,
    ::servicenow::v1::GetIncidentRequest request, CallScope scope);

// Rows that do not fit the filters are left out: ServiceNow drops conditions
// that it does not understand.
async::Task<absl::StatusOr<::servicenow::v1::ListIncidentsResponse>>
ListIncidents(std::shared_ptr<Instance> instance,
              ::servicenow::v1::ListIncidentsRequest request, CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_READ_INCIDENTS_H_
