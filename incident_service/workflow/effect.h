#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EFFECT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EFFECT_H_

// The way in which steps change something upstream.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "google/protobuf/message.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// What the audit says of an effect beside its request and its result.
struct EffectFacts {
  // `servicenow.CreateIncident`.
  std::string action;
  // The upstream instance, and what is changed there: a job, an incident.
  std::string instance;
  std::string target;
  // Why.
  std::string reason;
};

// The request as the audit keeps it: JSON in which long texts are cut, at most
// 8 KiB of UTF-8.
std::string AuditText(const google::protobuf::Message& request);

// Begins and ends an entry of the audit.
class AuditedCall {
 public:
  AuditedCall(const EffectFacts& facts,
              const google::protobuf::Message& request, const Clock* clock);
  // `came` is the answer in a few words, for a status that is OK.
  ::incident::v1::AuditEntry Finish(const absl::Status& status,
                                    const std::string& came);

 private:
  ::incident::v1::AuditEntry entry_;
  const Clock* const clock_;
  const SteadyTime begun_;
};

// Calls `call`, which returns StatusOr, if the claim is still the caller's: a
// worker that was stopped for long must not act on old knowledge. What was
// asked and what came is added to the claim's audit; `came` tells the answer in
// a few words.
template <class Call, class Came>
auto Effect(Store* store, const Clock* clock, const ClaimedStep& claimed,
            const EffectFacts& facts, const google::protobuf::Message& request,
            Call call, Came came) -> decltype(call()) {
  const absl::Status held = store->CheckClaim(claimed.claim);
  if (!held.ok()) return held;
  AuditedCall audited(facts, request, clock);
  auto result = call();
  claimed.audit->push_back(audited.Finish(
      result.status(), result.ok() ? came(*result) : std::string()));
  return result;
}

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_EFFECT_H_
