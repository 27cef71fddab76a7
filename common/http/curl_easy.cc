#include "common/http/curl_easy.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/headers.h"
#include "common/http/url.h"

namespace opcon_snow::http::internal {
namespace {

// Made by libcurl from what it is told otherwise, or able to change where one
// message ends and the next begins.
constexpr absl::string_view kReservedHeaders[] = {
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "transfer-encoding",
    "user-agent",
};

absl::Status Invalid(absl::string_view field, absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat("HTTP client option ", field, ": ", reason));
}

absl::Status CheckFile(absl::string_view field, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return Invalid(field, absl::StrCat("cannot read \"", path, "\""));
}

bool IsWholeSeconds(absl::Duration d, int min, int max) {
  return d >= absl::Seconds(min) && d <= absl::Seconds(max) &&
         absl::Trunc(d, absl::Seconds(1)) == d;
}

absl::Status CheckTimes(const CurlTransportOptions& options) {
  if (options.connect_timeout <= absl::ZeroDuration() ||
      options.connect_timeout > absl::Hours(1)) {
    return Invalid("connect_timeout", "must be more than 0 and at most 1 h");
  }
  if (!IsWholeSeconds(options.low_speed_time, 0, 86400)) {
    return Invalid("low_speed_time", "must be whole seconds from 0 to 86400");
  }
  if (options.low_speed_bytes < 1) {
    return Invalid("low_speed_bytes", "must be at least 1");
  }
  if (!IsWholeSeconds(options.max_idle_connection_age, 1, 86400)) {
    return Invalid("max_idle_connection_age",
                   "must be whole seconds from 1 to 86400");
  }
  return absl::OkStatus();
}

absl::Status CheckProxy(const CurlTransportOptions& options) {
  if (options.proxy_url.empty()) {
    if (options.proxy_username.empty() && options.proxy_password.empty()) {
      return absl::OkStatus();
    }
    return Invalid("proxy_username", "credentials without a proxy_url");
  }
  if (options.proxy_username.empty() && !options.proxy_password.empty()) {
    return Invalid("proxy_password", "a password without a proxy_username");
  }
  absl::Status url = BaseUrl::Parse(options.proxy_url, true).status();
  if (!url.ok()) return Invalid("proxy_url", url.message());
  return absl::OkStatus();
}

absl::Status CheckOptions(const CurlTransportOptions& options) {
  if (options.client_certificate_file.empty() !=
      options.client_key_file.empty()) {
    return Invalid("client_certificate_file",
                   "needs client_key_file, and the other way round");
  }
  if (options.user_agent.empty() || !IsValidHeaderValue(options.user_agent)) {
    return Invalid("user_agent", "is empty or holds a control character");
  }
  if (options.max_header_bytes < 1024 ||
      options.max_header_bytes > std::size_t{256} * 1024) {
    return Invalid("max_header_bytes", "must be from 1024 to 262144");
  }
  absl::Status status = CheckFile("ca_file", options.ca_file);
  if (status.ok()) {
    status =
        CheckFile("client_certificate_file", options.client_certificate_file);
  }
  if (status.ok()) {
    status = CheckFile("client_key_file", options.client_key_file);
  }
  if (status.ok()) status = CheckTimes(options);
  if (status.ok()) status = CheckProxy(options);
  return status;
}

absl::Status CheckHeaders(const Headers& headers) {
  for (const Headers::Field& field : headers) {
    if (!IsValidHeaderName(field.first)) {
      return absl::InvalidArgumentError("a header name is not valid");
    }
    if (!IsValidHeaderValue(field.second)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the value of header ", field.first,
                       " holds a control character (such as CR or LF)"));
    }
    for (absl::string_view reserved : kReservedHeaders) {
      if (absl::EqualsIgnoreCase(field.first, reserved)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "header ", field.first, " is set by the transport only"));
      }
    }
  }
  return absl::OkStatus();
}

