// Handlers about the instances themselves.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/async/one_shot.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/service.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

// For a probe of all instances by a caller who set no deadline.
constexpr absl::Duration kProbeTime = absl::Seconds(60);

}  // namespace

OpConGatewayService::Answer<v1::GetApiVersionResponse>
OpConGatewayService::DoGetApiVersion(const rpc::CallContext& context,
                                     const v1::GetApiVersionRequest& request) {
  absl::Status acceptable;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  const absl::StatusOr<std::string> version =
      co_await call.instance->jobs().GetVersion(call.scope);
  if (!version.ok()) {
    co_return WithFacts(version.status(), call.instance->name(), "");
  }
  call.instance->health().NoteVersion(*version);
  v1::GetApiVersionResponse reply;
  reply.set_instance(call.instance->name());
  reply.set_version(*version);
  co_return reply;
}

OpConGatewayService::Answer<v1::ListInstancesResponse>
OpConGatewayService::DoListInstances(const rpc::CallContext& context,
                                     const v1::ListInstancesRequest& request) {
  const absl::Status on_loop = co_await async::Hop(*loop_);
  if (!on_loop.ok()) co_return on_loop;
  const std::shared_ptr<const InstanceSet> instances = instances_;
  const CallScope scope = ScopeOf(context, kProbeTime);
  if (request.probe()) {
    // All at once: one that does not answer keeps no other from being asked.
    std::vector<async::OneShot<bool>> probes;
    for (const std::shared_ptr<Instance>& instance : instances->all()) {
      async::OneShot<bool> done;
      probes.push_back(done);
      async::Start(Probe(instance, scope),
                   [done]() mutable { done.Set(true); });
    }
    for (async::OneShot<bool>& done : probes) co_await done.Wait();
  }
  v1::ListInstancesResponse reply;
  for (const std::shared_ptr<Instance>& instance : instances->all()) {
    v1::Instance* added = reply.add_instances();
    *added = instance->Describe();
    added->set_is_default(instance->name() == instances->default_name());
  }
  co_return reply;
}

async::Task<void> OpConGatewayService::Probe(std::shared_ptr<Instance> instance,
                                             const CallScope& scope) {
  // Without credentials first: that tells "unreachable" from "not allowed".
  const absl::StatusOr<std::string> version =
      co_await instance->jobs().GetVersion(scope);
  if (!version.ok()) co_return;
  instance->health().NoteVersion(*version);
  // What came of it stands in the health record.
  const absl::Status access = co_await instance->jobs().CheckAccess(scope);
  (void)access;
}

}  // namespace opcon_snow::opcon
