#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TICKET_SETTINGS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TICKET_SETTINGS_H_

// What a template says of the time after its ticket was opened. The texts in it
// are the compiler's affair.

#include <cstddef>
#include <string>

#include "common/config/fault.h"
#include "config/v1/template.pb.h"

namespace opcon_snow::incident {

// Both are complete: what they inherit has been put in. `path` is theirs, such
// as `templates[0].state_sync`.
void CheckStateSync(const ::config::v1::StateSync& config,
                    const std::string& path, config::Faults* faults);
void CheckRecovery(const ::config::v1::Recovery& config,
                   const std::string& path, config::Faults* faults);

// Where ServiceNow would cut off the rest without a word.
inline constexpr std::size_t kMaxCloseCode = 40;  // characters

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TICKET_SETTINGS_H_
