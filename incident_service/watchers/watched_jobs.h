#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_WATCHED_JOBS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_WATCHED_JOBS_H_

// Which jobs the job watcher reports, and with which template. See
// config.v1.WatchedJobs.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "config/v1/incident_service.pb.h"
#include "incident/v1/report.pb.h"
#include "incident_service/templates/rule_matcher.h"
#include "opcon/v1/daily_job.pb.h"

namespace opcon_snow::incident {

// Immutable; any thread may use it.
class WatchedJobs {
 public:
  using Configs = google::protobuf::RepeatedPtrField<::config::v1::WatchedJobs>;

  // Adds every fault to `faults`, with fields below `path`; null if there is
  // any. Whether the templates exist is not looked at.
  static std::shared_ptr<const WatchedJobs> Compile(const Configs& configs,
                                                    absl::string_view path,
                                                    config::Faults* faults);

  // The template that the job's failure is reported with, empty for the
  // default; nullopt if the job is not watched.
  std::optional<std::string> TemplateFor(
      const ::incident::v1::Failure& failure,
      const ::opcon::v1::DailyJob& job) const;

 private:
  struct Entry {
    std::vector<RuleMatcher> matchers;
    std::string template_name;
    bool ignore = false;
  };

  std::vector<Entry> entries_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_WATCHED_JOBS_H_
