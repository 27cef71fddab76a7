#include "sandbox/opcon/job_properties.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sandbox/opcon/wire_time.h"

namespace opcon_snow::sandbox::opcon {

std::map<std::string, std::string> JobProperties(const DailyJob& job,
                                                 const DailySchedule& schedule,
                                                 absl::Time now,
                                                 absl::TimeZone zone) {
  const JobRun* run = job.ShownRun();
  const DailyScheduleId& id = schedule.id;
  std::map<std::string, std::string> properties = {
      {"$MACHINE NAME", job.machine.empty() ? "N/A" : job.machine},
      {"$SCHEDULE NAME", schedule.name},
      {"$JOB NAME", job.id.job_name},
      {"$JOB TERMINATION", job.termination},
      {"$SCHEDULE DATE", FormatLongDate(id.date)},
      {"$SCHEDULE DATE-SNOW", FormatIsoDate(id.date)},
      {"$SCHEDULE ID", absl::StrCat(id.schedule_id)},
      {"$SCHEDULE INST", absl::StrCat(id.instance)},
      {"$JOBID", absl::StrFormat("%010d", job.job_number)},
      {"$JOB STATUS", StateDescription(job.state, job.IsProcessingEvents(now))},
      {"$JOB STATUS CATEGORY",
       std::string(CategoryName(CategoryOf(job.state)))},
      {"$FREQUENCY NAME", job.frequency},
      {"$JOB STARTTIME", run != nullptr && run->start
                             ? FormatPropertyTime(*run->start, zone)
                             : ""},
      {"$JOB ENDTIME",
       run != nullptr && run->end ? FormatPropertyTime(*run->end, zone) : ""},
  };
  for (const Property& property : job.properties) {
    properties[absl::StrCat("JI.", property.key)] = property.value;
  }
  return properties;
}

}  // namespace opcon_snow::sandbox::opcon
