#ifndef OPCON_SNOW_COMMON_WEB_PROBLEM_H_
#define OPCON_SNOW_COMMON_WEB_PROBLEM_H_

// Errors as problem documents (RFC 9457). The table from canonical codes to
// statuses is that of docs/decisions/http-to-canonical-codes.md.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/web/message.h"

namespace opcon_snow::web {

// What only HTTP can get wrong. Each has a status, a canonical code and a
// reason; see openapi.json.
enum class Fault {
  kMalformed,
  kPath,
  kMethod,
  kTimeout,
  kBodyTooLarge,
  kContentType,
  kExpectation,
  kHost,
  kHeadersTooLarge,
  kTransferCoding,
  kOverloaded,
  kNoAnswer,
  kVersion,
};

// `detail` is for people: what is wrong and what would be right. `domain` is
// that of the server's errors.
Answer Problem(Fault fault, absl::string_view detail, absl::string_view domain);

// An error of the service; its details become members, RetryInfo the header
// Retry-After too. `domain` is that of errors that name none.
Answer Problem(const absl::Status& error, absl::string_view domain);

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_PROBLEM_H_
