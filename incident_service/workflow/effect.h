#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EFFECT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EFFECT_H_

// The way in which steps change something upstream.

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/failpoint.h"

namespace opcon_snow::incident {

// Calls `call`, which returns Status or StatusOr, if the claim is still the
// caller's: a worker that was stopped for long must not act on old knowledge.
template <class Call>
auto Effect(Store* store, const StepClaim& claim, absl::string_view name,
            Call call) -> decltype(call()) {
  const absl::Status held = store->CheckClaim(claim);
  if (!held.ok()) return held;
  Failpoint(absl::StrCat("effect.", name, ".before"));
  auto result = call();
  Failpoint(absl::StrCat("effect.", name, ".after"));
  return result;
}

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EFFECT_H_
