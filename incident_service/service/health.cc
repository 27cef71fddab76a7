#include "incident_service/service/health.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/version/version.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// Fills latency when it goes out of scope.
class TimedHop {
 public:
  TimedHop(v1::Hop* hop, std::string name, std::string target, Clock* clock)
      : hop_(hop), clock_(clock), begun_(clock->SteadyNow()) {
    hop_->set_name(std::move(name));
    hop_->set_target(std::move(target));
  }
  ~TimedHop() {
    const auto took = clock_->SteadyNow() - begun_;
    const absl::Duration duration = absl::FromChrono(took);
    hop_->mutable_latency()->set_nanos(
        static_cast<int>(absl::ToInt64Nanoseconds(duration) % 1000000000));
    hop_->mutable_latency()->set_seconds(absl::ToInt64Seconds(duration));
  }
  TimedHop(const TimedHop&) = delete;
  TimedHop& operator=(const TimedHop&) = delete;

  void Found(const absl::Status& status, absl::string_view when_ok) {
    hop_->set_state(status.ok() ? v1::HOP_STATE_OK : v1::HOP_STATE_FAILED);
    const absl::string_view message = status.ok() ? when_ok : status.message();
    hop_->set_message(std::string(message));
  }

 private:
  v1::Hop* const hop_;
  Clock* const clock_;
  const SteadyTime begun_;
};

// `Health` is InstanceHealth of either gateway; they have the same shape but
// not the same type.
template <class Instance, class State>
void AddInstance(const Instance& instance, absl::string_view kind,
                 State healthy, State unknown,
                 v1::GetHealthResponse* response) {
  v1::Hop* hop = response->add_hops();
  hop->set_name(absl::StrCat(kind, ":", instance.name()));
  hop->set_target(instance.base_url());
  const auto& health = instance.health();
  if (health.state() == healthy) {
    hop->set_state(v1::HOP_STATE_OK);
    hop->set_message("answers");
  } else if (health.state() == unknown) {
    hop->set_state(v1::HOP_STATE_SKIPPED);
    hop->set_message("has not been called yet");
  } else {
    hop->set_state(v1::HOP_STATE_FAILED);
    hop->set_message(health.message());
  }
}

}  // namespace

HealthProbe::HealthProbe(Store* store, OpCon* opcon, std::string opcon_target,
                         ServiceNow* servicenow, std::string servicenow_target,
                         Clock* clock)
    : store_(store),
      opcon_(opcon),
      opcon_target_(std::move(opcon_target)),
      servicenow_(servicenow),
      servicenow_target_(std::move(servicenow_target)),
      clock_(clock) {}

v1::GetHealthResponse HealthProbe::LookAtThisProcess() {
  v1::GetHealthResponse response;
  response.set_version(kVersion);
  LookAtStore(&response);
  return response;
}

v1::GetHealthResponse HealthProbe::Look(bool probe) {
  v1::GetHealthResponse response = LookAtThisProcess();
  LookAtOpCon(probe, &response);
  LookAtServiceNow(probe, &response);
  SetTime(clock_->Now(), response.mutable_service_time());
  return response;
}

void HealthProbe::LookAtStore(v1::GetHealthResponse* response) {
  TimedHop hop(response->add_hops(), "store", store_->Info().location, clock_);
  absl::Status found = store_->LastWrite();
  if (found.ok()) found = store_->TimeToNextStep().status();
  hop.Found(found, "reads and writes");
}

void HealthProbe::LookAtOpCon(bool probe, v1::GetHealthResponse* response) {
  ::opcon::v1::ListInstancesRequest request;
  request.set_probe(probe);
  absl::StatusOr<::opcon::v1::ListInstancesResponse> reply =
      absl::UnknownError("");
  {
    TimedHop hop(response->add_hops(), "opcon-gateway", opcon_target_, clock_);
    reply = opcon_->ListInstances(request);
    hop.Found(reply.status(), "answers");
  }
  if (!reply.ok()) return;
  for (const ::opcon::v1::Instance& instance : reply->instances()) {
    AddInstance(instance, "opcon", ::opcon::v1::HEALTH_STATE_HEALTHY,
                ::opcon::v1::HEALTH_STATE_UNSPECIFIED, response);
    response->mutable_hops(response->hops_size() - 1)
        ->set_version(instance.health().version());
  }
}

void HealthProbe::LookAtServiceNow(bool probe,
                                   v1::GetHealthResponse* response) {
  ::servicenow::v1::ListInstancesRequest request;
  request.set_probe(probe);
  absl::StatusOr<::servicenow::v1::ListInstancesResponse> reply =
      absl::UnknownError("");
  {
    TimedHop hop(response->add_hops(), "servicenow-gateway", servicenow_target_,
                 clock_);
    reply = servicenow_->ListInstances(request);
    hop.Found(reply.status(), "answers");
  }
  if (!reply.ok()) return;
  for (const ::servicenow::v1::Instance& instance : reply->instances()) {
    AddInstance(instance, "servicenow", ::servicenow::v1::HEALTH_STATE_HEALTHY,
                ::servicenow::v1::HEALTH_STATE_UNSPECIFIED, response);
  }
}

}  // namespace opcon_snow::incident
