#include "sandbox/opcon/stepped_clock.h"

namespace opcon_snow::sandbox::opcon {

absl::Time SteppedClock::Now() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return moment_ ? *moment_ : base_->Now() + offset_;
}

void SteppedClock::Advance(absl::Duration delta) {
  const std::lock_guard<std::mutex> lock(mutex_);
  offset_ += delta;
}

void SteppedClock::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  offset_ = absl::ZeroDuration();
}

SteppedClock::Moment::Moment(SteppedClock* clock, absl::Time time)
    : clock_(clock) {
  const std::lock_guard<std::mutex> lock(clock_->mutex_);
  clock_->moment_ = time;
}

SteppedClock::Moment::~Moment() {
  const std::lock_guard<std::mutex> lock(clock_->mutex_);
  clock_->moment_.reset();
}

}  // namespace opcon_snow::sandbox::opcon
