#include "common/metrics/metrics_server.h"

#include <openssl/crypto.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/worker_pool.h"
#include "common/auth/bearer_token.h"
#include "common/config/fault.h"
#include "common/config/file_watch.h"
#include "common/config/validate.h"
#include "common/digest/sha256.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/rpc/address.h"
#include "common/rpc/server_config.h"
#include "common/rpc/tls_files.h"
#include "common/status/status_macros.h"
#include "common/web/http_server.h"
#include "common/web/message.h"
#include "common/web/problem.h"
#include "config/v1/common.pb.h"
#include "google/protobuf/util/message_differencer.h"

namespace opcon_snow::metrics {
namespace {

using ::config::v1::Telemetry;
using web::Answer;
using web::Fault;
using web::Request;

constexpr absl::Duration kDrain = absl::Seconds(1);
// A Prometheus or two, and probes.
constexpr int kMaxConnections = 20;
// Nobody sends one.
constexpr std::size_t kMaxBody = 1024;

// The path without the query, which nobody here looks at.
absl::string_view PathOf(const Request& request) {
  const absl::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

class Pages final : public web::Handler {
 public:
  Pages(MetricsServerOptions options, bool any_host)
      : options_(std::move(options)), any_host_(any_host), pool_(1) {}

  // Null: none need be shown.
  void SetToken(std::shared_ptr<const auth::BearerToken> token) {
    const std::lock_guard<std::mutex> lock(mutex_);
    token_ = std::move(token);
  }

  std::optional<Answer> Refuse(const Request& head) override {
    if (!any_host_ && !web::NamesLoopback(head)) {
      return Problem(Fault::kHost,
                     "the Host must be 127.0.0.1, [::1] or localhost");
    }
    const absl::string_view path = PathOf(head);
    if (path != "/metrics" && path != "/healthz") {
      return Problem(Fault::kPath, "there are only /metrics and /healthz");
    }
    if (head.method != "GET") {
      Answer answer = Problem(Fault::kMethod, "this path has only GET");
      answer.headers.emplace_back("Allow", "GET");
      return answer;
    }
    if (path == "/metrics" && !ShowsToken(head)) {
      refused_.Add();
      Answer answer = web::Problem(
          absl::UnauthenticatedError(
              "the request must show the token of metrics_token_file as "
              "authorization: Bearer"),
          options_.domain);
      answer.headers.emplace_back("WWW-Authenticate", "Bearer");
      return answer;
    }
    return std::nullopt;
  }

  void Handle(Request request, Done done) override {
    const bool metrics = PathOf(request) == "/metrics";
    pool_.Run([this, metrics, done = std::move(done)] {
      done(metrics ? Answer{.content_type = kContentType, .body = Expose()}
                   : Health());
    });
  }

 private:
  Answer Problem(Fault fault, absl::string_view detail) const {
    return web::Problem(fault, detail, options_.domain);
  }

  bool ShowsToken(const Request& head) const {
    std::shared_ptr<const auth::BearerToken> token;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      token = token_;
    }
    if (token == nullptr) return true;
    const std::optional<absl::string_view> shown =
        auth::TokenOf(head.Header("authorization"));
    if (!shown.has_value()) return false;
    // Digests have one length, whatever was shown.
    const std::string wanted = Sha256Hex(token->Header());
    const std::string digest = Sha256Hex(absl::StrCat("Bearer ", *shown));
    return digest.size() == wanted.size() &&
           CRYPTO_memcmp(digest.data(), wanted.data(), digest.size()) == 0;
  }

  Answer Health() const {
    const absl::Status health =
        options_.health ? options_.health() : absl::OkStatus();
    if (health.ok()) {
      return {.content_type = "text/plain; charset=utf-8", .body = "ok\n"};
    }
    log::Warning("metrics.not_healthy", {{"error", health}});
    return web::Problem(absl::UnavailableError("the process cannot do its "
                                               "work; its log says why"),
                        options_.domain);
  }

  const MetricsServerOptions options_;
  const bool any_host_;
  const Counter refused_ =
      GetCounter("opcon_snow_auth_refusals_total",
                 "Calls and requests that were refused for who calls.",
                 {{"reason", "unauthenticated"}});
  mutable std::mutex mutex_;
  std::shared_ptr<const auth::BearerToken> token_;  // guarded by mutex_
  // Exposing and probing may wait for the disk. Last: it ends first.
  async::WorkerPool pool_;
};

// Null if none is configured.
absl::StatusOr<std::shared_ptr<const auth::BearerToken>> TokenOf(
    const Telemetry& telemetry) {
  const std::string& file = telemetry.metrics_token_file();
  if (file.empty()) return nullptr;
  auth::WatchedToken token{.fresh =
                               config::FreshSecret(file, &auth::ReadTokenFile)};
  OPCON_SNOW_ASSIGN_OR_RETURN(token.token, auth::ReadTokenFile(file));
  return std::make_shared<const auth::BearerToken>(std::move(token));
}

}  // namespace

void ValidateMetricsListener(const Telemetry& telemetry,
                             absl::string_view field, config::Faults* faults) {
  const auto path = [field](absl::string_view name) {
    return config::FieldPath(field, name);
  };
  if (telemetry.metrics_address().empty()) {
    for (const auto& [name, is_set] :
         {std::pair("metrics_tls", telemetry.has_metrics_tls()),
          std::pair("metrics_token_file",
                    !telemetry.metrics_token_file().empty())}) {
      if (is_set) {
        faults->Add(path(name), "says nothing without metrics_address");
      }
    }
    return;
  }
  const absl::StatusOr<rpc::HostPort> address =
      rpc::ParseHostPort(telemetry.metrics_address());
  if (!address.ok()) {
    faults->Add(path("metrics_address"), address.status().message());
  } else if (!rpc::IsLoopbackHost(address->host) &&
             (!telemetry.has_metrics_tls() ||
              (telemetry.metrics_tls().client_ca_file().empty() &&
               telemetry.metrics_token_file().empty()))) {
    faults->Add(path("metrics_address"),
                "other machines can reach this address, so it needs "
                "metrics_tls, and its client_ca_file or metrics_token_file; or "
                "listen on 127.0.0.1");
  }
  if (telemetry.has_metrics_tls()) {
    const ::config::v1::ServerTls& tls = telemetry.metrics_tls();
    config::CheckRequired(path("metrics_tls.certificate_file"),
                          tls.certificate_file(), faults);
    config::CheckRequired(path("metrics_tls.key_file"), tls.key_file(), faults);
  }
}

struct MetricsServer::Parts {
  Parts(MetricsServerOptions options, std::shared_ptr<rpc::TlsFiles> files)
      : tls(std::move(files)), pages(std::move(options), tls != nullptr) {}

