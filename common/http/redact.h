#ifndef OPCON_SNOW_COMMON_HTTP_REDACT_H_
#define OPCON_SNOW_COMMON_HTTP_REDACT_H_

// File: redact.h
//
// What of a request or response may be written to a log or an error.

#include <string>

#include "absl/strings/string_view.h"
#include "common/http/headers.h"

namespace opcon_snow::http {

// "scheme://host:port/path": without user, query and fragment, control
// characters replaced by "?", at most 512 bytes. A text that is not a URL is
// treated likewise, so this is safe on any input.
std::string RedactUrl(absl::string_view url);

// True for the few header names whose values are harmless. A list of what is
// allowed: a header nobody thought of stays hidden.
bool IsLoggableHeader(absl::string_view name);

// "Name: value, Name: value" with "<hidden>" for every value that is not
// loggable.
std::string HeadersForLog(const Headers& headers);

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_REDACT_H_
