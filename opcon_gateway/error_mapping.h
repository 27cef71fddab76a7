#ifndef OPCON_SNOW_OPCON_GATEWAY_ERROR_MAPPING_H_
#define OPCON_SNOW_OPCON_GATEWAY_ERROR_MAPPING_H_

// What an upstream answer means to the caller: the one table of this gateway.
//
// docs/decisions/http-to-canonical-codes.md says why it is as it is. Nothing
// else in the gateway derives a code from a status, and nothing at all derives
// one from the words of a message.

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/transport.h"
#include "opcon/v1/errors.pb.h"

namespace opcon_snow::opcon {

// Whether it matters that a request may have been carried out although no
// answer came. Not the HTTP method: asking for a job log is a POST that
// changes nothing.
enum class Effect { kRead, kWrite };

// What the body of an answer looks like.
enum class BodyForm {
  kEmpty,
  kJson,
  kHtml,   // a proxy's, a portal's or another web server's page
  kOther,  // plain text, broken JSON
};

struct ErrorMapping {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  ::opcon::v1::ErrorReason reason = ::opcon::v1::ERROR_REASON_UNSPECIFIED;
  // Set: the same call may succeed after this long; becomes RetryInfo. Not
  // set: UNAVAILABLE may be retried with the caller's own back-off, nothing
  // else makes sense to repeat.
  std::optional<absl::Duration> retry_after = std::nullopt;
  // The effect may or may not have happened.
  bool outcome_unknown = false;

  friend bool operator==(const ErrorMapping&, const ErrorMapping&) = default;
};

// No complete answer came.
ErrorMapping MapTransportError(http::TransportError::Kind kind,
                               bool maybe_processed, Effect effect);

// An answer came that is no success: any status from 300 on, or one below with
// a body that OpCon's API would not send.
ErrorMapping MapAnswer(int status, BodyForm form, Effect effect);

// The name without prefix: "JOB_NOT_FOUND".
std::string ReasonName(::opcon::v1::ErrorReason reason);

// One sentence for whoever mends it; empty where the message says it all.
absl::string_view MendOf(::opcon::v1::ErrorReason reason);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_ERROR_MAPPING_H_
