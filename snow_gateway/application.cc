#include "snow_gateway/application.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/clock/clock.h"
#include "common/config/next_start.h"
#include "common/config/secret_file.h"
#include "common/http/curl_transport.h"
#include "common/http/traced_transport.h"
#include "common/http/upstream_config.h"
#include "common/http/upstream_metrics.h"
#include "common/http/url.h"
#include "common/incumbent/directory.h"
#include "common/log/log.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/server.h"
#include "common/rpc/server_config.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "snow_gateway/instance.h"
#include "snow_gateway/jwt.h"
#include "snow_gateway/service.h"

namespace opcon_snow::snow {
namespace {

using ::config::v1::ServiceNowInstance;
using ::config::v1::SnowGatewayConfig;

// A little more than ServiceNow's own limit of a transaction.
constexpr absl::Duration kDefaultCallTimeout = absl::Seconds(65);
constexpr std::int64_t kDefaultAttachmentBytes = std::int64_t{64} << 20;
// Each instance's own limit holds the numbers down; this only must not.
constexpr int kMaxConnectionsPerHost = 1000;
constexpr char kUpstream[] = "servicenow";

absl::StatusOr<FileSecret> ReadSecret(const std::string& file) {
  OPCON_SNOW_ASSIGN_OR_RETURN(config::Secret secret,
                              config::ReadSecretFile(file));
  return FileSecret{std::move(secret), file,
                    [file] { return config::ReadSecretFile(file); }};
}

// One that can sign.
absl::StatusOr<config::Secret> ReadSigningKey(const std::string& file) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      config::Secret pem, config::ReadSecretFile(file, {.multiline = true}));
  const absl::Status usable = JwtSigner::FromPem(pem.Reveal(), "").status();
  if (!usable.ok()) return WithContext(usable, file);
  return pem;
}

absl::StatusOr<Credentials> ReadCredentials(
    const ServiceNowInstance& config,
    const incumbent::ServiceNowLogins& logins) {
  switch (config.credentials_case()) {
    case ServiceNowInstance::kOauthClientCredentials: {
      const ::config::v1::OAuthClient& client =
          config.oauth_client_credentials();
      OPCON_SNOW_ASSIGN_OR_RETURN(FileSecret secret,
                                  ReadSecret(client.client_secret_file()));
      return OAuthClientCredentials{client.client_id(), std::move(secret)};
    }
    case ServiceNowInstance::kOauthJwt: {
      const ::config::v1::OAuthJwt& login = config.oauth_jwt();
      OPCON_SNOW_ASSIGN_OR_RETURN(
          FileSecret secret, ReadSecret(login.client().client_secret_file()));
      const std::string& file = login.key_file();
      OPCON_SNOW_ASSIGN_OR_RETURN(config::Secret key, ReadSigningKey(file));
      return OAuthJwtCredentials{
          login.client().client_id(), std::move(secret),
          FileSecret{std::move(key), file,
                     [file] { return ReadSigningKey(file); }},
          login.key_id(), login.subject()};
    }
    case ServiceNowInstance::kOauthPassword: {
      const ::config::v1::OAuthPassword& login = config.oauth_password();
      OPCON_SNOW_ASSIGN_OR_RETURN(
          FileSecret secret, ReadSecret(login.client().client_secret_file()));
      OPCON_SNOW_ASSIGN_OR_RETURN(FileSecret password,
                                  ReadSecret(login.password_file()));
      return OAuthPasswordCredentials{login.client().client_id(),
                                      std::move(secret), login.username(),
                                      std::move(password)};
    }
    case ServiceNowInstance::kApiKeyFile: {
      OPCON_SNOW_ASSIGN_OR_RETURN(FileSecret key,
                                  ReadSecret(config.api_key_file()));
      return ApiKeyCredentials{std::move(key)};
    }
    case ServiceNowInstance::kCertificate:
      return CertificateCredentials{config.tls().certificate_file()};
    case ServiceNowInstance::kBasic: {
      const std::string& file = config.basic().password_file();
      const auto known = logins.passwords.find(config.name());
      if (known != logins.passwords.end()) {
        return BasicCredentials{
            config.basic().username(),
            FileSecret{known->second, file,
                       [file] { return incumbent::ReadPassword(file); }}};
      }
      OPCON_SNOW_ASSIGN_OR_RETURN(FileSecret password, ReadSecret(file));
      return BasicCredentials{config.basic().username(), std::move(password)};
    }
    default:
      return absl::InvalidArgumentError("no credentials are configured");
  }
}

