#include "opcon_gateway/instance.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/validate.h"
#include "common/http/upstream_config.h"
#include "common/http/upstream_metrics.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/login_authenticator.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;
using ::config::v1::OpConInstance;

constexpr absl::Duration kDefaultCallTimeout = absl::Seconds(30);
constexpr std::int64_t kDefaultJobLogBytes = std::int64_t{64} << 20;

PollIntervals PollingOf(const OpConInstance& config) {
  PollIntervals intervals;
  const ::config::v1::OpConPolling& polling = config.polling();
  if (polling.has_initial_interval()) {
    intervals.first = config::ToDuration(polling.initial_interval());
  }
  if (polling.has_max_interval()) {
    intervals.longest = config::ToDuration(polling.max_interval());
  }
  return intervals;
}

JobLogOptions JobLogOptionsOf(const OpConInstance& config) {
  JobLogOptions options;
  options.polling = PollingOf(config);
  options.max_log_bytes = static_cast<std::size_t>(
      config.max_job_log_bytes() > 0 ? config.max_job_log_bytes()
                                     : kDefaultJobLogBytes);
  return options;
}

absl::StatusOr<std::shared_ptr<Authenticator>> MakeAuthenticator(
    const OpConInstance& config, const http::BaseUrl& base_url,
    absl::Duration call_timeout, const InstanceParts& parts,
    std::shared_ptr<http::Transport> transport,
    std::shared_ptr<http::Limiter> limiter) {
  if (!config.has_login()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        std::shared_ptr<Authenticator> authenticator,
        TokenFileAuthenticator::Create(config.name(), config.token_file(),
                                       parts.read_token));
    return authenticator;
  }
  LoginOptions options;
  options.instance = config.name();
  options.username = config.login().username();
  options.password_file = config.login().password_file();
  options.timeout = call_timeout;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::shared_ptr<Authenticator> authenticator,
      LoginAuthenticator::Create(std::move(options), base_url, parts.loop,
                                 std::move(transport), std::move(limiter)));
  return authenticator;
}

// The base URL and the further addresses.
absl::StatusOr<std::vector<http::BaseUrl>> AddressesOf(
    const OpConInstance& config) {
  std::vector<http::BaseUrl> addresses;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      http::BaseUrl base_url,
      http::BaseUrl::Parse(config.base_url(), config.allow_plain_http()));
  addresses.push_back(std::move(base_url));
  for (const std::string& text : config.failover_urls()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        http::BaseUrl url,
        http::BaseUrl::Parse(text, config.allow_plain_http()));
    addresses.push_back(std::move(url));
  }
  return addresses;
}

SiteZone SiteZoneOf(const OpConInstance& config) {
  absl::TimeZone zone;
  if (config.time_zone().empty()) return std::nullopt;
  if (!absl::LoadTimeZone(config.time_zone(), &zone)) return std::nullopt;
  return zone;
}

}  // namespace

struct Instance::Wiring {
  OpConInstance config;
  http::BaseUrl base_url;
  http::UpstreamBounds bounds;
  InstanceParts parts;
  std::shared_ptr<http::FailoverTransport> transport;
  std::shared_ptr<http::Limiter> limiter;
  std::shared_ptr<Authenticator> authenticator;

  RestOptions rest_options() const {
    RestOptions options;
    options.instance = config.name();
    options.call_timeout = bounds.call_timeout;
    options.max_response_bytes = bounds.max_response_bytes;
    options.site_zone = SiteZoneOf(config);
    return options;
  }
  std::string public_address() const {
    if (!config.public_address().empty()) return config.public_address();
    return absl::StrCat(base_url.host(), ":", base_url.port());
  }
};

