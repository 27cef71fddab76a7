#ifndef OPCON_SNOW_SANDBOX_NOTIFY_MANAGER_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_MANAGER_H_

// Stands in for OpCon's Notification Manager and SMA Notify Handler: reads
// notifications and runs the commands of the rules whose trigger they have.
//
// Like the product, as far as it is known: a command is one string; tokens are
// replaced in it; Windows splits it; no shell; no environment of ours; the exit
// code is ignored. Commands run one after the other, in the order of the
// notifications and then of the rules.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "sandbox/notify/notification_source.h"
#include "sandbox/notify/run_log.h"
#include "sandbox/notify/settings.h"

namespace opcon_snow::sandbox::notify {

class Manager {
 public:
  // Nothing is owned; everything must outlive this.
  Manager(const Settings& settings, NotificationSource* source, RunLog* log,
          Clock* clock);

  // Until `stop` is requested, or Settings::once notifications were handled.
  // An OpCon that is down is asked again after 0.1 s, doubled each time up to
  // 5 s. The only errors are those of the log and the cursor file.
  absl::Status Run(std::stop_token stop);

  // Notifications that at least one rule applied to.
  std::int64_t handled() const { return handled_; }

 private:
  absl::Status Handle(const Notification& notification, std::stop_token stop);
  absl::Status RunCommand(const Rule& rule, const Notification& notification,
                          std::stop_token stop);
  bool Finished() const;
  // Waits `delay`; at once true if a stop is requested.
  bool WaitOrStop(absl::Duration delay, std::stop_token stop);

  const Settings settings_;
  NotificationSource* const source_;
  RunLog* const log_;
  Clock* const clock_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::int64_t handled_ = 0;
};

// The cursor file: {"epoch":E,"since":N}. A file that is not there gives the
// start.
absl::StatusOr<Cursor> LoadCursor(const std::string& path);
absl::Status SaveCursor(const std::string& path, const Cursor& cursor);

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_MANAGER_H_