void SetTlsOptions(const CurlTransportOptions& upstream,
                   OptionSetter* options) {
  options->Long(CURLOPT_SSL_VERIFYPEER, 1);
  options->Long(CURLOPT_SSL_VERIFYHOST, 2);
  // A minimum and no maximum: newer ones may come with the library.
  options->Long(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  options->Long(CURLOPT_PROXY_SSL_VERIFYPEER, 1);
  options->Long(CURLOPT_PROXY_SSL_VERIFYHOST, 2);
  options->Long(CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (!upstream.ca_file.empty()) {
    options->Text(CURLOPT_CAINFO, upstream.ca_file);
    options->Text(CURLOPT_PROXY_CAINFO, upstream.ca_file);
    // The directory of the system's authorities would be trusted as well.
    options->NoText(CURLOPT_CAPATH);
    options->NoText(CURLOPT_PROXY_CAPATH);
  }
  if (!upstream.client_certificate_file.empty()) {
    options->Text(CURLOPT_SSLCERTTYPE, "PEM");
    options->Text(CURLOPT_SSLCERT, upstream.client_certificate_file);
    options->Text(CURLOPT_SSLKEYTYPE, "PEM");
    options->Text(CURLOPT_SSLKEY, upstream.client_key_file);
  }
}

void SetProxyOptions(const CurlTransportOptions& upstream,
                     OptionSetter* options) {
  // Both are set even if empty: unset, libcurl takes *_proxy and no_proxy from
  // the environment.
  options->Text(CURLOPT_PROXY, upstream.proxy_url);
  options->Text(CURLOPT_NOPROXY, "");
  // Our Authorization header is for the upstream, not for the proxy.
  options->Long(CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
  options->Long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
  if (!upstream.proxy_username.empty()) {
    options->Long(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
    options->Text(CURLOPT_PROXYUSERNAME, upstream.proxy_username);
    options->Text(CURLOPT_PROXYPASSWORD, upstream.proxy_password);
  }
}

}  // namespace

absl::Status InitializeCurl() {
  static const CURLcode code = [] {
    struct sigaction present {};
    if (sigaction(SIGPIPE, nullptr, &present) == 0 &&
        present.sa_handler == SIG_DFL) {
      std::signal(SIGPIPE, SIG_IGN);
    }
    return curl_global_init(CURL_GLOBAL_DEFAULT);
  }();
  if (code == CURLE_OK) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("libcurl cannot start: ", curl_easy_strerror(code)));
}

UpstreamSettings::UpstreamSettings(CurlTransportOptions options)
    : options_(std::move(options)) {}

absl::StatusOr<std::shared_ptr<const UpstreamSettings>>
UpstreamSettings::Create(CurlTransportOptions options) {
  absl::Status checked = CheckOptions(options);
  if (!checked.ok()) return checked;
  return std::shared_ptr<const UpstreamSettings>(
      new UpstreamSettings(std::move(options)));
}

void OptionSetter::Long(CURLoption option, long value) {
  if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
}

void OptionSetter::Offset(CURLoption option, curl_off_t value) {
  if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
}

void OptionSetter::Text(CURLoption option, const std::string& value) {
  if (code_ == CURLE_OK) {
    code_ = curl_easy_setopt(easy_, option, value.c_str());
  }
}

void OptionSetter::NoText(CURLoption option) {
  if (code_ == CURLE_OK) {
    code_ = curl_easy_setopt(easy_, option, static_cast<char*>(nullptr));
  }
}

void OptionSetter::Pointer(CURLoption option, void* value) {
  if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
}

void OptionSetter::List(CURLoption option, curl_slist* value) {
  if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
}

void SetMandatoryOptions(const UpstreamSettings& settings,
                         OptionSetter* options) {
  const CurlTransportOptions& upstream = settings.options();
  // No SIGALRM for time-outs: it kills threaded programs.
  options->Long(CURLOPT_NOSIGNAL, 1);
  // Giving up during name resolution must not wait for the resolver's thread,
  // which may take half a minute, while everything else stands still.
  options->Long(CURLOPT_QUICK_EXIT, 1);

  options->Text(CURLOPT_PROTOCOLS_STR,
                upstream.allow_http ? "https,http" : "https");
  options->Long(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  options->Long(CURLOPT_HTTP09_ALLOWED, 0);
  // A redirect would carry credentials and writes to a place nobody configured.
  options->Long(CURLOPT_FOLLOWLOCATION, 0);
  options->Long(CURLOPT_UNRESTRICTED_AUTH, 0);
  options->Long(CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
  options->Long(CURLOPT_NETRC, CURL_NETRC_IGNORED);
  // The URL was built and encoded by us; nothing is to be tidied up in it.
  options->Long(CURLOPT_PATH_AS_IS, 1);
  options->Text(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  options->Text(CURLOPT_USERAGENT, upstream.user_agent);

  SetTlsOptions(upstream, options);
  SetProxyOptions(upstream, options);

  options->Long(CURLOPT_CONNECTTIMEOUT_MS,
                CurlMilliseconds(upstream.connect_timeout));
  options->Long(CURLOPT_LOW_SPEED_LIMIT, upstream.low_speed_bytes);
  options->Long(
      CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(absl::ToInt64Seconds(upstream.low_speed_time)));
  options->Long(CURLOPT_MAXAGE_CONN, static_cast<long>(absl::ToInt64Seconds(
                                         upstream.max_idle_connection_age)));
  options->Long(CURLOPT_TCP_KEEPALIVE, 1);
}

void SetRequestOptions(const Request& request, bool sends_body,
                       curl_off_t body_length, absl::Duration timeout,
                       CurlList* list, OptionSetter* options) {
  options->Text(CURLOPT_URL, request.url);
  options->Long(CURLOPT_TIMEOUT_MS, CurlMilliseconds(timeout));
  if (sends_body) {
    // "Upload" for every method, POST included: only then does the body come
    // from the read callback, which is how a second sending is noticed.
    options->Long(CURLOPT_UPLOAD, 1);
    options->Offset(CURLOPT_INFILESIZE_LARGE, body_length);
    options->Text(CURLOPT_CUSTOMREQUEST,
                  std::string(MethodName(request.method)));
  } else if (request.method == Method::kHead) {
    options->Long(CURLOPT_NOBODY, 1);
  } else {
    options->Long(CURLOPT_HTTPGET, 1);
    if (request.method != Method::kGet) {
      options->Text(CURLOPT_CUSTOMREQUEST,
                    std::string(MethodName(request.method)));
    }
  }

  curl_slist* head = nullptr;
  auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(head, line.c_str());
    if (longer != nullptr) head = longer;
    return longer != nullptr;
  };
  // Empty: not sent. A server that does not know "100-continue" costs a second.
  bool complete = append("Expect:");
  for (const Headers::Field& field : request.headers) {
    // "Name:" would mean "do not send it" to libcurl; an empty value is
    // "Name;".
    complete =
        complete && append(field.second.empty()
                               ? absl::StrCat(field.first, ";")
                               : absl::StrCat(field.first, ": ", field.second));
  }
  list->reset(head);
  // Half a header (without Authorization, say) must not go out.
  options->List(CURLOPT_HTTPHEADER, head);
  if (!complete) options->Fail(CURLE_OUT_OF_MEMORY);
}

absl::Status CheckRequest(const Request& request,
                          const UpstreamSettings& settings) {
  absl::Status url =
      CheckRequestUrl(request.url, settings.options().allow_http);
  if (!url.ok()) return url;
  const bool has_body = request.body_source != nullptr || !request.body.empty();
  if (has_body &&
      (request.method == Method::kGet || request.method == Method::kHead)) {
    return absl::InvalidArgumentError(
        absl::StrCat(MethodName(request.method), " with a body"));
  }
  if (request.body_source != nullptr && !request.body.empty()) {
    return absl::InvalidArgumentError("both body and body_source are set");
  }
  return CheckHeaders(request.headers);
}

bool SendsBody(const Request& request) {
  switch (request.method) {
    case Method::kPost:
    case Method::kPut:
    case Method::kPatch:
      return true;
    case Method::kDelete:
      return request.body_source != nullptr || !request.body.empty();
    case Method::kGet:
    case Method::kHead:
      return false;
  }
  return false;
}

long CurlMilliseconds(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return 0;
  const std::int64_t milliseconds =
      absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1)));
  // libcurl refuses more than it can add up.
  return static_cast<long>(std::clamp<std::int64_t>(
      milliseconds, 1, std::numeric_limits<int>::max()));
}

CurlEasy EasyPool::Take() {
  if (idle_.empty()) return CurlEasy(curl_easy_init());
  CurlEasy easy = std::move(idle_.back());
  idle_.pop_back();
  // On the way out, so that whatever the last user left is gone for certain.
  curl_easy_reset(easy.get());
  return easy;
}

void EasyPool::GiveBack(CurlEasy easy) {
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(easy));
}

}  // namespace opcon_snow::http::internal
