#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_HEALTH_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_HEALTH_H_

// Looks at every hop behind the service: the store, both gateways, and the
// upstream instances that they know.

#include "common/clock/clock.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/store/store.h"
#include "incident_service/upstreams/upstreams.h"

namespace opcon_snow::incident {

// Thread-safe.
class HealthProbe {
 public:
  // All pointers must outlive it.
  HealthProbe(Store* store, OpCon* opcon, std::string opcon_target,
              ServiceNow* servicenow, std::string servicenow_target,
              Clock* clock);

  // With `probe`, the gateways call their instances; else they say what they
  // saw last. Blocks for as long as that takes.
  ::incident::v1::GetHealthResponse Look(bool probe);

  // Only at what taking reports needs, the store: a look that calls nobody.
  ::incident::v1::GetHealthResponse LookAtThisProcess();

 private:
  void LookAtStore(::incident::v1::GetHealthResponse* response);
  void LookAtOpCon(bool probe, ::incident::v1::GetHealthResponse* response);
  void LookAtServiceNow(bool probe,
                        ::incident::v1::GetHealthResponse* response);

  Store* const store_;
  OpCon* const opcon_;
  const std::string opcon_target_;
  ServiceNow* const servicenow_;
  const std::string servicenow_target_;
  Clock* const clock_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_HEALTH_H_
