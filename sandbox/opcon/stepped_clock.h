#ifndef OPCON_SNOW_SANDBOX_OPCON_STEPPED_CLOCK_H_
#define OPCON_SNOW_SANDBOX_OPCON_STEPPED_CLOCK_H_

// The sandbox's own time: another clock's, moved on by tests and demos.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace opcon_snow::sandbox::opcon {

// The steady time and the waits are those of the clock beneath.
class SteppedClock final : public Clock {
 public:
  // `base` is not owned and must outlive this.
  explicit SteppedClock(Clock* base) : base_(base) {}

  absl::Time Now() const override;
  SteadyTime SteadyNow() const override { return base_->SteadyNow(); }
  bool WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& condition, SteadyTime until,
                 const std::function<bool()>& done) override {
    return base_->WaitUntil(lock, condition, until, done);
  }

  // Moves Now() on. `delta` must not be negative.
  void Advance(absl::Duration delta);

  // As at the start.
  void Reset();

  // While one lives, Now() is `time` for everybody: what was due then happens
  // with the time at which it was due. One at a time.
  class Moment {
   public:
    Moment(SteppedClock* clock, absl::Time time);
    ~Moment();
    Moment(const Moment&) = delete;
    Moment& operator=(const Moment&) = delete;

   private:
    SteppedClock* const clock_;
  };

 private:
  Clock* const base_;
  mutable std::mutex mutex_;
  absl::Duration offset_ = absl::ZeroDuration();
  std::optional<absl::Time> moment_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_STEPPED_CLOCK_H_
