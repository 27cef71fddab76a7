#ifndef OPCON_SNOW_COMMON_RPC_TLS_ADVICE_H_
#define OPCON_SNOW_COMMON_RPC_TLS_ADVICE_H_

// What to do when TLS is why a channel does not connect. Portable.

#include "absl/strings/string_view.h"

namespace opcon_snow::rpc {

// From the message of an UNAVAILABLE that gRPC itself made, which is all that
// tells (gRPC 1.51, OpenSSL 3): which certificate to look at, or that one side
// speaks TLS and the other does not. Empty if TLS was not the reason, as far as
// can be seen. The server's refusal of a client's certificate may look like a
// connection that broke.
absl::string_view TlsAdvice(absl::string_view message);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_TLS_ADVICE_H_
