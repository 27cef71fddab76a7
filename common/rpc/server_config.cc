#include "common/rpc/server_config.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/config/fault.h"
#include "common/config/validate.h"
#include "common/rpc/address.h"
#include "common/rpc/server.h"
#include "common/status/status_macros.h"
#include "config/v1/common.pb.h"
#include "google/protobuf/util/message_differencer.h"

namespace opcon_snow::rpc {
namespace {

using config::CheckRange;
using config::CheckRequired;
using config::FieldPath;

constexpr std::int64_t kDefaultRequestBytes = std::int64_t{1} << 20;
constexpr std::int64_t kMaxRequestBytes = std::int64_t{16} << 20;
constexpr int kDefaultCalls = 200;
constexpr int kMaxCalls = 10'000;
constexpr int kMaxConnections = 100'000;
constexpr int kMaxStreams = 10'000;
// A token alone may have 4 KiB; see auth::kMostTokenBytes.
constexpr int kLeastMetadataBytes = 1 << 10;
constexpr int kMaxMetadataBytes = 1 << 20;
constexpr absl::Duration kDefaultDrain = absl::Seconds(10);

void ValidateBounds(const ::config::v1::Listener& listener,
                    absl::string_view field, config::Faults* faults) {
  CheckRange(FieldPath(field, "max_connections"), listener.max_connections(), 1,
             kMaxConnections, faults);
  CheckRange(FieldPath(field, "max_connections_per_peer"),
             listener.max_connections_per_peer(), 1, kMaxConnections, faults);
  CheckRange(FieldPath(field, "max_streams_per_connection"),
             listener.max_streams_per_connection(), 1, kMaxStreams, faults);
  CheckRange(FieldPath(field, "max_metadata_bytes"),
             listener.max_metadata_bytes(), kLeastMetadataBytes,
             kMaxMetadataBytes, faults);
}

// 0 leaves the default as it is.
void TakeBounds(const ::config::v1::Listener& listener,
                ServerOptions* options) {
  const auto take = [](int written, int* bound) {
    if (written > 0) *bound = written;
  };
  take(listener.max_connections(), &options->max_connections);
  take(listener.max_connections_per_peer(), &options->max_connections_per_peer);
  take(listener.max_streams_per_connection(),
       &options->max_streams_per_connection);
  if (listener.max_metadata_bytes() > 0) {
    options->max_metadata_bytes =
        static_cast<std::size_t>(listener.max_metadata_bytes());
  }
}

}  // namespace

void ValidateListener(const ::config::v1::Listener& listener,
                      absl::string_view field, config::Faults* faults) {
  const std::string address = FieldPath(field, "address");
  CheckRequired(address, listener.address(), faults);
  if (!listener.address().empty()) {
    const absl::StatusOr<HostPort> parsed = ParseHostPort(listener.address());
    if (!parsed.ok()) {
      faults->Add(address, parsed.status().message());
    } else if (!IsLoopbackHost(parsed->host) &&
               (!listener.has_tls() || !listener.has_authorization())) {
      faults->Add(address,
                  "other machines can reach this address, so it needs tls and "
                  "authorization; or listen on 127.0.0.1");
    }
  }
  if (listener.has_authorization()) {
    const std::string authorization = FieldPath(field, "authorization");
    auth::ValidateAuthorization(listener.authorization(), authorization,
                                faults);
    // Without TLS, tokens are left.
    if (auth::KnowsCertificates(listener.authorization()) &&
        listener.tls().client_ca_file().empty() &&
        (listener.has_tls() || !auth::KnowsTokens(listener.authorization()))) {
      faults->Add(authorization,
                  "certificate_san needs tls.client_ca_file beside it: nothing "
                  "else says which certificates are good");
    }
  }
  if (listener.has_tls()) ValidateServerTls(listener.tls(), field, faults);
  CheckRange(FieldPath(field, "max_request_bytes"),
             listener.max_request_bytes(), 1, kMaxRequestBytes, faults);
  CheckRange(FieldPath(field, "max_concurrent_calls"),
             listener.max_concurrent_calls(), 1, kMaxCalls, faults);
  ValidateBounds(listener, field, faults);
  if (listener.has_drain_timeout()) {
    CheckRange(FieldPath(field, "drain_timeout"), listener.drain_timeout(),
               absl::ZeroDuration(), absl::Minutes(5), faults);
  }
}

void ValidateServerTls(const ::config::v1::ServerTls& tls,
                       absl::string_view field, config::Faults* faults) {
  const std::string path = FieldPath(field, "tls");
  CheckRequired(FieldPath(path, "certificate_file"), tls.certificate_file(),
                faults);
  CheckRequired(FieldPath(path, "key_file"), tls.key_file(), faults);
}

ServerTls ServerTlsFrom(const ::config::v1::ServerTls& tls,
                        bool client_certificate_optional) {
  return {.certificate_file = tls.certificate_file(),
          .private_key_file = tls.key_file(),
          .client_ca_file = tls.client_ca_file(),
          .client_certificate_optional = client_certificate_optional};
}

ServerOptions ServerOptionsFrom(const ::config::v1::Listener& listener) {
  ServerOptions options;
  const absl::StatusOr<HostPort> address = ParseHostPort(listener.address());
  if (address.ok()) {
    options.host = address->host;
    options.port = address->port;
  }
  if (listener.has_tls()) {
    options.use_tls = true;
    options.tls = ServerTlsFrom(listener.tls(),
                                auth::KnowsTokens(listener.authorization()));
  }
  const std::int64_t request_bytes = listener.max_request_bytes();
  options.max_receive_bytes = static_cast<std::size_t>(
      request_bytes > 0 ? request_bytes : kDefaultRequestBytes);
  options.shutdown_timeout = listener.has_drain_timeout()
                                 ? config::ToDuration(listener.drain_timeout())
                                 : kDefaultDrain;
  TakeBounds(listener, &options);
  return options;
}

absl::StatusOr<std::shared_ptr<auth::Authorizer>> AuthorizerOf(
    const ::config::v1::Listener& listener) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<auth::Authorizer> authorizer,
      auth::Authorizer::Create(listener.authorization()));
  return std::shared_ptr<auth::Authorizer>(std::move(authorizer));
}

