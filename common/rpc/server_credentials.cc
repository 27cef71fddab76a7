#include "common/rpc/server_credentials.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/rpc/tls_files.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "grpcpp/security/server_credentials.h"

namespace opcon_snow::rpc {
namespace {

// The C++ library has no way to exchange certificates of which one knows when
// it looks, but gRPC's core has. This is its C++ side.
class Credentials final : public grpc::ServerCredentials {
 public:
  explicit Credentials(std::shared_ptr<TlsFiles> files)
      : files_(std::move(files)) {
    grpc_ssl_client_certificate_request_type request =
        GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    if (!files_->files().client_ca_file.empty()) {
      request =
          files_->files().client_certificate_optional
              ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY
              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    }
    // Both calls take over what they are given.
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            request, &Credentials::Fetch, this));
  }
  ~Credentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/)
      override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<Credentials*>(self)->Give(config);
  }

  // On a thread of gRPC's that has just accepted a connection.
  grpc_ssl_certificate_config_reload_status Give(
      grpc_ssl_server_certificate_config** config) {
    const std::shared_ptr<const TlsContent> content = files_->Current();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (content == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {
        content->private_key.Reveal().c_str(),
        content->certificate_chain.c_str()};
    // gRPC ends the process without any, even where no client is asked for a
    // certificate; then it does not matter which they are.
    const std::string& authorities = content->client_authorities.empty()
                                         ? content->certificate_chain
                                         : content->client_authorities;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(),
                                                        &pair, 1);
    given_ = content;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const std::shared_ptr<TlsFiles> files_;
  grpc_server_credentials* credentials_ = nullptr;
  std::mutex mutex_;
  std::shared_ptr<const TlsContent> given_;  // guarded by mutex_
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> ReloadingServerCredentials(
    std::shared_ptr<TlsFiles> files) {
  return std::make_shared<Credentials>(std::move(files));
}

}  // namespace opcon_snow::rpc
