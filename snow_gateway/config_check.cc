#include "snow_gateway/config_check.h"

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
#include "common/config/validate.h"
#include "common/http/upstream_config.h"
#include "common/http/url.h"
#include "common/incumbent/directory.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/server_config.h"
#include "snow_gateway/query_syntax.h"

namespace opcon_snow::snow {
namespace {

using config::FieldPath;
using ::config::v1::ServiceNowInstance;

constexpr std::size_t kMaxNameLength = 63;

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

void CheckName(const ServiceNowInstance& instance, const std::string& field,
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

void CheckAddress(const ServiceNowInstance& instance, const std::string& field,
                  config::Faults* faults) {
  const std::string path = FieldPath(field, "base_url");
  config::CheckRequired(path, instance.base_url(), faults);
  if (instance.base_url().empty()) return;
  const absl::StatusOr<http::BaseUrl> url =
      http::BaseUrl::Parse(instance.base_url(), instance.allow_plain_http());
  if (!url.ok()) {
    faults->Add(path, absl::string_view(url.status().message()));
    return;
  }
  const std::size_t host = url->text().find("://") + 3;
  if (url->text().find('/', host) != std::string::npos) {
    faults->Add(path, "is to be given without a path: https://host[:port]");
  }
}

void CheckClient(const ::config::v1::OAuthClient& client,
                 const std::string& field, config::Faults* faults) {
  config::CheckRequired(FieldPath(field, "client_id"), client.client_id(),
                        faults);
  config::CheckRequired(FieldPath(field, "client_secret_file"),
                        client.client_secret_file(), faults);
}

void CheckCredentials(const ServiceNowInstance& instance,
                      const std::string& field, config::Faults* faults) {
  switch (instance.credentials_case()) {
    case ServiceNowInstance::kOauthClientCredentials:
      CheckClient(instance.oauth_client_credentials(),
                  FieldPath(field, "oauth_client_credentials"), faults);
      return;
    case ServiceNowInstance::kOauthPassword: {
      const std::string path = FieldPath(field, "oauth_password");
      CheckClient(instance.oauth_password().client(), FieldPath(path, "client"),
                  faults);
      config::CheckRequired(FieldPath(path, "username"),
                            instance.oauth_password().username(), faults);
      config::CheckRequired(FieldPath(path, "password_file"),
                            instance.oauth_password().password_file(), faults);
      return;
    }
    case ServiceNowInstance::kOauthJwt: {
      const std::string path = FieldPath(field, "oauth_jwt");
      CheckClient(instance.oauth_jwt().client(), FieldPath(path, "client"),
                  faults);
      config::CheckRequired(FieldPath(path, "key_file"),
                            instance.oauth_jwt().key_file(), faults);
      config::CheckRequired(FieldPath(path, "key_id"),
                            instance.oauth_jwt().key_id(), faults);
      config::CheckRequired(FieldPath(path, "subject"),
                            instance.oauth_jwt().subject(), faults);
      return;
    }
    case ServiceNowInstance::kCertificate:
      if (instance.tls().certificate_file().empty()) {
        faults->Add(FieldPath(field, "certificate"),
                    "needs tls.certificate_file and tls.key_file");
      }
      return;
    case ServiceNowInstance::kApiKeyFile:
      config::CheckRequired(FieldPath(field, "api_key_file"),
                            instance.api_key_file(), faults);
      return;
    case ServiceNowInstance::kBasic: {
      const std::string path = FieldPath(field, "basic");
      config::CheckRequired(FieldPath(path, "username"),
                            instance.basic().username(), faults);
      config::CheckRequired(FieldPath(path, "password_file"),
                            instance.basic().password_file(), faults);
      if (instance.basic().username().find(':') != std::string::npos) {
        faults->Add(FieldPath(path, "username"),
                    "must not contain \":\", which Basic authentication "
                    "cannot carry");
      }
      return;
    }
    case ServiceNowInstance::CREDENTIALS_NOT_SET:
      faults->Add(field,
                  "needs credentials: give oauth_client_credentials, "
                  "oauth_jwt, oauth_password, api_key_file, certificate or "
                  "basic");
      return;
  }
}

void CheckPath(const std::string& path, const std::string& field,
               config::Faults* faults) {
  if (path.empty()) return;
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("/-_.~", c);
  });
  if (path.front() != '/' || path.back() == '/' || !plain ||
      absl::StrContains(path, "//") || absl::StrContains(path, "/.")) {
    faults->Add(field,
                "must be a path such as /api/now/v2/table: beginning with "
                "\"/\", not ending with it, of letters, digits, \"/\", \"-\", "
                "\"_\", \".\" and \"~\"");
  }
}

void CheckTableName(const std::string& name, const std::string& field,
                    config::Faults* faults) {
  if (name.empty() || IsTableName(name)) return;
  faults->Add(field,
              "must be a table's name: lower-case letters, digits and \"_\"");
}

void CheckPaths(const ServiceNowInstance& instance, const std::string& field,
                config::Faults* faults) {
  CheckTableName(instance.incident_table(), FieldPath(field, "incident_table"),
                 faults);
  const std::string path = FieldPath(field, "paths");
  const ::config::v1::ApiPaths& paths = instance.paths();
  CheckTableName(paths.create_table(), FieldPath(path, "create_table"), faults);
  CheckPath(paths.table(), FieldPath(path, "table"), faults);
  CheckPath(paths.create(), FieldPath(path, "create"), faults);
  CheckPath(paths.attachment(), FieldPath(path, "attachment"), faults);
  if (absl::StrContains(paths.create(), "/now/import") &&
      paths.create_table().empty()) {
    faults->Add(FieldPath(path, "create_table"),
                "is required with an import set: the staging table");
  }
}

void CheckDefaults(const ServiceNowInstance& instance, const std::string& field,
                   config::Faults* faults) {
  if (!instance.fallback_assignment_group().empty()) {
    if (const auto fault =
            QueryValueFault(instance.fallback_assignment_group())) {
      faults->Add(FieldPath(field, "fallback_assignment_group"), *fault);
    }
  }
  if (instance.default_close_code().empty() !=
      instance.default_close_notes().empty()) {
    faults->Add(FieldPath(field, instance.default_close_code().empty()
                                     ? "default_close_code"
                                     : "default_close_notes"),
                "default_close_code and default_close_notes belong together: "
                "give both, or neither");
  }
  const auto& endings = instance.attachments().blocked_endings();
  for (int i = 0; i < endings.size(); ++i) {
    const std::string& ending = endings.Get(i);
    const bool none = ending == "-" && endings.size() == 1;
    const bool plain =
        !ending.empty() &&
        std::all_of(ending.begin(), ending.end(), [](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return absl::ascii_islower(byte) || absl::ascii_isdigit(byte);
        });
    if (!none && !plain) {
      faults->Add(absl::StrCat(field, ".attachments.blocked_endings[", i, "]"),
                  "must be lower-case letters and digits, without the dot");
    }
  }
}

void CheckInstance(const ServiceNowInstance& instance, const std::string& field,
                   config::Faults* faults) {
  CheckAddress(instance, field, faults);
  CheckCredentials(instance, field, faults);
  CheckPaths(instance, field, faults);
  CheckDefaults(instance, field, faults);
  http::ValidateClientTls(instance.tls(), FieldPath(field, "tls"), faults);
  if (instance.has_proxy()) {
    http::ValidateProxy(instance.proxy(), FieldPath(field, "proxy"), faults);
  }
  http::ValidateUpstreamLimits(instance.limits(), FieldPath(field, "limits"),
                               faults);
  config::CheckRange(FieldPath(field, "max_attachment_bytes"),
                     instance.max_attachment_bytes(), 1, std::int64_t{1} << 30,
                     faults);
}

}  // namespace

void CheckConfig(const ::config::v1::SnowGatewayConfig& written,
                 config::Faults* faults) {
  incumbent::ServiceNowLogins logins;
  const ::config::v1::SnowGatewayConfig config =
      incumbent::WithIncumbent(written, &logins, faults);
  rpc::ValidateListener(config.listener(), "listener", faults);
  metrics::ValidateMetricsListener(config.telemetry(), "telemetry", faults);
  if (config.instances().empty()) {
    faults->Add("instances",
                "at least one ServiceNow instance is required, here or in "
                "incumbent_directory");
  }
  std::set<std::string> names;
  for (int i = 0; i < config.instances_size(); ++i) {
    const std::string field = FieldPath("instances", i);
    CheckName(config.instances(i), field, &names, faults);
    CheckInstance(config.instances(i), field, faults);
  }
  const std::string& wanted = config.default_instance_name();
  if (!wanted.empty() && names.count(wanted) == 0) {
    faults->Add("default_instance_name",
                absl::StrCat("no instance is named \"", wanted, "\""));
  }
}

}  // namespace opcon_snow::snow
