#ifndef OPCON_SNOW_SNOW_GATEWAY_ERRORS_H_
#define OPCON_SNOW_SNOW_GATEWAY_ERRORS_H_

// The errors that this gateway's callers see, and the mark that a failed write
// carries inside the gateway: what it may have done all the same.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "servicenow/v1/errors.pb.h"

namespace opcon_snow::snow {

// The domain of every error.
inline constexpr char kErrorDomain[] = "servicenow-gateway";

using Reason = ::servicenow::v1::ErrorReason;

// "RECORD_NOT_FOUND": the name without the enum's prefix.
std::string ReasonName(Reason reason);

// The canonical code that a reason always comes with (errors.proto).
absl::StatusCode CodeOf(Reason reason);

// An error with a reason of this gateway. `details.reason` and `.domain` are
// filled in here.
absl::Status GatewayError(Reason reason, absl::string_view message,
                          ErrorDetails details = {});

bool CarriesReason(const absl::Status& status, Reason reason);

// `status` with `key` = `value` in its metadata, unless it has that key or the
// value is empty; a reason that came without a domain gets this gateway's. OK
// stays OK.
absl::Status WithFact(const absl::Status& status, absl::string_view key,
                      absl::string_view value);

// What a write that failed may have done.
enum class Doubt {
  // Nothing.
  kNothingDone,
  // Nothing, says the instance. Looking costs one request and finds, above
  // all, that an earlier attempt had done it.
  kRefused,
  // Possibly everything: ServiceNow commits some requests that it answers with
  // an error. It is over, so looking tells.
  kEnded,
  // The instance may still be at it: finding the effect proves that it
  // happened, not finding it proves nothing.
  kMayStillRun,
};

// Marks an error; the mark never leaves the process. OK stays OK.
absl::Status WithDoubt(absl::Status status, Doubt doubt);
// kNothingDone if there is no mark.
Doubt DoubtOf(const absl::Status& status);

// The error of a write whose effect looking did not settle; `cause` is what the
// write ended with.
absl::Status OutcomeUnknown(const absl::Status& cause);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ERRORS_H_
