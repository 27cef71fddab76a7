#ifndef OPCON_SNOW_COMMON_HTTP_CURL_CODE_H_
#define OPCON_SNOW_COMMON_HTTP_CURL_CODE_H_

// File: curl_code.h
//
// What each of libcurl's result codes means to us. Private to common/http.

#include <curl/curl.h>

#include "absl/strings/string_view.h"
#include "common/http/transport.h"

namespace opcon_snow::http::internal {

struct CodeMeaning {
  CURLcode code;
  TransportError::Kind kind;
  // The code cannot arise before the request has been sent, at least in part.
  // For all others the count of bytes sent decides about `maybe_processed`,
  // also for "connection refused": libcurl gives it for the second connection
  // if the first, a kept one, broke after it had taken the request.
  bool implies_sent;
  // What happened and what to look at, for people.
  const char* text;
};

// Every code has a meaning; CURLE_OK, which is no error, and numbers that this
// version of libcurl does not define are treated as kOther.
const CodeMeaning& MeaningOf(CURLcode code);

}  // namespace opcon_snow::http::internal

#endif  // OPCON_SNOW_COMMON_HTTP_CURL_CODE_H_
