#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_ENVIRONMENT_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_ENVIRONMENT_H_

// What an encoded query needs to know beside the records: the time, who asks,
// and the value of "javascript:" expressions. Those that the platform's own
// filters write are computed here; a script engine may know more.
//
//   gs.getUserID() gs.getUserName() gs.now() gs.nowDateTime()
//   gs.minutesAgo(n) gs.hoursAgo(n) gs.daysAgo(n) gs.monthsAgo(n)
//   gs.quartersAgo(n) gs.yearsAgo(n), each also …AgoStart(n) and …AgoEnd(n)
//   gs.beginningOfToday() …Yesterday ThisWeek LastWeek ThisMonth LastMonth
//   ThisQuarter LastQuarter ThisYear LastYear Tomorrow NextWeek NextMonth
//   NextYear, and endOf… of each
//   gs.dateGenerate('2026-01-05','start'|'end'|'10:11:12')
//
// All in UTC. Weeks begin on Monday.

#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::sandbox::servicenow {

struct QueryEnvironment {
  absl::Time now = absl::UnixEpoch();
  std::string user_sys_id;
  std::string user_name;
  // Asked for expressions that are not among the above; null or nullopt: they
  // are not known.
  std::function<std::optional<std::string>(const std::string& expression)>
      evaluate;
};

// nullopt: not one of the above, and `evaluate` does not know it either.
std::optional<std::string> EvaluateExpression(
    absl::string_view expression, const QueryEnvironment& environment);

// `time` moved by whole units: "minute", "hour", "dayofweek" (a day), "week",
// "month", "quarter", "year". nullopt: no such unit.
std::optional<absl::Time> MoveTime(absl::Time time, absl::string_view unit,
                                   std::int64_t count);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_ENVIRONMENT_H_
