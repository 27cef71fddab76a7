#ifndef OPCON_SNOW_COMMON_HTTP_CURL_EASY_H_
#define OPCON_SNOW_COMMON_HTTP_CURL_EASY_H_

// File: curl_easy.h
//
// libcurl's global state, the options every transfer gets, and the pool of easy
// handles. Private to common/http.

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/http/curl_transport.h"
#include "common/http/transport.h"

namespace opcon_snow::http::internal {

// Initializes libcurl once per process and ignores SIGPIPE, which libcurl
// leaves to us because CURLOPT_NOSIGNAL is set. Any thread.
absl::Status InitializeCurl();

// Checked options of one upstream.
class UpstreamSettings {
 public:
  static absl::StatusOr<std::shared_ptr<const UpstreamSettings>> Create(
      CurlTransportOptions options);

  const CurlTransportOptions& options() const { return options_; }

 private:
  explicit UpstreamSettings(CurlTransportOptions options);

  CurlTransportOptions options_;
};

struct CurlEasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;

struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

// libcurl's setopt takes any type without a check; these take the right one.
// After a failure the rest is skipped and `code` keeps the first one.
class OptionSetter {
 public:
  explicit OptionSetter(CURL* easy) : easy_(easy) {}

  void Long(CURLoption option, long value);
  void Offset(CURLoption option, curl_off_t value);
  // Copied by libcurl.
  void Text(CURLoption option, const std::string& value);
  void NoText(CURLoption option);
  // Not copied.
  void Pointer(CURLoption option, void* value);
  void List(CURLoption option, curl_slist* value);
  template <typename Return, typename... Args>
  void Function(CURLoption option, Return (*function)(Args...)) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, function);
  }

  // Counts as a failed option.
  void Fail(CURLcode code) {
    if (code_ == CURLE_OK) code_ = code;
  }

  CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

// Options that do not depend on the request: THE list of what makes a transfer
// safe. Everything not named here keeps libcurl's default.
void SetMandatoryOptions(const UpstreamSettings& settings,
                         OptionSetter* options);

// Method, URL, header and the way the body is sent. `list` receives the header
// list, which must live as long as the transfer. `body_length` -1: unknown.
void SetRequestOptions(const Request& request, bool sends_body,
                       curl_off_t body_length, absl::Duration timeout,
                       CurlList* list, OptionSetter* options);

// OK, or why this layer refuses to send the request.
absl::Status CheckRequest(const Request& request,
                          const UpstreamSettings& settings);

// Whether the request goes out with a body, possibly empty.
bool SendsBody(const Request& request);

// Milliseconds for libcurl, rounded up; 0 (no limit) for an infinite one.
long CurlMilliseconds(absl::Duration duration);

// Idle easy handles. Loop thread only.
class EasyPool {
 public:
  // A handle with libcurl's default options; null if out of memory.
  CurlEasy Take();
  // For handles whose transfer ended well. One that failed is not given back:
  // its state is not to be trusted.
  void GiveBack(CurlEasy easy);
  void Clear() { idle_.clear(); }

 private:
  static constexpr std::size_t kMaxIdle = 32;
  std::vector<CurlEasy> idle_;
};

}  // namespace opcon_snow::http::internal

#endif  // OPCON_SNOW_COMMON_HTTP_CURL_EASY_H_
