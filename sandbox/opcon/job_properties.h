#ifndef OPCON_SNOW_SANDBOX_OPCON_JOB_PROPERTIES_H_
#define OPCON_SNOW_SANDBOX_OPCON_JOB_PROPERTIES_H_

// The properties of a daily job that a notification's [[tokens]] can name.

#include <map>
#include <string>

#include "absl/time/time.h"
#include "sandbox/opcon/daily_tables.h"

namespace opcon_snow::sandbox::opcon {

// As OpCon writes them: "$MACHINE NAME" is "N/A" if the job has none, "$JOBID"
// has ten digits, "$SCHEDULE DATE" is dd-mmm-yyyy. "$SCHEDULE DATE-SNOW"
// (yyyy-MM-dd) is there as if the global property that the ServiceNow connector
// asks for had been made. Instance properties come as "JI.name".
std::map<std::string, std::string> JobProperties(const DailyJob& job,
                                                 const DailySchedule& schedule,
                                                 absl::Time now,
                                                 absl::TimeZone zone);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_JOB_PROPERTIES_H_
