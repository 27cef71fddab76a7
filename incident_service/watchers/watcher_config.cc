#include "incident_service/watchers/watcher_config.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/config/validate.h"
#include "google/protobuf/duration.pb.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kSection[] = "job_watcher";
constexpr int kMaxInstances = 100;
constexpr int kMaxDaysBack = 28;
constexpr absl::Duration kLeastInterval = absl::Seconds(1);
constexpr absl::Duration kMostInterval = absl::Hours(1);
constexpr absl::Duration kWeek = absl::Hours(24 * 7);

// Takes what is written over the default.
void Take(const google::protobuf::Duration& written, bool has,
          absl::Duration* option) {
  if (has) *option = config::ToDuration(written);
}

std::string Field(const char* name) {
  return config::FieldPath(kSection, name);
}

v1::EventKind KindOf(int event) {
  switch (event) {
    case ::config::v1::WATCHED_EVENT_JOB_FAILED:
      return v1::EVENT_KIND_JOB_FAILED;
    case ::config::v1::WATCHED_EVENT_MARKED_FAILED:
      return v1::EVENT_KIND_MARKED_FAILED;
    case ::config::v1::WATCHED_EVENT_INITIALIZATION_ERROR:
      return v1::EVENT_KIND_INITIALIZATION_ERROR;
    case ::config::v1::WATCHED_EVENT_MISSED_START_TIME:
      return v1::EVENT_KIND_MISSED_START_TIME;
    default:
      return v1::EVENT_KIND_UNSPECIFIED;
  }
}

void ValidateInstances(const ::config::v1::JobWatcher& config,
                       config::Faults* faults) {
  if (config.opcon_size() > kMaxInstances) {
    faults->Add(Field("opcon"),
                absl::StrCat("has ", config.opcon_size(), " entries; at most ",
                             kMaxInstances));
  }
  std::set<std::string> names;
  for (int i = 0; i < config.opcon_size(); ++i) {
    const std::string field = config::FieldPath(Field("opcon"), i);
    config::CheckRequired(field, config.opcon(i), faults);
    if (!names.insert(config.opcon(i)).second) {
      faults->Add(field,
                  absl::StrCat("\"", config.opcon(i), "\" is there already"));
    }
  }
}

}  // namespace

void ValidateJobWatcher(const ::config::v1::JobWatcher& config,
                        const TemplateSet* templates, config::Faults* faults) {
  if (config.has_interval()) {
    config::CheckRange(Field("interval"), config.interval(), kLeastInterval,
                       kMostInterval, faults);
  }
  if (config.has_grace_period()) {
    config::CheckRange(Field("grace_period"), config.grace_period(),
                       absl::ZeroDuration(), absl::Hours(24), faults);
  }
  config::CheckRange(Field("days_back"), config.days_back(), 1, kMaxDaysBack,
                     faults);
  ValidateInstances(config, faults);
  WatchedJobs::Compile(config.jobs(), Field("jobs"), faults);
  if (templates == nullptr) return;
  for (int i = 0; i < config.jobs_size(); ++i) {
    const std::string& name = config.jobs(i).template_();
    if (templates->Find(name) != nullptr) continue;
    faults->Add(config::FieldPath(Field("jobs"), i, "template"),
                absl::StrCat("\"", name, "\" is not among the templates: ",
                             templates->Names()));
  }
}

void ValidateTicketWatcher(const ::config::v1::TicketWatcher& config,
                           config::Faults* faults) {
  if (config.has_interval()) {
    config::CheckRange("ticket_watcher.interval", config.interval(),
                       kLeastInterval, kMostInterval, faults);
  }
  if (config.has_overlap()) {
    config::CheckRange("ticket_watcher.overlap", config.overlap(),
                       absl::Seconds(1), absl::Hours(1), faults);
  }
  if (config.has_verify_after()) {
    config::CheckRange("ticket_watcher.verify_after", config.verify_after(),
                       absl::Seconds(1), kWeek, faults);
  }
  if (config.has_sweep_interval()) {
    config::CheckRange("ticket_watcher.sweep_interval", config.sweep_interval(),
                       absl::Minutes(1), kWeek, faults);
  }
}

void ValidateRecoveryWatcher(const ::config::v1::RecoveryWatcher& config,
                             config::Faults* faults) {
  if (!config.has_interval()) return;
  config::CheckRange("recovery_watcher.interval", config.interval(),
                     kLeastInterval, kMostInterval, faults);
}

JobWatcherOptions JobWatcherOptionsFrom(
    const ::config::v1::IncidentServiceConfig& config) {
  const ::config::v1::JobWatcher& section = config.job_watcher();
  JobWatcherOptions options;
  Take(section.interval(), section.has_interval(), &options.interval);
  Take(section.grace_period(), section.has_grace_period(),
       &options.grace_period);
  options.report_existing = section.report_existing();
  options.opcons.assign(section.opcon().begin(), section.opcon().end());
  if (options.opcons.empty()) options.opcons = {config.default_opcon()};
  if (section.days_back() > 0) options.days_back = section.days_back();
  if (section.events_size() > 0) options.events.clear();
  for (const int event : section.events()) {
    options.events.insert(KindOf(event));
  }
  config::Faults none;
  options.jobs = WatchedJobs::Compile(section.jobs(), kSection, &none);
  return options;
}

TicketWatcherOptions WatcherOptionsFrom(
    const ::config::v1::TicketWatcher& config) {
  TicketWatcherOptions options;
  Take(config.interval(), config.has_interval(), &options.interval);
  Take(config.overlap(), config.has_overlap(), &options.overlap);
  Take(config.verify_after(), config.has_verify_after(), &options.verify_after);
  Take(config.sweep_interval(), config.has_sweep_interval(),
       &options.sweep_interval);
  return options;
}

RecoveryWatcherOptions WatcherOptionsFrom(
    const ::config::v1::RecoveryWatcher& config) {
  RecoveryWatcherOptions options;
  Take(config.interval(), config.has_interval(), &options.interval);
  return options;
}

}  // namespace opcon_snow::incident
