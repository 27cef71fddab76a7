#ifndef OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_ERROR_H_
#define OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_ERROR_H_

// The errors that this gateway's callers see: a code, a reason, facts for
// programs and a message for people.

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/transport.h"
#include "common/status/error.h"
#include "opcon/v1/errors.pb.h"
#include "opcon_gateway/error_mapping.h"
#include "opcon_gateway/upstream_message.h"

namespace opcon_snow::opcon {

// The domain of every error.
inline constexpr char kErrorDomain[] = "opcon-gateway";

// An error with a reason of this gateway's. `details.reason` and `.domain` are
// filled in here.
absl::Status OpConError(absl::StatusCode code, ::opcon::v1::ErrorReason reason,
                        absl::string_view message, ErrorDetails details = {});

// Whether `status` carries this reason.
bool IsReason(const absl::Status& status, ::opcon::v1::ErrorReason reason);

// `status` with these facts added to its metadata, where they are not empty
// and not there yet, and with the domain. OK stays OK.
absl::Status WithFacts(const absl::Status& status, absl::string_view instance,
                       absl::string_view job);

// A request as an error names it: no query, no header, no body.
struct RequestFacts {
  std::string instance = {};
  http::Method method = http::Method::kGet;
  std::string url = {};  // redacted
  Effect effect = Effect::kRead;
  // What 404 and 410 mean.
  ::opcon::v1::ErrorReason not_found =
      ::opcon::v1::ERROR_REASON_RECORD_NOT_FOUND;
};

absl::Status TransportFailure(const RequestFacts& facts,
                              const http::TransportError& error);

// `mend`, if not empty, takes the place of the table's sentence.
absl::Status AnswerFailure(const RequestFacts& facts, int status,
                           const UpstreamMessage& message,
                           std::optional<absl::Duration> retry_after,
                           absl::string_view mend = "");

// A success whose body is not what the API sends; `why` says what is wrong
// without quoting it.
absl::Status UnreadableAnswer(const RequestFacts& facts, int status,
                              BodyForm form, absl::string_view why);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_ERROR_H_
