#include "incident_service/templates/ticket_settings.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/config/validate.h"

namespace opcon_snow::incident {

void CheckStateSync(const ::config::v1::StateSync& config,
                    const std::string& path, config::Faults* faults) {
  const std::string field = path + ".on_failure_in_progress";
  switch (config.on_failure_in_progress()) {
    case ::config::v1::JOB_FOLLOW_ACTION_UNSPECIFIED:
    case ::config::v1::JOB_FOLLOW_ACTION_NONE:
      return;
    case ::config::v1::JOB_FOLLOW_ACTION_MARK_UNDER_REVIEW:
      if (config.mode() == ::config::v1::STATE_SYNC_MODE_UNSPECIFIED) {
        faults->Add(field, "has no meaning without mode: watch or verify");
      }
      return;
    default:
      faults->Add(field,
                  "must be none or mark_under_review: a job that has failed "
                  "again is restarted, cancelled or marked Fixed by people "
                  "only");
  }
}

void CheckRecovery(const ::config::v1::Recovery& config,
                   const std::string& path, config::Faults* faults) {
  if (config.has_grace_period()) {
    config::CheckRange(path + ".grace_period", config.grace_period(),
                       absl::ZeroDuration(), absl::Hours(24 * 7), faults);
  }
  if (config.close_code().size() > kMaxCloseCode &&
      !absl::StrContains(config.close_code(), "{{")) {
    faults->Add(path + ".close_code",
                absl::StrCat("must have at most ", kMaxCloseCode,
                             " characters: ServiceNow cuts off the rest"));
  }
  const bool says_more = !config.close_code().empty() ||
                         !config.close_notes().empty() ||
                         config.has_grace_period();
  if (config.action() == ::config::v1::RECOVERY_ACTION_UNSPECIFIED &&
      says_more) {
    faults->Add(path + ".action",
                "must be given: resolve or work_note, or off to take back what "
                "is inherited");
  }
}

}  // namespace opcon_snow::incident
