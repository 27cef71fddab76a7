#ifndef OPCON_SNOW_SNOW_GATEWAY_LOOKUP_RECORDS_H_
#define OPCON_SNOW_SNOW_GATEWAY_LOOKUP_RECORDS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// Every row is compared with the conditions again. A column of a condition that
// the rows do not show is an error (UPSTREAM_REJECTED): the instance has
// ignored the condition, or would not let it be checked.
async::Task<absl::StatusOr<::servicenow::v1::LookupRecordsResponse>>
LookupRecords(std::shared_ptr<Instance> instance,
              ::servicenow::v1::LookupRecordsRequest request, CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_LOOKUP_RECORDS_H_
