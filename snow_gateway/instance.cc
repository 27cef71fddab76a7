#include "snow_gateway/instance.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "snow_gateway/errors.h"

namespace opcon_snow::snow {
namespace {

// What is held in memory of files on their way, of all calls together.
constexpr std::int64_t kUploadBudget = std::int64_t{32} << 20;

RestClientOptions ClientOptions(const InstanceSettings& settings) {
  RestClientOptions options{settings.name, settings.base_url,
                            settings.call_timeout, settings.max_response_bytes,
                            settings.limiter};
  return options;
}

AuthenticatorContext LoginContext(const InstanceSettings& settings,
                                  async::EventLoop* loop,
                                  std::shared_ptr<http::Transport> transport,
                                  const Clock* clock) {
  AuthenticatorContext context{
      settings.name, settings.base_url,    loop,
      clock,         std::move(transport), settings.call_timeout};
  return context;
}

}  // namespace

Instance::Instance(InstanceSettings settings, async::EventLoop* loop,
                   std::shared_ptr<http::Transport> transport,
                   const Clock* clock)
    : settings_(std::move(settings)),
      clock_(clock),
      client_(ClientOptions(settings_), loop, transport,
              MakeAuthenticator(LoginContext(settings_, loop, transport, clock),
                                settings_.credentials),
              clock),
      records_(&client_, settings_.name, settings_.paths),
      upload_budget_(kUploadBudget) {}

::servicenow::v1::Instance Instance::Describe(bool is_default) const {
  ::servicenow::v1::Instance instance;
  instance.set_name(settings_.name);
  instance.set_is_default(is_default);
  instance.set_base_url(settings_.base_url.text());
  instance.set_integration_user(settings_.integration_user);
  *instance.mutable_health() = client_.state().health();
  *instance.mutable_rate_limit() =
      client_.state().RateLimit(clock_->Now(), client_.loop().MonotonicNow());
  return instance;
}

InstanceRegistry::InstanceRegistry(
    std::vector<std::shared_ptr<Instance>> instances, std::string default_name)
    : instances_(std::move(instances)),
      default_name_(std::move(default_name)) {}

absl::StatusOr<std::shared_ptr<Instance>> InstanceRegistry::Find(
    absl::string_view name) const {
  const absl::string_view wanted = name.empty() ? default_name_ : name;
  std::vector<std::string> known;
  for (const std::shared_ptr<Instance>& instance : instances_) {
    if (instance->settings().name == wanted) return instance;
    known.push_back(instance->settings().name);
  }
  ErrorDetails details;
  details.metadata["instance"] = std::string(wanted);
  details.metadata["known"] = absl::StrJoin(known, ",");
  return GatewayError(
      ::servicenow::v1::ERROR_REASON_UNKNOWN_INSTANCE,
      absl::StrCat("no ServiceNow instance \"", wanted,
                   "\" is configured; known: ", absl::StrJoin(known, ", ")),
      std::move(details));
}

}  // namespace opcon_snow::snow
