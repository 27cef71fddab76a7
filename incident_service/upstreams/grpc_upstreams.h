#ifndef OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_GRPC_UPSTREAMS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_GRPC_UPSTREAMS_H_

// The gateways over gRPC.

#include <memory>
#include <stop_token>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "incident_service/upstreams/upstreams.h"

namespace opcon_snow::incident {

struct UpstreamOptions {
  std::shared_ptr<grpc::Channel> channel;
  // How the gateway is called in messages: its address.
  std::string target;
  // For each call.
  absl::Duration timeout = absl::Seconds(90);
  // Cancels calls under way, so that a stop need not wait for them.
  std::stop_token stop;
};

std::unique_ptr<OpCon> MakeGrpcOpCon(UpstreamOptions options);
std::unique_ptr<ServiceNow> MakeGrpcServiceNow(UpstreamOptions options);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_UPSTREAMS_GRPC_UPSTREAMS_H_
