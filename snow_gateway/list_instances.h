#ifndef OPCON_SNOW_SNOW_GATEWAY_LIST_INSTANCES_H_
#define OPCON_SNOW_SNOW_GATEWAY_LIST_INSTANCES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// A probe asks every instance, at the same time, for one incident's sys_id:
// the cheapest call that needs what all others need, address, credentials and
// the right to read the table. Its failures show in the health, not as errors.
async::Task<absl::StatusOr<::servicenow::v1::ListInstancesResponse>>
ListInstances(std::shared_ptr<InstanceRegistry> registry,
              ::servicenow::v1::ListInstancesRequest request, CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_LIST_INSTANCES_H_
