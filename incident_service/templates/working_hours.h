#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_WORKING_HOURS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_WORKING_HOURS_H_

// When people are at work, by the clock on the wall. See
// config.v1.WorkingHours.

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "config/v1/template_rules.pb.h"

namespace opcon_snow::incident {

// The zone of this name in the system's database. A fault at `field` and
// nullopt if there is none.
std::optional<absl::TimeZone> FindTimeZone(const std::string& name,
                                           const std::string& field,
                                           config::Faults* faults);

// Immutable; any thread may use it.
class WorkingHours {
 public:
  // Adds every fault to `faults`, with fields below `path`.
  static WorkingHours Compile(const ::config::v1::WorkingHours& config,
                              const std::string& path, config::Faults* faults);

  // Whether people are at work at that time, by the clock of the configured
  // zone, or of `otherwise` if none is configured. An hour that the clock shows
  // twice is the same both times; one that it leaves out does not exist.
  bool Contain(absl::Time time, absl::TimeZone otherwise) const;

 private:
  struct Period {
    int begin_minute = 0;  // of the day that it begins on
    int end_minute = 0;    // counted on, beyond 1440 on the next day
  };

  bool IsHoliday(absl::CivilDay day) const;
  bool PeriodOf(absl::CivilDay day, int minute) const;

  std::optional<absl::TimeZone> zone_;
  std::vector<std::pair<absl::Weekday, Period>> periods_;
  std::set<absl::CivilDay> holidays_;
  std::set<std::pair<int, int>> yearly_holidays_;  // month, day
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_WORKING_HOURS_H_
