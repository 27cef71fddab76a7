#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SILENCE_CHANGES_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SILENCE_CHANGES_H_

// What every implementation of the store does to a silence, and what it answers
// when it must refuse. Pure functions.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// A new silence as it is stored. INVALID_ARGUMENT if it has ended by `now` or
// is too long.
absl::StatusOr<::incident::v1::Silence> BeginSilence(
    const Store::NewSilence& fresh, const std::string& silence_id,
    absl::Time now);

// Ends it now; false if it has ended already. One that has not begun never
// begins.
bool EndSilence(absl::Time now, ::incident::v1::Silence* silence);

bool IsInForce(const ::incident::v1::Silence& silence, absl::Time time);

void CountSuppressed(::incident::v1::Silence* silence);

// The entry of a person's decision about a silence, made now.
::incident::v1::AuditEntry SilenceEntry(absl::string_view action,
                                        absl::string_view silence_id,
                                        const Decision& decision);

absl::Status NoSuchSilence(absl::string_view silence_id);
absl::Status SilenceRequestIdReused(absl::string_view request_id,
                                    absl::string_view silence_id);
absl::Status TooManySilences();

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SILENCE_CHANGES_H_
