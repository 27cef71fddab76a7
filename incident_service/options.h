#ifndef OPCON_SNOW_INCIDENT_SERVICE_OPTIONS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_OPTIONS_H_

// From sections of the configuration to the options of those that they are
// about. Each section is one without faults. The watchers' are in
// watchers/watcher_config.h.

#include "absl/time/time.h"
#include "common/config/validate.h"
#include "config/v1/incident_service.pb.h"
#include "google/protobuf/duration.pb.h"
#include "incident_service/service/retention.h"
#include "incident_service/workflow/retry_policy.h"

namespace opcon_snow::incident {

// What is written, if it `has` been.
inline absl::Duration OrDefault(const google::protobuf::Duration& written,
                                bool has, absl::Duration fallback) {
  return has ? config::ToDuration(written) : fallback;
}

RetryPolicy RetryPolicyFrom(const ::config::v1::Workflow& workflow);
RetentionOptions RetentionFrom(const ::config::v1::Store& store);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_OPTIONS_H_
