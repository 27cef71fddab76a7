#ifndef OPCON_SNOW_COMMON_RPC_HEALTH_PROBE_H_
#define OPCON_SNOW_COMMON_RPC_HEALTH_PROBE_H_

// What an orchestrator or a service manager asks of a server, asked by the
// server's own program: images without a shell need no other one.

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::rpc {

// Asks grpc.health.v1.Health of the server with this listener for the whole
// server. A listener of every address is asked on loopback. `port` is its port;
// 0 for that of the listener's address.
//
// With `listener.tls` the call is made over TLS, and shows the listener's own
// certificate, for listeners that let nobody in without one. The certificate of
// the server is not verified: nothing is sent that anybody could use, and a
// certificate that ran out must not get a process killed that works.
//
// OK: it serves. UNAVAILABLE: it does not, or could not be asked within
// `timeout`; says why. INVALID_ARGUMENT: the address is none, or has no port.
absl::Status ProbeHealth(const ::config::v1::Listener& listener, int port,
                         absl::Duration timeout);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_HEALTH_PROBE_H_