absl::StatusOr<std::unique_ptr<Server>> CreateServer(
    const ::config::v1::Listener& listener, std::vector<ServedService> services,
    std::shared_ptr<auth::Authorizer> authorizer) {
  ServerOptions options = ServerOptionsFrom(listener);
  options.authorizer = std::move(authorizer);
  return Server::Create(std::move(options), std::move(services));
}

std::vector<absl::string_view> ListenerReload::TakenWith(
    std::vector<absl::string_view> fields) const {
  fields.push_back("logging");
  if (takes_authorization) fields.push_back("listener.authorization");
  return fields;
}

absl::StatusOr<ListenerReload> PrepareReload(
    const ::config::v1::Listener& fresh, const ::config::v1::Listener& running,
    std::shared_ptr<auth::Authorizer> authorizer, const Server& server) {
  using google::protobuf::util::MessageDifferencer;
  OPCON_SNOW_ASSIGN_OR_RETURN(std::function<void()> take_tls,
                              server.PrepareTls());
  if (fresh.address() != running.address() ||
      fresh.has_tls() != running.has_tls() ||
      !MessageDifferencer::Equals(fresh.tls(), running.tls())) {
    return ListenerReload{.take = std::move(take_tls)};
  }
  // Whether a connection must have a certificate is settled when it listens.
  if (!fresh.tls().client_ca_file().empty() &&
      auth::KnowsTokens(fresh.authorization()) !=
          auth::KnowsTokens(running.authorization())) {
    return absl::FailedPreconditionError(
        "the first token_file in authorization, or the last that goes, changes "
        "who must show a certificate, which needs a restart");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::shared_ptr<const auth::Authorizer::Rules> rules,
      auth::Authorizer::ReadRules(fresh.authorization()));
  return ListenerReload{
      .take =
          [take_tls = std::move(take_tls), authorizer = std::move(authorizer),
           rules = std::move(rules)] {
            take_tls();
            authorizer->Replace(rules);
          },
      .takes_authorization = true};
}

int MaxConcurrentCalls(const ::config::v1::Listener& listener) {
  return listener.max_concurrent_calls() > 0 ? listener.max_concurrent_calls()
                                             : kDefaultCalls;
}

}  // namespace opcon_snow::rpc
