#include "opcon_gateway/application.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
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
#include "common/status/status_macros.h"
#include "opcon_gateway/instance.h"
#include "opcon_gateway/service.h"

namespace opcon_snow::opcon {
namespace {

using ::config::v1::OpConGatewayConfig;
using ::config::v1::OpConInstance;

// Each instance's own limit holds the numbers down; this only must not.
constexpr int kMaxConnectionsPerHost = 1000;
constexpr char kUpstream[] = "opcon";

// What the paths of OpCon's API consist of beside values.
std::vector<absl::string_view> PathWords() {
  return {"api",
          "dailyjobs",
          "dailyschedules",
          "documentation",
          "incidentTickets",
          "jobactions",
          "jobhistories",
          "jobinstanceactions",
          "machines",
          "properties",
          "scheduleactions",
          "schedulebuilds",
          "tokens",
          "version"};
}

absl::StatusOr<std::shared_ptr<http::Transport>> MakeTransport(
    http::CurlLoop* loop, const OpConInstance& config) {
  const http::UpstreamBounds bounds =
      http::UpstreamBoundsFrom(config.limits(), absl::Seconds(30));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      http::CurlTransportOptions options,
      http::TransportOptionsFrom(config.tls(), config.proxy(), bounds,
                                 config.allow_plain_http()));
  options.user_agent = "opcon-snow-opcon-gateway";
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::shared_ptr<http::Transport> transport,
      http::CurlTransport::Create(loop, std::move(options)));
  return http::MeasuredTransport(kUpstream, config.name(),
                                 std::make_shared<http::TracedTransport>(
                                     std::move(transport), PathWords()));
}

void WarnOfPlainHttp(const OpConGatewayConfig& config) {
  for (const OpConInstance& instance : config.instances()) {
    const absl::StatusOr<http::BaseUrl> url =
        http::BaseUrl::Parse(instance.base_url(), instance.allow_plain_http());
    if (url.ok() && !url->is_https() && !url->is_loopback()) {
      log::Warning("opcon.plain_http",
                   {{"instance", instance.name()},
                    {"base_url", url->text()},
                    {"advice", "credentials travel in clear: use https://"}});
    }
  }
}

class GatewayApplication final : public config::Application {
 public:
  static absl::StatusOr<std::unique_ptr<config::Application>> Create(
      const OpConGatewayConfig& config) {
    std::unique_ptr<GatewayApplication> application(
        new GatewayApplication(config));
    OPCON_SNOW_RETURN_IF_ERROR(application->Build());
    return std::unique_ptr<config::Application>(std::move(application));
  }

  ~GatewayApplication() override {
    const absl::Status stopped = Stop();
    if (!stopped.ok()) log::Error("opcon_gateway.stop", {{"error", stopped}});
  }

  absl::StatusOr<std::map<std::string, int>> Start() override {
    OPCON_SNOW_RETURN_IF_ERROR(server_->Start());
    log::Info("opcon_gateway.serving", {{"address", server_->address()}});
    std::map<std::string, int> ports = {{"grpc", server_->port()}};
    if (metrics_ != nullptr) {
      OPCON_SNOW_RETURN_IF_ERROR(metrics_->Start());
      ports["metrics"] = metrics_->port();
    }
    return ports;
  }

  absl::Status Reload(const google::protobuf::Message& message) override {
    const auto& config = static_cast<const OpConGatewayConfig&>(message);
    OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<const InstanceSet> instances,
                                MakeInstances(config));
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
    service_->Replace(std::move(instances));
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
  explicit GatewayApplication(const OpConGatewayConfig& config)
      : config_(config) {}

  absl::Status Build() {
    http::CurlLoopOptions loop_options;
    loop_options.max_connections_per_host = kMaxConnectionsPerHost;
    OPCON_SNOW_ASSIGN_OR_RETURN(loop_, http::CurlLoop::Create(loop_options));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<const InstanceSet> instances,
                                MakeInstances(config_));
    service_ = std::make_unique<OpConGatewayService>(
        loop_.get(), std::move(instances),
        rpc::MaxConcurrentCalls(config_.listener()));
    OPCON_SNOW_ASSIGN_OR_RETURN(authorizer_,
                                rpc::AuthorizerOf(config_.listener()));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        server_, rpc::CreateServer(config_.listener(), {service_->served()},
                                   authorizer_));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        metrics_, metrics::MetricsServer::Create(config_.telemetry(),
                                                 {.domain = "opcon-gateway"}));
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const InstanceSet>> MakeInstances(
      const OpConGatewayConfig& config) {
    config::Faults faults;
    std::string connector_file;
    const OpConGatewayConfig complete =
        incumbent::WithIncumbent(config, &connector_file, &faults);
    if (!faults.empty()) return absl::InvalidArgumentError(faults.Format());
    InstanceParts parts = Parts();
    if (!connector_file.empty()) {
      log::Warning("opcon.readable_token",
                   {{"file", connector_file},
                    {"advice",
                     "the token can be read there by everybody who can read "
                     "the file: keep others from it, or move the token to a "
                     "token_file"}});
      parts.read_token = [connector_file](const std::string& file) {
        return file == connector_file ? incumbent::ReadToken(file)
                                      : config::ReadSecretFile(file);
      };
    }
    WarnOfPlainHttp(complete);
    return InstanceSet::Create(complete, parts);
  }

  InstanceParts Parts() {
    InstanceParts parts;
    parts.loop = loop_.get();
    parts.clock = RealClock::Get();
    parts.make_transport = [loop = loop_.get()](const OpConInstance& config) {
      return MakeTransport(loop, config);
    };
    return parts;
  }

  // What the process started with.
  const OpConGatewayConfig config_;
  // In the order of construction; destroyed in reverse.
  std::unique_ptr<http::CurlLoop> loop_;
  std::unique_ptr<OpConGatewayService> service_;
  std::shared_ptr<auth::Authorizer> authorizer_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<metrics::MetricsServer> metrics_;  // null unless configured
};

}  // namespace

absl::StatusOr<std::unique_ptr<config::Application>> MakeApplication(
    const OpConGatewayConfig& config) {
  return GatewayApplication::Create(config);
}

}  // namespace opcon_snow::opcon
