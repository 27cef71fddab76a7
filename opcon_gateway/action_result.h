#ifndef OPCON_SNOW_OPCON_GATEWAY_ACTION_RESULT_H_
#define OPCON_SNOW_OPCON_GATEWAY_ACTION_RESULT_H_

// The word by which OpCon tells how far an asynchronous action is.

#include "absl/strings/string_view.h"
#include "opcon/v1/job_action.pb.h"

namespace opcon_snow::opcon {

// "success", "failed" or "error" in any case; everything else, nothing at all
// included, means that it is still at it.
::opcon::v1::ActionState ParseActionState(absl::string_view result);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_ACTION_RESULT_H_
