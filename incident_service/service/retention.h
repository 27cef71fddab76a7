#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_RETENTION_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_RETENTION_H_

// Deletes what is past its retention, now and then and a little at a time.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

struct RetentionOptions {
  // Reports after they ended, and audit entries.
  absl::Duration reports = absl::Hours(24 * 90);
  // What de-duplicates. Longer than the above.
  absl::Duration keys = absl::Hours(24 * 400);
  // Between two looks.
  absl::Duration interval = absl::Minutes(10);
};

class Retention {
 public:
  // Both must outlive it.
  Retention(RetentionOptions options, Store* store, Clock* clock);
  // Stops, if nobody did.
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  void Start();
  // Does not wait for more than one batch. Idempotent.
  void Stop();

 private:
  void Loop();
  // One batch; true if there may be more.
  bool DeleteSome();

  const RetentionOptions options_;
  Store* const store_;
  Clock* const clock_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_RETENTION_H_
