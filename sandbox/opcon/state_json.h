#ifndef OPCON_SNOW_SANDBOX_OPCON_STATE_JSON_H_
#define OPCON_SNOW_SANDBOX_OPCON_STATE_JSON_H_

// The daily tables and NOTIFY as one JSON value: for --state and for
// GET /_sandbox/state. This is the sandbox's own form, not the API's.
//
//   {"schedules":[…], "jobs":[…with runs and logs…], "machines":[…],
//    "last":{"uid":…,"job_number":…,"row_id":…},
//    "notifications":{"epoch":…,"rows":[…]}}

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "sandbox/opcon/notify_table.h"
#include "sandbox/opcon/opcon_model.h"

namespace opcon_snow::sandbox::opcon {

nlohmann::json StateToJson(const OpConModel::Tables& tables,
                           const NotifyTable::Page& notifications);

struct KeptState {
  OpConModel::Tables tables;
  NotifyTable::Page notifications;
};

// Takes back what StateToJson gave. INVALID_ARGUMENT names what is wrong.
absl::StatusOr<KeptState> StateFromJson(const nlohmann::json& value);

// {n, notify_id, trigger, properties}
nlohmann::json NotificationToJson(const Notification& notification);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_STATE_JSON_H_
