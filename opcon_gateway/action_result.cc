#include "opcon_gateway/action_result.h"

#include "absl/strings/match.h"

namespace opcon_snow::opcon {

::opcon::v1::ActionState ParseActionState(absl::string_view result) {
  if (absl::EqualsIgnoreCase(result, "success")) {
    return ::opcon::v1::ACTION_STATE_SUCCEEDED;
  }
  if (absl::EqualsIgnoreCase(result, "failed") ||
      absl::EqualsIgnoreCase(result, "error")) {
    return ::opcon::v1::ACTION_STATE_FAILED;
  }
  return ::opcon::v1::ACTION_STATE_SUBMITTED;
}

}  // namespace opcon_snow::opcon
