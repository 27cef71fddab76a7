#ifndef OPCON_SNOW_OPCON_GATEWAY_RUN_PARSER_H_
#define OPCON_SNOW_OPCON_GATEWAY_RUN_PARSER_H_

// Job history, daily schedules, builds, added jobs and machines from OpCon's
// JSON. Whatever the JSON is, these do not fail but leave empty what is not
// there.

#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "opcon/v1/daily_job.pb.h"
#include "opcon/v1/job_action.pb.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {

// A row of /api/jobhistories.
struct HistoryRow {
  // Without the job's id, which the row does not hold.
  ::opcon::v1::JobRun run;
  std::string job_name;
  // Empty if the row does not say.
  std::string schedule_id;
};

HistoryRow ParseHistoryRow(const nlohmann::json& value, const SiteZone& site);

// Nothing if `value` is no object or has neither an id nor a uid.
std::optional<::opcon::v1::DailySchedule> ParseDailySchedule(
    const nlohmann::json& value, const SiteZone& site);

// How far a build is: GET /api/schedulebuilds/{id} answers a list with one
// request each, or one object.
struct BuildProgress {
  ::opcon::v1::ActionState state = ::opcon::v1::ACTION_STATE_SUBMITTED;
  std::string message;
};
BuildProgress ParseBuildProgress(const nlohmann::json& value);

// A schedule action that adds jobs to one schedule.
struct AddProgress {
  // Of the whole action.
  ::opcon::v1::ActionState state = ::opcon::v1::ACTION_STATE_SUBMITTED;
  std::string message;
  // As OpCon lists them: `job_name` is what it calls the job, a master name or
  // already the daily id.
  std::vector<::opcon::v1::AddedJob> jobs;
};
AddProgress ParseAddProgress(const nlohmann::json& value);

// Nothing if `value` is no object or has no name.
std::optional<::opcon::v1::Machine> ParseMachine(const nlohmann::json& value);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_RUN_PARSER_H_
