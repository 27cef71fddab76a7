#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_SELECTOR_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_SELECTOR_H_

// What a request calls a job.

#include <string>

#include "absl/strings/string_view.h"
#include "google/type/date.pb.h"
#include "opcon/v1/daily_job.pb.h"

namespace opcon_snow::opcon {

// For messages and metadata: "id 20260105|16|1|JOB001", "uid 4711",
// "job \"Load\" of schedule \"Payroll\" on 2026-01-05", "job number 49895".
std::string SelectorText(const ::opcon::v1::JobSelector& selector);

// Whether `job` is what is asked for. Names and dates are compared exactly;
// ids without regard to case, because OpCon looks them up like that.
bool IsSelected(const ::opcon::v1::JobSelector& selector,
                const ::opcon::v1::DailyJob& job);

// Whether the text has the form `YYYYMMDD|scheduleId|instance|jobName`.
bool IsDailyJobId(absl::string_view id);

// Whether the text has the form `YYYYMMDD|scheduleId|instance`.
bool IsDailyScheduleId(absl::string_view id);

bool SameDate(const google::type::Date& a, const google::type::Date& b);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_SELECTOR_H_
