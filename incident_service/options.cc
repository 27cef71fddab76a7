#include "incident_service/options.h"

#include <algorithm>

namespace opcon_snow::incident {

RetryPolicy RetryPolicyFrom(const ::config::v1::Workflow& workflow) {
  RetryPolicy policy;
  policy.initial_backoff =
      OrDefault(workflow.initial_backoff(), workflow.has_initial_backoff(),
                policy.initial_backoff);
  policy.max_backoff = OrDefault(
      workflow.max_backoff(), workflow.has_max_backoff(), policy.max_backoff);
  policy.give_up_after =
      OrDefault(workflow.give_up_after(), workflow.has_give_up_after(),
                policy.give_up_after);
  return policy;
}

RetentionOptions RetentionFrom(const ::config::v1::Store& store) {
  RetentionOptions options;
  options.reports =
      OrDefault(store.retention(), store.has_retention(), options.reports);
  options.keys = OrDefault(store.key_retention(), store.has_key_retention(),
                           std::max(options.keys, options.reports));
  return options;
}

}  // namespace opcon_snow::incident
