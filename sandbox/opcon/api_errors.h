#ifndef OPCON_SNOW_SANDBOX_OPCON_API_ERRORS_H_
#define OPCON_SNOW_SANDBOX_OPCON_API_ERRORS_H_

// The API's two shapes of errors.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::opcon {

// The usual one: a JSON array of {resource, name, code, message, ids}. Only the
// code 2003 is known (a disabled user); the ones here are made up.
Reply ApiError(int status, absl::string_view resource, absl::string_view name,
               absl::string_view message);

// RFC 7807, application/problem+json: what newer endpoints send and what
// ASP.NET itself sends for a request that it cannot bind.
Reply Problem(int status, absl::string_view title, absl::string_view detail);

// 401 as an expired, deleted or unknown token gets it.
Reply InvalidToken();

// 501: the sandbox does not have `what`.
Reply NotSimulated(absl::string_view what);

// A Status of the model: INVALID_ARGUMENT gives a Problem with 400; NOT_FOUND,
// ALREADY_EXISTS and FAILED_PRECONDITION an ApiError with 404, 409 and 409;
// UNIMPLEMENTED 501.
Reply ErrorReply(const absl::Status& status, absl::string_view resource,
                 absl::string_view name);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_API_ERRORS_H_
