#include "incident_service/config_validation.h"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/config/validate.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/channel_config.h"
#include "common/rpc/server_config.h"
#include "incident_service/http/http_door.h"
#include "incident_service/options.h"
#include "incident_service/templates/template_library.h"
#include "incident_service/watchers/watcher_config.h"

namespace opcon_snow::incident {
namespace {

namespace fs = std::filesystem;
using ::config::v1::IncidentServiceConfig;

void ValidateWorkflow(const ::config::v1::Workflow& workflow,
                      config::Faults* faults) {
  config::CheckRange("workflow.workers", workflow.workers(), 1, 256, faults);
  config::CheckRange("workflow.max_open_reports", workflow.max_open_reports(),
                     1, 1000000000, faults);
  if (workflow.has_initial_backoff()) {
    config::CheckRange("workflow.initial_backoff", workflow.initial_backoff(),
                       absl::Milliseconds(10), absl::Hours(1), faults);
  }
  if (workflow.has_max_backoff()) {
    config::CheckRange("workflow.max_backoff", workflow.max_backoff(),
                       absl::Milliseconds(10), absl::Hours(24), faults);
  }
  if (workflow.has_give_up_after()) {
    config::CheckRange("workflow.give_up_after", workflow.give_up_after(),
                       absl::Seconds(1), absl::Hours(24 * 90), faults);
  }
  if (workflow.has_settle_delay()) {
    config::CheckRange("workflow.settle_delay", workflow.settle_delay(),
                       absl::Seconds(1), absl::Hours(1), faults);
  }
  if (workflow.has_provisional_ticket_after()) {
    config::CheckRange("workflow.provisional_ticket_after",
                       workflow.provisional_ticket_after(), absl::Minutes(1),
                       absl::Hours(24 * 7), faults);
  }
  if (workflow.has_call_timeout()) {
    config::CheckRange("workflow.call_timeout", workflow.call_timeout(),
                       absl::Seconds(1), absl::Minutes(15), faults);
  }
}

void ValidateStore(const ::config::v1::Store& store, config::Faults* faults) {
  config::CheckRequired("store.sqlite.path", store.sqlite().path(), faults);
  constexpr absl::Duration kDay = absl::Hours(24);
  if (store.has_retention()) {
    config::CheckRange("store.retention", store.retention(), kDay, 3650 * kDay,
                       faults);
  }
  if (!store.has_key_retention()) return;
  config::CheckRange("store.key_retention", store.key_retention(), kDay,
                     3650 * kDay, faults);
  const RetentionOptions retention = RetentionFrom(store);
  if (retention.keys < retention.reports) {
    faults->Add("store.key_retention",
                "must not be shorter than store.retention (90d unless given): "
                "a report that is kept needs the ids that belong to it");
  }
}

void CheckFolder(const fs::path& folder, absl::string_view field,
                 config::Faults* faults) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    faults->Add(field, absl::StrCat(folder.string(),
                                    " is no folder; make it, on a local disk"));
  } else if (access(folder.c_str(), W_OK | X_OK) != 0) {
    faults->Add(field, absl::StrCat(folder.string(),
                                    ": this user may not write there"));
  }
}

void ValidateDeployment(const std::string& deployment, config::Faults* faults) {
  bool letters = true;
  for (const char c : deployment) {
    letters = letters &&
              (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-');
  }
  if (deployment.empty() || deployment.size() > 63 || !letters) {
    faults->Add("deployment",
                "must have 1 to 63 letters, digits and -, such as "
                "\"production\": it keeps the incidents of two deployments "
                "apart");
  }
}

}  // namespace

void CheckStorePlace(const ::config::v1::SqliteStore& sqlite,
                     config::Faults* faults) {
  if (!sqlite.backup_directory().empty()) {
    CheckFolder(sqlite.backup_directory(), "store.sqlite.backup_directory",
                faults);
  }
  const fs::path path(sqlite.path());
  if (path.empty()) return;
  const char* const field = "store.sqlite.path";
  CheckFolder(path.has_parent_path() ? path.parent_path() : fs::path("."),
              field, faults);
  std::error_code error;
  if (!fs::exists(path, error)) return;
  if (!fs::is_regular_file(path, error) ||
      access(path.c_str(), R_OK | W_OK) != 0) {
    faults->Add(field,
                absl::StrCat(path.string(),
                             " is no file that this user may read and write"));
  }
}

void ValidateConfig(const IncidentServiceConfig& config,
                    config::Faults* faults) {
  rpc::ValidateListener(config.listener(), "listener", faults);
  metrics::ValidateMetricsListener(config.telemetry(), "telemetry", faults);
  if (config.has_http()) {
    ValidateHttpDoor(config.http(), "http",
                     config.listener().has_authorization(), faults);
  }
  rpc::ValidateChannel(config.opcon_gateway(), "opcon_gateway", faults);
  rpc::ValidateChannel(config.servicenow_gateway(), "servicenow_gateway",
                       faults);
  ValidateStore(config.store(), faults);
  config::CheckRequired("default_opcon", config.default_opcon(), faults);
  ValidateDeployment(config.deployment(), faults);
  ValidateWorkflow(config.workflow(), faults);
  ValidateTicketWatcher(config.ticket_watcher(), faults);
  ValidateRecoveryWatcher(config.recovery_watcher(), faults);
  const std::shared_ptr<const TemplateSet> templates =
      LoadTemplates(config, RealClock::Get()->Now(), faults);
  ValidateJobWatcher(config.job_watcher(), templates.get(), faults);
}

}  // namespace opcon_snow::incident
