#ifndef OPCON_SNOW_COMMON_WEB_TLS_H_
#define OPCON_SNOW_COMMON_WEB_TLS_H_

// TLS of HTTP servers, as the gRPC listeners have it.

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/ssl/context.hpp"
#include "common/rpc/tls_files.h"

namespace opcon_snow::web {

// TLS 1.2 and later. Sessions are not resumed: each connection shows its
// certificate to the authorities that hold then. INVALID_ARGUMENT for what
// OpenSSL does not take.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakeTlsContext(
    const rpc::TlsContent& content, bool client_certificate_optional);

// The subject alternative names of the client's verified certificate, as gRPC
// writes them; none if it has shown none.
std::vector<std::string> CertificateNames(SSL* ssl);

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_TLS_H_
