#include "snow_gateway/list_instances.h"

#include <utility>
#include <vector>

#include "common/async/one_shot.h"
#include "snow_gateway/query.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

async::Task<absl::Status> Probe(std::shared_ptr<Instance> instance,
                                CallScope scope) {
  absl::StatusOr<BoundedQuery> query =
      Query(IncidentQueryColumns()).Equals("active", "true").Build(1);
  if (!query.ok()) co_return query.status();
  ListQuery list{
      instance->settings().incident_table, *std::move(query), {"sys_id"}};
  async::Task<absl::StatusOr<std::vector<nlohmann::json>>> listing =
      instance->records().List(std::move(list), std::move(scope));
  const absl::StatusOr<std::vector<nlohmann::json>> rows =
      co_await std::move(listing);
  co_return rows.status();
}

}  // namespace

async::Task<absl::StatusOr<v1::ListInstancesResponse>> ListInstances(
    std::shared_ptr<InstanceRegistry> registry,
    v1::ListInstancesRequest request, CallScope scope) {
  if (request.probe()) {
    std::vector<async::OneShot<absl::Status>> probes;
    for (const std::shared_ptr<Instance>& instance : registry->instances()) {
      async::OneShot<absl::Status> done;
      CallScope own = scope;
      own.deadline =
          std::min(scope.deadline, instance->loop().MonotonicNow() +
                                       instance->settings().call_timeout);
      async::Start(
          Probe(instance, std::move(own)),
          [done](absl::Status status) mutable { done.Set(std::move(status)); });
      probes.push_back(done);
    }
    for (const async::OneShot<absl::Status>& probe : probes) {
      (void)co_await probe.Wait();
    }
  }
  v1::ListInstancesResponse response;
  for (const std::shared_ptr<Instance>& instance : registry->instances()) {
    *response.add_instances() =
        instance->Describe(registry->IsDefault(*instance));
  }
  co_return response;
}

}  // namespace opcon_snow::snow
