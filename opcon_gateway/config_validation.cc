#include "opcon_gateway/config_validation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/validate.h"
#include "common/http/upstream_config.h"
#include "common/http/url.h"
#include "common/incumbent/directory.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/address.h"
#include "common/rpc/server_config.h"

namespace opcon_snow::opcon {
namespace {

using config::FieldPath;
using ::config::v1::OpConInstance;

constexpr std::size_t kMaxNameLength = 63;
constexpr int kMaxFailoverUrls = 7;

bool IsInstanceName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength ||
      !absl::ascii_islower(static_cast<unsigned char>(name.front()))) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '-';
  });
}

void ValidateName(const OpConInstance& instance, const std::string& field,
                  std::set<std::string>* names, config::Faults* faults) {
  const std::string path = FieldPath(field, "name");
  if (instance.name().empty()) {
    faults->Add(path, "is required");
    return;
  }
  if (!IsInstanceName(instance.name())) {
    faults->Add(path,
                "must be 1 to 63 lower-case letters, digits and \"-\", "
                "beginning with a letter");
  }
  if (!names->insert(instance.name()).second) {
    faults->Add(path, absl::StrCat("two instances are named \"",
                                   instance.name(), "\""));
  }
}

void ValidateUrl(const std::string& path, const std::string& text,
                 bool allow_plain_http, config::Faults* faults) {
  const absl::StatusOr<http::BaseUrl> url =
      http::BaseUrl::Parse(text, allow_plain_http);
  if (!url.ok()) {
    faults->Add(path, absl::string_view(url.status().message()));
  } else if (absl::EqualsIgnoreCase(
                 url->text().substr(url->text().rfind('/') + 1), "api")) {
    faults->Add(path, "is to be given without /api, which is added");
  }
}

void ValidateFailover(const OpConInstance& instance, const std::string& field,
                      config::Faults* faults) {
  const std::string path = FieldPath(field, "failover_urls");
  if (instance.failover_urls_size() > kMaxFailoverUrls) {
    faults->Add(path, absl::StrCat("has ", instance.failover_urls_size(),
                                   " addresses; at most ", kMaxFailoverUrls,
                                   " are allowed"));
    return;
  }
  std::set<std::string> seen = {instance.base_url()};
  for (int i = 0; i < instance.failover_urls_size(); ++i) {
    const std::string& url = instance.failover_urls(i);
    ValidateUrl(FieldPath(path, i), url, instance.allow_plain_http(), faults);
    if (!seen.insert(url).second) {
      faults->Add(FieldPath(path, i), "is given twice");
    }
  }
}

void ValidateAddresses(const OpConInstance& instance, const std::string& field,
                       config::Faults* faults) {
  const std::string path = FieldPath(field, "base_url");
  config::CheckRequired(path, instance.base_url(), faults);
  if (!instance.base_url().empty()) {
    ValidateUrl(path, instance.base_url(), instance.allow_plain_http(), faults);
  }
  ValidateFailover(instance, field, faults);
  if (instance.public_address().empty()) return;
  const auto address = rpc::ParseHostPort(instance.public_address());
  if (!address.ok()) {
    faults->Add(FieldPath(field, "public_address"),
                absl::string_view(address.status().message()));
  }
}

void ValidateCredentials(const OpConInstance& instance,
                         const std::string& field, config::Faults* faults) {
  if (instance.token_file().empty() && !instance.has_login()) {
    faults->Add(field, "needs credentials: give token_file or login");
  }
  if (!instance.token_file().empty() && instance.has_login()) {
    faults->Add(field,
                "has both token_file and login; which is meant? Give one");
  }
  if (instance.has_login()) {
    const std::string login = FieldPath(field, "login");
    config::CheckRequired(FieldPath(login, "username"),
                          instance.login().username(), faults);
    config::CheckRequired(FieldPath(login, "password_file"),
                          instance.login().password_file(), faults);
  }
}

void ValidatePolling(const ::config::v1::OpConPolling& polling,
                     const std::string& field, config::Faults* faults) {
  if (polling.has_initial_interval()) {
    config::CheckRange(FieldPath(field, "initial_interval"),
                       polling.initial_interval(), absl::Milliseconds(10),
                       absl::Minutes(1), faults);
  }
  if (polling.has_max_interval()) {
    config::CheckRange(FieldPath(field, "max_interval"), polling.max_interval(),
                       absl::Milliseconds(10), absl::Minutes(5), faults);
  }
  const absl::Duration first =
      polling.has_initial_interval()
          ? config::ToDuration(polling.initial_interval())
          : absl::Milliseconds(200);
  const absl::Duration longest =
      polling.has_max_interval() ? config::ToDuration(polling.max_interval())
                                 : absl::Seconds(3);
  if (first > longest) {
    faults->Add(field,
                absl::StrCat("initial_interval (", absl::FormatDuration(first),
                             ") is longer than max_interval (",
                             absl::FormatDuration(longest), ")"));
  }
}

void ValidateInstance(const OpConInstance& instance, const std::string& field,
                      config::Faults* faults) {
  ValidateAddresses(instance, field, faults);
  ValidateCredentials(instance, field, faults);
  http::ValidateClientTls(instance.tls(), FieldPath(field, "tls"), faults);
  if (instance.has_proxy()) {
    http::ValidateProxy(instance.proxy(), FieldPath(field, "proxy"), faults);
  }
  http::ValidateUpstreamLimits(instance.limits(), FieldPath(field, "limits"),
                               faults);
  ValidatePolling(instance.polling(), FieldPath(field, "polling"), faults);
  absl::TimeZone zone;
  if (!instance.time_zone().empty() &&
      !absl::LoadTimeZone(instance.time_zone(), &zone)) {
    faults->Add(FieldPath(field, "time_zone"),
                "is no time zone of this machine's database: give a name such "
                "as America/Chicago");
  }
  config::CheckRange(FieldPath(field, "max_job_log_bytes"),
                     instance.max_job_log_bytes(), 1, std::int64_t{1} << 30,
                     faults);
}

}  // namespace

void ValidateConfig(const ::config::v1::OpConGatewayConfig& written,
                    config::Faults* faults) {
  std::string connector_file;
  const ::config::v1::OpConGatewayConfig config =
      incumbent::WithIncumbent(written, &connector_file, faults);
  rpc::ValidateListener(config.listener(), "listener", faults);
  metrics::ValidateMetricsListener(config.telemetry(), "telemetry", faults);
  if (config.instances().empty()) {
    faults->Add("instances",
                "at least one OpCon instance is required, here or in "
                "incumbent_directory");
  }
  std::set<std::string> names;
  for (int i = 0; i < config.instances_size(); ++i) {
    const std::string field = FieldPath("instances", i);
    ValidateName(config.instances(i), field, &names, faults);
    ValidateInstance(config.instances(i), field, faults);
  }
  const std::string& wanted = config.default_instance_name();
  if (!wanted.empty() && names.count(wanted) == 0) {
    faults->Add("default_instance_name",
                absl::StrCat("no instance is named \"", wanted, "\""));
  }
}

}  // namespace opcon_snow::opcon
