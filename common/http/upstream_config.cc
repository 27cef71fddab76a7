#include "common/http/upstream_config.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/config/file_watch.h"
#include "common/config/secret.h"
#include "common/config/secret_file.h"
#include "common/config/validate.h"
#include "common/http/url.h"
#include "common/status/status_macros.h"

namespace opcon_snow::http {
namespace {

using config::FieldPath;

constexpr absl::Duration kDefaultConnectTimeout = absl::Seconds(10);
constexpr int kDefaultConcurrent = 16;
constexpr int kDefaultQueued = 256;
constexpr std::int64_t kDefaultResponseBytes = std::int64_t{8} << 20;

absl::StatusOr<std::string> ReadPassword(const std::string& file) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const config::Secret password,
                              config::ReadSecretFile(file));
  return password.Reveal();
}

}  // namespace

void ValidateUpstreamLimits(const ::config::v1::UpstreamLimits& limits,
                            absl::string_view field, config::Faults* faults) {
  if (limits.has_call_timeout()) {
    config::CheckRange(FieldPath(field, "call_timeout"), limits.call_timeout(),
                       absl::Seconds(1), absl::Minutes(10), faults);
  }
  if (limits.has_connect_timeout()) {
    config::CheckRange(FieldPath(field, "connect_timeout"),
                       limits.connect_timeout(), absl::Milliseconds(100),
                       absl::Minutes(1), faults);
  }
  config::CheckRange(FieldPath(field, "max_concurrent_requests"),
                     limits.max_concurrent_requests(), 1, 256, faults);
  config::CheckRange(FieldPath(field, "max_queued_calls"),
                     limits.max_queued_calls(), 1, 100'000, faults);
  config::CheckRange(FieldPath(field, "requests_per_hour"),
                     limits.requests_per_hour(), 10, 10'000'000, faults);
  config::CheckRange(FieldPath(field, "max_response_bytes"),
                     limits.max_response_bytes(), 1024, std::int64_t{1} << 30,
                     faults);
}

void ValidateClientTls(const ::config::v1::ClientTls& tls,
                       absl::string_view field, config::Faults* faults) {
  if (tls.certificate_file().empty() != tls.key_file().empty()) {
    faults->Add(FieldPath(field, tls.key_file().empty() ? "certificate_file"
                                                        : "key_file"),
                "certificate_file and key_file belong together: give both, or "
                "neither");
  }
}

void ValidateProxy(const ::config::v1::Proxy& proxy, absl::string_view field,
                   config::Faults* faults) {
  const std::string url_field = FieldPath(field, "url");
  config::CheckRequired(url_field, proxy.url(), faults);
  if (!proxy.url().empty()) {
    const absl::StatusOr<BaseUrl> url =
        BaseUrl::Parse(proxy.url(), /*allow_http=*/true);
    if (!url.ok()) {
      faults->Add(url_field, url.status().message());
    }
  }
  if (proxy.username().empty() != proxy.password_file().empty()) {
    faults->Add(FieldPath(field, proxy.username().empty() ? "password_file"
                                                          : "username"),
                "username and password_file belong together: give both, or "
                "neither");
  }
}

UpstreamBounds UpstreamBoundsFrom(const ::config::v1::UpstreamLimits& limits,
                                  absl::Duration default_call_timeout) {
  UpstreamBounds bounds;
  bounds.call_timeout = limits.has_call_timeout()
                            ? config::ToDuration(limits.call_timeout())
                            : default_call_timeout;
  bounds.connect_timeout = limits.has_connect_timeout()
                               ? config::ToDuration(limits.connect_timeout())
                               : kDefaultConnectTimeout;
  bounds.limiter.max_concurrent = limits.max_concurrent_requests() > 0
                                      ? limits.max_concurrent_requests()
                                      : kDefaultConcurrent;
  bounds.limiter.max_queued = limits.max_queued_calls() > 0
                                  ? limits.max_queued_calls()
                                  : kDefaultQueued;
  bounds.limiter.requests_per_hour = limits.requests_per_hour();
  bounds.max_response_bytes = static_cast<std::size_t>(
      limits.max_response_bytes() > 0 ? limits.max_response_bytes()
                                      : kDefaultResponseBytes);
  return bounds;
}

absl::StatusOr<CurlTransportOptions> TransportOptionsFrom(
    const ::config::v1::ClientTls& tls, const ::config::v1::Proxy& proxy,
    const UpstreamBounds& bounds, bool allow_http) {
  CurlTransportOptions options;
  options.ca_file = tls.ca_file();
  options.client_certificate_file = tls.certificate_file();
  options.client_key_file = tls.key_file();
  options.proxy_url = proxy.url();
  options.proxy_username = proxy.username();
  const std::string& password_file = proxy.password_file();
  if (!password_file.empty()) {
    options.fresh_proxy_password =
        config::FreshSecret(password_file, &ReadPassword);
    OPCON_SNOW_ASSIGN_OR_RETURN(options.proxy_password,
                                ReadPassword(password_file));
  }
  options.connect_timeout = bounds.connect_timeout;
  // Waiting for the answer counts as stalling, so this must not end a request
  // before its own timeout does.
  options.low_speed_time = std::max(
      options.low_speed_time,
      absl::Ceil(bounds.call_timeout, absl::Seconds(1)) + absl::Seconds(5));
  options.allow_http = allow_http;
  return options;
}

}  // namespace opcon_snow::http