void TakeTables(const ServiceNowInstance& config, InstanceSettings* settings) {
  const ::config::v1::ApiPaths& paths = config.paths();
  if (!config.incident_table().empty()) {
    settings->incident_table = config.incident_table();
  }
  settings->create_table = paths.create_table().empty()
                               ? settings->incident_table
                               : paths.create_table();
  if (!paths.table().empty()) settings->paths.table = paths.table();
  settings->paths.create =
      paths.create().empty() ? settings->paths.table : paths.create();
  if (!paths.attachment().empty()) {
    settings->paths.attachment = paths.attachment();
  }
}

// What the paths of ServiceNow's APIs consist of beside values.
std::vector<absl::string_view> PathWords() {
  return {"api",    "now",      "v1",         "v2",   "table",
          "import", "incident", "attachment", "file", "oauth_token.do"};
}

absl::StatusOr<std::shared_ptr<Instance>> MakeInstance(
    http::CurlLoop* loop, const ServiceNowInstance& config,
    const incumbent::ServiceNowLogins& logins) {
  const http::UpstreamBounds bounds =
      http::UpstreamBoundsFrom(config.limits(), kDefaultCallTimeout);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      http::BaseUrl base_url,
      http::BaseUrl::Parse(config.base_url(), config.allow_plain_http()));
  OPCON_SNOW_ASSIGN_OR_RETURN(Credentials credentials,
                              ReadCredentials(config, logins));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      http::CurlTransportOptions options,
      http::TransportOptionsFrom(config.tls(), config.proxy(), bounds,
                                 config.allow_plain_http()));
  options.user_agent = "opcon-snow-snow-gateway";
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::shared_ptr<http::Transport> curl,
      http::CurlTransport::Create(loop, std::move(options)));
  std::shared_ptr<http::Transport> transport = http::MeasuredTransport(
      kUpstream, config.name(),
      std::make_shared<http::TracedTransport>(std::move(curl), PathWords()));
  if (!base_url.is_https() && !base_url.is_loopback()) {
    log::Warning("servicenow.plain_http",
                 {{"instance", config.name()},
                  {"base_url", base_url.text()},
                  {"advice", "credentials travel in clear: use https://"}});
  }

  InstanceSettings settings{config.name(), std::move(base_url),
                            std::move(credentials)};
  TakeTables(config, &settings);
  settings.fallback_assignment_group = config.fallback_assignment_group();
  settings.default_close_code = config.default_close_code();
  settings.default_close_notes = config.default_close_notes();
  const auto& blocked = config.attachments().blocked_endings();
  if (!blocked.empty()) {
    settings.file_names.blocked_endings = {blocked.begin(), blocked.end()};
  }
  settings.integration_user = config.integration_user();
  settings.call_timeout = bounds.call_timeout;
  settings.max_response_bytes = bounds.max_response_bytes;
  settings.limiter = bounds.limiter;
  settings.limiter.metrics = http::LimiterMetricsOf(kUpstream, config.name());
  settings.max_attachment_bytes = config.max_attachment_bytes() > 0
                                      ? config.max_attachment_bytes()
                                      : kDefaultAttachmentBytes;
  return std::make_shared<Instance>(std::move(settings), loop,
                                    std::move(transport), RealClock::Get());
}

absl::StatusOr<std::shared_ptr<InstanceRegistry>> MakeRegistry(
    http::CurlLoop* loop, const SnowGatewayConfig& written) {
  config::Faults faults;
  incumbent::ServiceNowLogins logins;
  const SnowGatewayConfig config =
      incumbent::WithIncumbent(written, &logins, &faults);
  if (!faults.empty()) return absl::InvalidArgumentError(faults.Format());
  for (const auto& [name, password] : logins.passwords) {
    log::Warning("servicenow.readable_password",
                 {{"instance", name},
                  {"advice",
                   "the password can be read in the incumbent's template by "
                   "everybody who can read the file: keep others from it, or "
                   "give the instance another login in this configuration"}});
  }
  std::vector<std::shared_ptr<Instance>> instances;
  absl::Status failed;  // all that are
  for (const ServiceNowInstance& entry : config.instances()) {
    absl::StatusOr<std::shared_ptr<Instance>> instance =
        MakeInstance(loop, entry, logins);
    if (instance.ok()) {
      instances.push_back(*std::move(instance));
      continue;
    }
    const absl::Status told =
        WithContext(instance.status(), absl::StrCat("instance ", entry.name()));
    failed = failed.ok() ? told
                         : absl::Status(failed.code(),
                                        absl::StrCat(failed.message(), "\n",
                                                     told.message()));
  }
  OPCON_SNOW_RETURN_IF_ERROR(failed);
  const std::string default_name = config.default_instance_name().empty()
                                       ? config.instances(0).name()
                                       : config.default_instance_name();
  return std::make_shared<InstanceRegistry>(std::move(instances), default_name);
}

