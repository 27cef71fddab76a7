#include "common/rpc/channel.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/auth/bearer_token.h"
#include "common/rpc/address.h"
#include "common/rpc/mutex_checks.h"
#include "common/status/status_macros.h"
#include "grpc/grpc.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"
#include "grpcpp/support/interceptor.h"

namespace opcon_snow::rpc {
namespace {

// Answers carry their error details in trailers; see status_conversion.h.
constexpr int kMaxMetadataBytes = 16 << 10;
constexpr unsigned kSecondsBetweenLooks = 1;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::clamp<std::int64_t>(
      absl::ToInt64Milliseconds(duration), 1, std::numeric_limits<int>::max()));
}

int Bytes(std::size_t bytes) {
  return static_cast<int>(std::min<std::size_t>(
      bytes, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

absl::Status CheckOptions(const ChannelOptions& options) {
  if (options.target.empty()) {
    return absl::InvalidArgumentError("the channel has no address to call");
  }
  if (!options.use_tls) {
    if (options.allow_plaintext || IsLoopbackTarget(options.target)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "calling ", options.target,
        " without TLS is not allowed, because it is not this machine; set up "
        "TLS for the channel"));
  }
  if (options.tls.certificate_file.empty() !=
      options.tls.private_key_file.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the channel to ", options.target,
        " needs both a client certificate and its private key, or neither"));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ChannelCredentials> WatchingCredentials(
    const ChannelTls& files) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  if (!files.ca_file.empty() || !files.certificate_file.empty()) {
    options.set_certificate_provider(
        std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
            files.private_key_file, files.certificate_file, files.ca_file,
            kSecondsBetweenLooks));
  }
  if (!files.ca_file.empty()) options.watch_root_certs();
  if (!files.certificate_file.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const ChannelOptions& options) {
  if (!options.use_tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  if (!options.tls.ca_file.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        ssl.pem_root_certs,
        ReadPemFile(options.tls.ca_file, "certificate authorities"));
  }
  if (!options.tls.certificate_file.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        ssl.pem_cert_chain,
        ReadPemFile(options.tls.certificate_file, "client certificate"));
    OPCON_SNOW_ASSIGN_OR_RETURN(
        ssl.pem_private_key,
        ReadPemFile(options.tls.private_key_file, "private key"));
  }
  if (options.watch_tls_files) return WatchingCredentials(options.tls);
  return grpc::SslCredentials(ssl);
}

// Puts the token into what a call begins with. Call credentials would not do:
// gRPC refuses them on a connection without TLS.
class TokenInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit TokenInterceptor(std::shared_ptr<const auth::BearerToken> token)
      : token_(std::move(token)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    using grpc::experimental::InterceptionHookPoints;
    if (batch->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      batch->GetSendInitialMetadata()->emplace("authorization",
                                               token_->Header());
    }
    batch->Proceed();
  }

 private:
  const std::shared_ptr<const auth::BearerToken> token_;
};

class TokenInterceptorFactory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptorFactory(
      std::shared_ptr<const auth::BearerToken> token)
      : token_(std::move(token)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* /*info*/) override {
    return new TokenInterceptor(token_);
  }

 private:
  const std::shared_ptr<const auth::BearerToken> token_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const ChannelOptions& options) {
  TurnOffMutexChecks();
  OPCON_SNOW_RETURN_IF_ERROR(CheckOptions(options));
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto credentials, MakeCredentials(options));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(Bytes(options.max_receive_bytes));
  arguments.SetMaxSendMessageSize(Bytes(options.max_send_bytes));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   Milliseconds(options.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   Milliseconds(options.keepalive_timeout));
  const int max_backoff = Milliseconds(options.max_reconnect_backoff);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, max_backoff);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   std::min(max_backoff, 1000));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   std::min(max_backoff, 1000));
  // No settings from elsewhere: neither a retry policy from DNS nor a proxy
  // from the environment.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetCompressionAlgorithm(GRPC_COMPRESS_NONE);
  if (!options.user_agent.empty()) {
    arguments.SetUserAgentPrefix(options.user_agent);
  }
  if (options.use_tls && !options.tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls.server_name);
  }
  if (options.token == nullptr) {
    return grpc::CreateCustomChannel(options.target, credentials, arguments);
  }
  std::vector<
      std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(
      std::make_unique<TokenInterceptorFactory>(options.token));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      options.target, credentials, arguments, std::move(interceptors));
}

}  // namespace opcon_snow::rpc
