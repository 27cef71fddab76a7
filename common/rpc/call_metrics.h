#ifndef OPCON_SNOW_COMMON_RPC_CALL_METRICS_H_
#define OPCON_SNOW_COMMON_RPC_CALL_METRICS_H_

// The calls of one gRPC service under the names that gRPC's Prometheus
// middlewares agree on: grpc_server_started_total, grpc_server_handled_total,
// grpc_server_handling_seconds.
// (github.com/grpc-ecosystem/go-grpc-middleware, providers/prometheus.)

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace opcon_snow::rpc {

// Thread-safe.
class CallMetrics {
 public:
  // `service` is its full name. Every method is exposed from now on, with 0.
  // Nothing is counted if no such service is linked in.
  explicit CallMetrics(const std::string& service);
  ~CallMetrics();
  CallMetrics(const CallMetrics&) = delete;
  CallMetrics& operator=(const CallMetrics&) = delete;

  // `method` is "package.Service/Method"; another one is not counted.
  void Started(const std::string& method) const;
  void Handled(const std::string& method, absl::StatusCode code,
               absl::Duration elapsed) const;

 private:
  struct Methods;
  const std::unique_ptr<const Methods> methods_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_CALL_METRICS_H_
