#ifndef OPCON_SNOW_COMMON_RPC_SERVER_CREDENTIALS_H_
#define OPCON_SNOW_COMMON_RPC_SERVER_CREDENTIALS_H_

// gRPC's TLS with certificates that are asked for at each handshake.

#include <memory>

#include "common/rpc/tls_files.h"
#include "grpcpp/security/server_credentials.h"

namespace opcon_snow::rpc {

// The result must outlive the server that uses it.
std::shared_ptr<grpc::ServerCredentials> ReloadingServerCredentials(
    std::shared_ptr<TlsFiles> files);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_SERVER_CREDENTIALS_H_
