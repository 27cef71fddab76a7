#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_ROUND_LOOP_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_ROUND_LOOP_H_

// The thread of a watcher: a round at once, then one after each interval. What
// goes wrong is logged when it begins and when it is over, not every time.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace opcon_snow::incident {

// How long a watcher with this interval claims its watch for: if its process
// dies, another one goes on after that.
absl::Duration WatchLease(absl::Duration interval);

// Counts what a watcher found to do; `name` is that of its loop.
void CountActions(absl::string_view name, int count);

class RoundLoop {
 public:
  // `name` leads the events of the log: `NAME.failed`, `NAME.recovered`. `look`
  // is a round; what it uses must outlive the loop. `interval` passes between
  // the end of one and the begin of the next.
  RoundLoop(absl::string_view name, absl::Duration interval, Clock* clock,
            std::function<absl::Status()> look);
  // Stops, if nobody did.
  ~RoundLoop();
  RoundLoop(const RoundLoop&) = delete;
  RoundLoop& operator=(const RoundLoop&) = delete;

  void Start();
  // Waits for the round under way. Idempotent; from any thread.
  void Stop();

 private:
  void Run();
  // A round, which is a trace of its own.
  absl::Status LookTraced() const;

  const std::string name_;
  const absl::Duration interval_;
  Clock* const clock_;
  const std::function<absl::Status()> look_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_ROUND_LOOP_H_
