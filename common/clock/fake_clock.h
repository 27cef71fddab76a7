#ifndef OPCON_SNOW_COMMON_CLOCK_FAKE_CLOCK_H_
#define OPCON_SNOW_COMMON_CLOCK_FAKE_CLOCK_H_

// A clock that stands still until a test moves it. Tests only.

#include <condition_variable>
#include <functional>
#include <mutex>

#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace opcon_snow {

class FakeClock final : public Clock {
 public:
  // Starts at 2026-01-05 12:00:00 UTC unless told otherwise; the steady time
  // starts one hour after its epoch.
  FakeClock();
  explicit FakeClock(absl::Time start);

  absl::Time Now() const override;
  SteadyTime SteadyNow() const override;
  bool WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& condition, SteadyTime until,
                 const std::function<bool()>& done) override;

  // Moves both times on. Whoever is inside WaitUntil notices within about a
  // millisecond of real time. `delta` must not be negative.
  void Advance(absl::Duration delta);

  // Sets the time of day alone, also back: what an administrator or NTP does.
  void SetNow(absl::Time now);

  // Waits (in real time) until `count` threads are inside WaitUntil, so that a
  // test advances only what is really waiting. False after `limit`.
  bool AwaitWaiters(int count, absl::Duration limit = absl::Seconds(10)) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable waiting_changed_;
  absl::Time now_;
  SteadyTime steady_;
  int waiting_ = 0;
};

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_CLOCK_FAKE_CLOCK_H_
