#ifndef OPCON_SNOW_COMMON_HTTP_RETRY_AFTER_H_
#define OPCON_SNOW_COMMON_HTTP_RETRY_AFTER_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::http {

// Reads the value of a Retry-After header (RFC 9110, 10.2.3): a number of
// seconds, or one of the three forms of an HTTP date (RFC 9110, 5.6.7), which
// is compared with `now`. A date in the past gives zero. Anything over `max`
// gives `max`, so that a server cannot park a request for years. Nothing if the
// text is neither.
std::optional<absl::Duration> ParseRetryAfter(absl::string_view value,
                                              absl::Time now,
                                              absl::Duration max);

// An HTTP date in any of its three forms. A two-digit year (RFC 850) is taken
// to lie at most 50 years after `now`.
std::optional<absl::Time> ParseHttpDate(absl::string_view value,
                                        absl::Time now);

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_RETRY_AFTER_H_