  const std::shared_ptr<rpc::TlsFiles> tls;  // null without TLS
  Pages pages;
  // Last: what it lets happen uses the others.
  std::unique_ptr<web::HttpServer> server;
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Create(
    const Telemetry& telemetry, MetricsServerOptions options) {
  if (telemetry.metrics_address().empty()) {
    return std::unique_ptr<MetricsServer>();
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const rpc::HostPort address,
                              rpc::ParseHostPort(telemetry.metrics_address()));
  OPCON_SNOW_ASSIGN_OR_RETURN(auto token, TokenOf(telemetry));
  web::ServerOptions server;
  server.name = "metrics";
  server.domain = options.domain;
  server.host = address.host;
  server.port = address.port;
  server.max_connections = kMaxConnections;
  server.limits.max_body_bytes = kMaxBody;
  server.drain_timeout = kDrain;
  if (telemetry.has_metrics_tls()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(server.tls,
                                rpc::TlsFiles::Load(rpc::ServerTlsFrom(
                                    telemetry.metrics_tls(),
                                    /*client_certificate_optional=*/false)));
  }
  auto parts = std::make_unique<Parts>(std::move(options), server.tls);
  parts->pages.SetToken(std::move(token));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      parts->server, web::HttpServer::Create(std::move(server), &parts->pages));
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(parts)));
}

MetricsServer::MetricsServer(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

MetricsServer::~MetricsServer() = default;

absl::Status MetricsServer::Start() { return parts_->server->Start(); }

absl::Status MetricsServer::Stop() { return parts_->server->Stop(); }

int MetricsServer::port() const { return parts_->server->port(); }

absl::StatusOr<std::vector<absl::string_view>> MetricsServer::Reload(
    const Telemetry& fresh, const Telemetry& running) {
  using google::protobuf::util::MessageDifferencer;
  const bool same_listener =
      fresh.metrics_address() == running.metrics_address() &&
      MessageDifferencer::Equals(fresh.metrics_tls(), running.metrics_tls());
  std::optional<std::shared_ptr<const auth::BearerToken>> token;
  if (same_listener) {
    OPCON_SNOW_ASSIGN_OR_RETURN(token, TokenOf(fresh));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::function<void()> take_tls,
                              rpc::TlsFiles::Prepare(parts_->tls));
  take_tls();
  if (!token.has_value()) return std::vector<absl::string_view>();
  parts_->pages.SetToken(*std::move(token));
  return std::vector<absl::string_view>{"telemetry.metrics_token_file"};
}

}  // namespace opcon_snow::metrics
