#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_INSTANCE_DIRECTORY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_INSTANCE_DIRECTORY_H_

// Which instances the gateways serve: asked of them, and remembered for half a
// minute, since every failure needs to know and they hardly ever change.

#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "incident_service/upstreams/upstreams.h"

namespace opcon_snow::incident {

// Thread-safe.
class InstanceDirectory {
 public:
  // All pointers must outlive it.
  InstanceDirectory(OpCon* opcon, ServiceNow* servicenow, const Clock* clock)
      : opcon_(opcon), servicenow_(servicenow), clock_(clock) {}

  // `host:port` that ServiceNow knows the OpCon instance by.
  // FAILED_PRECONDITION with reason UNKNOWN_OPCON if there is no such instance.
  absl::StatusOr<std::string> PublicAddress(const std::string& opcon);
  // The last answer to the above, however old; empty if there was none.
  std::string LastPublicAddress(const std::string& opcon);

  // `wanted`, or the name of the default instance for the empty name.
  absl::StatusOr<std::string> ServiceNowName(const std::string& wanted);
  // The user that this suite's own changes are made by; empty if the gateway's
  // configuration does not say.
  absl::StatusOr<std::string> IntegrationUser(const std::string& name);
  // Where the ServiceNow instance is; empty if it is not known.
  absl::StatusOr<std::string> ServiceNowAddress(const std::string& name);

 private:
  template <class Entry>
  struct Remembered {
    std::vector<Entry> entries;
    SteadyTime until = SteadyTime::min();
  };

  // Fill what they remember if it is too old, or anyway. `mutex_` is not held
  // while a gateway is asked.
  absl::StatusOr<std::vector<::opcon::v1::Instance>> OpCons(bool anyway);
  absl::StatusOr<std::vector<::servicenow::v1::Instance>> ServiceNows(
      bool anyway);

  OpCon* const opcon_;
  ServiceNow* const servicenow_;
  const Clock* const clock_;
  std::mutex mutex_;
  // Guarded by mutex_.
  Remembered<::opcon::v1::Instance> opcons_;
  Remembered<::servicenow::v1::Instance> servicenows_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_INSTANCE_DIRECTORY_H_
