#include "common/rpc/server_config.h"

#include <cstdint>
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
constexpr absl::Duration kDefaultDrain = absl::Seconds(10);

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

absl::StatusOr<bool> ReloadListener(const ::config::v1::Listener& fresh,
                                    const ::config::v1::Listener& running,
                                    auth::Authorizer* authorizer,
                                    Server* server) {
  ::config::v1::Listener before = running;
  *before.mutable_authorization() = fresh.authorization();
  ::config::v1::Listener after = fresh;
  after.mutable_authorization();
  if (!google::protobuf::util::MessageDifferencer::Equals(before, after)) {
    OPCON_SNOW_RETURN_IF_ERROR(server->ReloadTls());
    return false;
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
  OPCON_SNOW_RETURN_IF_ERROR(server->ReloadTls());
  authorizer->Replace(std::move(rules));
  return true;
}

int MaxConcurrentCalls(const ::config::v1::Listener& listener) {
  return listener.max_concurrent_calls() > 0 ? listener.max_concurrent_calls()
                                             : kDefaultCalls;
}

}  // namespace opcon_snow::rpc
