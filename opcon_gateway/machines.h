#ifndef OPCON_SNOW_OPCON_GATEWAY_MACHINES_H_
#define OPCON_SNOW_OPCON_GATEWAY_MACHINES_H_

// The machines that OpCon runs jobs on.

#include <string>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

// What a page token of the request is good for: all of it but the page.
std::string FiltersOf(::opcon::v1::ListMachinesRequest request);

class Machines {
 public:
  // `rest` must outlive every call.
  explicit Machines(RestClient* rest) : rest_(rest) {}

  // One page, by name. The request has been found acceptable.
  async::Task<absl::StatusOr<::opcon::v1::ListMachinesResponse>> List(
      const ::opcon::v1::ListMachinesRequest& request, const CallScope& scope);

 private:
  RestClient* const rest_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_MACHINES_H_