class GatewayApplication final : public config::Application {
 public:
  static absl::StatusOr<std::unique_ptr<config::Application>> Create(
      const SnowGatewayConfig& config) {
    std::unique_ptr<GatewayApplication> application(
        new GatewayApplication(config));
    OPCON_SNOW_RETURN_IF_ERROR(application->Build());
    return std::unique_ptr<config::Application>(std::move(application));
  }

  ~GatewayApplication() override {
    const absl::Status stopped = Stop();
    if (!stopped.ok()) log::Error("snow_gateway.stop", {{"error", stopped}});
  }

  absl::StatusOr<std::map<std::string, int>> Start() override {
    OPCON_SNOW_RETURN_IF_ERROR(server_->Start());
    log::Info("snow_gateway.serving", {{"address", server_->address()}});
    std::map<std::string, int> ports = {{"grpc", server_->port()}};
    if (metrics_ != nullptr) {
      OPCON_SNOW_RETURN_IF_ERROR(metrics_->Start());
      ports["metrics"] = metrics_->port();
    }
    return ports;
  }

  absl::Status Reload(const google::protobuf::Message& message) override {
    const auto& config = static_cast<const SnowGatewayConfig&>(message);
    OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<InstanceRegistry> registry,
                                MakeRegistry(loop_.get(), config));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        const rpc::ListenerReload listener,
        rpc::PrepareReload(config.listener(), config_.listener(), authorizer_,
                           *server_));
    std::vector<absl::string_view> taken = listener.TakenWith(
        {"instances", "default_instance_name", "incumbent_directory"});
    if (metrics_ != nullptr) {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::vector<absl::string_view> also,
          metrics_->Reload(config.telemetry(), config_.telemetry()));
      taken.insert(taken.end(), also.begin(), also.end());
    }
    OPCON_SNOW_RETURN_IF_ERROR(service_->Replace(std::move(registry)));
    listener.take();
    config::TellNextStart(config_, config, taken);
    return absl::OkStatus();
  }

  absl::Status Stop() override {
    if (server_ == nullptr) return absl::OkStatus();
    OPCON_SNOW_RETURN_IF_ERROR(server_->Stop());
    loop_->Stop();
    // Until now it could be watched how it stops.
    return metrics_ == nullptr ? absl::OkStatus() : metrics_->Stop();
  }

 private:
  explicit GatewayApplication(const SnowGatewayConfig& config)
      : config_(config) {}

  absl::Status Build() {
    http::CurlLoopOptions loop_options;
    loop_options.max_connections_per_host = kMaxConnectionsPerHost;
    OPCON_SNOW_ASSIGN_OR_RETURN(loop_, http::CurlLoop::Create(loop_options));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<InstanceRegistry> registry,
                                MakeRegistry(loop_.get(), config_));
    service_ =
        std::make_unique<Service>(loop_.get(), std::move(registry),
                                  rpc::MaxConcurrentCalls(config_.listener()));
    OPCON_SNOW_ASSIGN_OR_RETURN(authorizer_,
                                rpc::AuthorizerOf(config_.listener()));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        server_, rpc::CreateServer(config_.listener(), {service_->served()},
                                   authorizer_));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        metrics_, metrics::MetricsServer::Create(
                      config_.telemetry(), {.domain = "servicenow-gateway"}));
    return absl::OkStatus();
  }

  // What the process started with.
  const SnowGatewayConfig config_;
  // In the order of construction; destroyed in reverse.
  std::unique_ptr<http::CurlLoop> loop_;
  std::unique_ptr<Service> service_;
  std::shared_ptr<auth::Authorizer> authorizer_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<metrics::MetricsServer> metrics_;  // null unless configured
};

}  // namespace

absl::StatusOr<std::unique_ptr<config::Application>> MakeApplication(
    const SnowGatewayConfig& config) {
  return GatewayApplication::Create(config);
}

}  // namespace opcon_snow::snow
