#ifndef OPCON_SNOW_COMMON_CLOCK_CLOCK_H_
#define OPCON_SNOW_COMMON_CLOCK_CLOCK_H_

// Time as a dependency, so that tests decide what time it is.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "absl/time/time.h"

namespace opcon_snow {

using SteadyTime = std::chrono::steady_clock::time_point;

// All methods may be called from any thread at once.
class Clock {
 public:
  virtual ~Clock() = default;

  // The time of day. It may jump: use it for what is stored or shown, never to
  // measure how long something took.
  virtual absl::Time Now() const = 0;

  // A time that never goes back: for deadlines, delays and measurements.
  virtual SteadyTime SteadyNow() const = 0;

  // Waits until `done()` is true or SteadyNow() reaches `until`, whichever is
  // first; returns done(). `lock` must hold the mutex that guards what `done`
  // reads, and holds it again on return. Whoever changes the state notifies
  // `condition` as always. With SteadyTime::max() there is no limit.
  virtual bool WaitUntil(std::unique_lock<std::mutex>& lock,
                         std::condition_variable& condition, SteadyTime until,
                         const std::function<bool()>& done) = 0;
};

// The machine's clocks.
class RealClock final : public Clock {
 public:
  // One for the whole process; lives until it ends.
  static RealClock* Get();

  absl::Time Now() const override;
  SteadyTime SteadyNow() const override;
  bool WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& condition, SteadyTime until,
                 const std::function<bool()>& done) override;
};

// `from` + `delay` without overflow: an infinite or too long delay gives
// SteadyTime::max(), a negative one `from`.
SteadyTime SteadyAfter(SteadyTime from, absl::Duration delay);

// How long until `until`; zero if it has passed, infinite for
// SteadyTime::max().
absl::Duration TimeLeft(SteadyTime now, SteadyTime until);

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_CLOCK_CLOCK_H_
