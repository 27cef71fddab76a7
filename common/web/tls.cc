#include "common/web/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/ssl/context.hpp"
#include "common/rpc/tls_files.h"

namespace opcon_snow::web {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string TextOf(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string AddressOf(const ASN1_OCTET_STRING* value) {
  const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(value) != 16) return "";
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, ASN1_STRING_get0_data(value), text.data(),
                   text.size()) == nullptr
             ? ""
             : text.data();
}

std::string NameOf(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return TextOf(name.d.dNSName);
    case GEN_EMAIL:
      return TextOf(name.d.rfc822Name);
    case GEN_URI:
      return TextOf(name.d.uniformResourceIdentifier);
    case GEN_IPADD:
      return AddressOf(name.d.iPAddress);
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<ssl::context>> MakeTlsContext(
    const rpc::TlsContent& content, bool client_certificate_optional) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);

  error_code error;
  context->use_certificate_chain(boost::asio::buffer(content.certificate_chain),
                                 error);
  if (!error) {
    context->use_private_key(boost::asio::buffer(content.private_key.Reveal()),
                             ssl::context::pem, error);
  }
  if (!error && !content.client_authorities.empty()) {
    context->add_certificate_authority(
        boost::asio::buffer(content.client_authorities), error);
    ssl::verify_mode mode = ssl::verify_peer;
    if (!client_certificate_optional) {
      mode |= ssl::verify_fail_if_no_peer_cert;
    }
    if (!error) context->set_verify_mode(mode, error);
  }
  ERR_clear_error();
  if (!error) return context;
  return absl::InvalidArgumentError(
      absl::StrCat("TLS of the HTTP listener: ", error.message()));
}

std::vector<std::string> CertificateNames(SSL* ssl) {
  std::vector<std::string> names;
  const Owned<X509> certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
    return names;
  }
  const Owned<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
      certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (all == nullptr) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    std::string name = NameOf(*sk_GENERAL_NAME_value(all.get(), i));
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace opcon_snow::web
