#include "sandbox/servicenow/script/script_log.h"

#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::servicenow {

void ScriptLog::Write(LogLevel level, absl::string_view message,
                      absl::string_view source) {
  const std::string id = records_->NewSysId();
  // A record that cannot be stored is no reason to fail the script.
  (void)records_->Load("syslog",
                       {{"sys_id", id},
                        {"level", absl::StrCat(static_cast<int>(level))},
                        {"message", std::string(message)},
                        {"source", std::string(source)}});
  std::string oldest;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ids_.push_back(id);
    if (ids_.size() <= kMostEntries) return;
    oldest = ids_.front();
    ids_.pop_front();
  }
  (void)records_->Delete("syslog", oldest,
                         {.actor = {"", "system", true}, .run_hooks = false});
}

void ScriptLog::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ids_.clear();
}

}  // namespace opcon_snow::sandbox::servicenow