Instance::Instance(Wiring wiring)
    : name_(wiring.config.name()),
      transport_(wiring.transport),
      public_address_(wiring.public_address()),
      default_deadline_(2 * wiring.bounds.call_timeout),
      health_(wiring.parts.clock),
      rest_(wiring.rest_options(), wiring.base_url, wiring.parts.loop,
            wiring.parts.clock, wiring.transport, wiring.limiter,
            wiring.authenticator, &health_),
      jobs_(&rest_),
      tickets_(&rest_, &jobs_),
      documentation_(&rest_, &jobs_),
      logs_(JobLogOptionsOf(wiring.config), &rest_, &jobs_),
      actions_(PollingOf(wiring.config), &rest_, &jobs_),
      job_list_(&rest_, &jobs_),
      schedules_(PollingOf(wiring.config), &rest_),
      machines_(&rest_) {}

absl::StatusOr<std::shared_ptr<Instance>> Instance::Create(
    const OpConInstance& config, const InstanceParts& parts) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::vector<http::BaseUrl> addresses,
                              AddressesOf(config));
  http::BaseUrl base_url = addresses.front();
  http::UpstreamBounds bounds =
      http::UpstreamBoundsFrom(config.limits(), kDefaultCallTimeout);
  bounds.limiter.metrics = http::LimiterMetricsOf("opcon", config.name());
  OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<http::Transport> direct,
                              parts.make_transport(config));
  const auto transport = std::make_shared<http::FailoverTransport>(
      config.name(), std::move(addresses), parts.loop, std::move(direct));
  const auto limiter =
      std::make_shared<http::Limiter>(parts.loop, bounds.limiter);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::shared_ptr<Authenticator> authenticator,
      MakeAuthenticator(config, base_url, bounds.call_timeout, parts, transport,
                        limiter));
  return std::shared_ptr<Instance>(
      new Instance({config, std::move(base_url), bounds, parts, transport,
                    limiter, std::move(authenticator)}));
}

v1::Instance Instance::Describe() const {
  v1::Instance description;
  description.set_name(name_);
  description.set_base_url(transport_->current().text());
  description.set_public_address(public_address_);
  *description.mutable_health() = health_.health();
  return description;
}

absl::StatusOr<std::shared_ptr<const InstanceSet>> InstanceSet::Create(
    const ::config::v1::OpConGatewayConfig& config,
    const InstanceParts& parts) {
  auto set = std::make_shared<InstanceSet>();
  absl::Status failed;  // all that are
  for (const OpConInstance& instance : config.instances()) {
    absl::StatusOr<std::shared_ptr<Instance>> made =
        Instance::Create(instance, parts);
    if (made.ok()) {
      set->all_.push_back(*std::move(made));
      continue;
    }
    const absl::Status told =
        WithContext(made.status(),
                    absl::StrCat("OpCon instance \"", instance.name(), "\""));
    failed = failed.ok() ? told
                         : absl::Status(failed.code(),
                                        absl::StrCat(failed.message(), "\n",
                                                     told.message()));
  }
  OPCON_SNOW_RETURN_IF_ERROR(failed);
  set->default_name_ = config.default_instance_name();
  if (set->default_name_.empty() && !set->all_.empty()) {
    set->default_name_ = set->all_.front()->name();
  }
  return std::shared_ptr<const InstanceSet>(std::move(set));
}

absl::StatusOr<std::shared_ptr<Instance>> InstanceSet::Find(
    absl::string_view name) const {
  const absl::string_view wanted = name.empty() ? default_name_ : name;
  for (const std::shared_ptr<Instance>& instance : all_) {
    if (instance->name() == wanted) return instance;
  }
  const std::string known = absl::StrJoin(
      all_, ", ", [](std::string* out, const std::shared_ptr<Instance>& one) {
        absl::StrAppend(out, one->name());
      });
  ErrorDetails details;
  details.metadata["known"] = known;
  return OpConError(
      absl::StatusCode::kNotFound, v1::ERROR_REASON_UNKNOWN_INSTANCE,
      absl::StrCat("no OpCon instance \"", wanted,
                   "\" is configured in this gateway; it knows ", known),
      std::move(details));
}

}  // namespace opcon_snow::opcon
