#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_INCIDENT_RULES_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_INCIDENT_RULES_H_

// What a stock instance's business rules and data policies do to an incident.

#include <string>

#include "absl/status/status.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

struct Actor;

namespace incident_state {
inline constexpr char kNew[] = "1";
inline constexpr char kInProgress[] = "2";
inline constexpr char kOnHold[] = "3";
inline constexpr char kResolved[] = "6";
inline constexpr char kClosed[] = "7";
inline constexpr char kCanceled[] = "8";
}  // namespace incident_state

struct RuleContext {
  const Actor& actor;
  std::string now;  // as it is stored
  const Settings& settings;
};

// In all three `before` is null for an insert; PERMISSION_DENIED refuses.

// Whether the actor may change it at all.
absl::Status CheckIncidentAccess(const Record* before, const Record& after,
                                 const RuleContext& context);

// state and incident_state are kept equal (whichever differs from `before`;
// state wins), priority follows impact and urgency.
void NormalizeIncident(const Record* before, Record& after);

// The data policies, then the times and persons of resolving, closing and
// reopening.
absl::Status FinishIncident(const Record* before, Record& after,
                            const RuleContext& context);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_INCIDENT_RULES_H_
