#include "common/rpc/health_probe.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rpc/address.h"
#include "common/rpc/call.h"
#include "common/rpc/mutex_checks.h"
#include "common/status/status_macros.h"
#include "config/v1/common.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"

namespace opcon_snow::rpc {
namespace {

using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

// Where a listener of every address is reached on this machine.
std::string Reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

// The first host name of a PEM certificate; empty if it has none.
std::string HostNameOf(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
  if (certificate == nullptr) return "";
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
          certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_DNS) continue;
    const auto* text = static_cast<const ASN1_STRING*>(value);
    return absl::StrReplaceAll(
        absl::string_view(
            reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))),
        {{"*", "probe"}});
  }
  return "";
}

struct Credentials {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  // A name that the server knows, or it would warn at each probe.
  std::string host_name;
};

absl::StatusOr<Credentials> CredentialsFor(
    const ::config::v1::Listener& listener) {
  if (!listener.has_tls()) {
    return Credentials{.credentials = grpc::InsecureChannelCredentials(),
                       .host_name = ""};
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::string certificate,
      ReadPemFile(listener.tls().certificate_file(), "certificate"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::string key,
      ReadPemFile(listener.tls().key_file(), "private key"));
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          std::vector<grpc::experimental::IdentityKeyCertPair>{
              {.private_key = key, .certificate_chain = certificate}}));
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  return Credentials{.credentials = grpc::experimental::TlsCredentials(options),
                     .host_name = HostNameOf(certificate)};
}

}  // namespace

absl::Status ProbeHealth(const ::config::v1::Listener& listener, int port,
                         absl::Duration timeout) {
  TurnOffMutexChecks();
  OPCON_SNOW_ASSIGN_OR_RETURN(HostPort where,
                              ParseHostPort(listener.address()));
  if (port != 0) where.port = port;
  if (where.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the port of ", listener.address(),
                     " is any free one; name the server's --port-file"));
  }
  const std::string target = JoinHostPort(Reachable(where.host), where.port);
  const auto failed = [&target](absl::string_view reason) {
    return absl::UnavailableError(absl::StrCat(target, ": ", reason));
  };
  const auto credentials = CredentialsFor(listener);
  if (!credentials.ok()) return failed(credentials.status().message());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!credentials->host_name.empty()) {
    arguments.SetSslTargetNameOverride(credentials->host_name);
  }
  const std::unique_ptr<Health::Stub> stub = Health::NewStub(
      grpc::CreateCustomChannel(target, credentials->credentials, arguments));
  const absl::StatusOr<HealthCheckResponse> answer =
      Call(*stub, &Health::StubInterface::Check, HealthCheckRequest(),
           {.timeout = timeout});
  if (!answer.ok()) {
    const bool may_want_another = !listener.tls().client_ca_file().empty();
    return failed(absl::StrCat(
        answer.status().message(),
        may_want_another ? "; if the listener takes no connection without a "
                           "client certificate, its own must be one: signed "
                           "by client_ca_file, for clientAuth too"
                         : ""));
  }
  if (answer->status() != HealthCheckResponse::SERVING) {
    return failed(HealthCheckResponse::ServingStatus_Name(answer->status()));
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::rpc
