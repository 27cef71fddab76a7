#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_CHANGE_BELL_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_CHANGE_BELL_H_

// Lets coroutines wait for the next change of the store: one thread for all of
// them, and none that waits for one alone.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/async/one_shot.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// Thread-safe.
class ChangeBell {
 public:
  // Both must outlive it.
  ChangeBell(Store* store, Clock* clock);
  // Nobody must wait any more.
  ~ChangeBell();
  ChangeBell(const ChangeBell&) = delete;
  ChangeBell& operator=(const ChangeBell&) = delete;

  // Everybody goes on now. Does not block.
  void Ring();
  // How often it was rung. Who waits asks before looking for a reason not to,
  // so that no ring is missed in between.
  std::int64_t rings() const;
  // `co_await bell.After(…).Wait()` goes on, on the bell's thread, which must
  // not be held up, when the store has changes after number `sequence`, or it
  // was rung more than `rings` times; at the latest after `limit`.
  async::OneShot<bool> After(std::int64_t sequence, std::int64_t rings,
                             absl::Duration limit);

 private:
  struct Waiter {
    std::int64_t sequence;
    std::int64_t rings;
    SteadyTime until;
    async::OneShot<bool> woken;
  };

  void Loop();
  // Those whose wait is over, `last` being the last change, or everybody.
  // `mutex_` is held.
  std::vector<async::OneShot<bool>> TakeDue(std::int64_t last, bool everybody);

  Store* const store_;
  Clock* const clock_;
  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  std::vector<Waiter> waiters_;  // guarded by mutex_
  bool woken_ = false;           // guarded by mutex_
  std::int64_t rings_ = 0;       // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_
  std::unique_ptr<StoreSubscription> subscription_;
  std::thread thread_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_CHANGE_BELL_H_
