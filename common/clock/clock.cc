#include "common/clock/clock.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace opcon_snow {

RealClock* RealClock::Get() {
  static RealClock clock;
  return &clock;
}

absl::Time RealClock::Now() const { return absl::Now(); }

SteadyTime RealClock::SteadyNow() const {
  return std::chrono::steady_clock::now();
}

bool RealClock::WaitUntil(std::unique_lock<std::mutex>& lock,
                          std::condition_variable& condition, SteadyTime until,
                          const std::function<bool()>& done) {
  // wait_until would compute with max() and overflow.
  if (until == SteadyTime::max()) {
    condition.wait(lock, done);
    return true;
  }
  return condition.wait_until(lock, until, done);
}

SteadyTime SteadyAfter(SteadyTime from, absl::Duration delay) {
  if (delay <= absl::ZeroDuration()) return from;
  const absl::Duration room =
      absl::FromChrono(SteadyTime::max().time_since_epoch()) -
      absl::FromChrono(from.time_since_epoch());
  if (delay >= room) return SteadyTime::max();
  return from + absl::ToChronoNanoseconds(delay);
}

absl::Duration TimeLeft(SteadyTime now, SteadyTime until) {
  if (until == SteadyTime::max()) return absl::InfiniteDuration();
  if (until <= now) return absl::ZeroDuration();
  return absl::FromChrono(until.time_since_epoch()) -
         absl::FromChrono(now.time_since_epoch());
}

}  // namespace opcon_snow
