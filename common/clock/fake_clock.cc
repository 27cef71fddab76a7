#include "common/clock/fake_clock.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace opcon_snow {
namespace {

// How often a waiting thread looks at the clock. Waking it from Advance would
// need the mutexes of others in an order that can deadlock.
constexpr std::chrono::milliseconds kPollInterval(1);

}  // namespace

FakeClock::FakeClock()
    : FakeClock(absl::FromCivil(absl::CivilSecond(2026, 1, 5, 12, 0, 0),
                                absl::UTCTimeZone())) {}

FakeClock::FakeClock(absl::Time start)
    : now_(start), steady_(std::chrono::hours(1)) {}

absl::Time FakeClock::Now() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

SteadyTime FakeClock::SteadyNow() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return steady_;
}

bool FakeClock::WaitUntil(std::unique_lock<std::mutex>& lock,
                          std::condition_variable& condition, SteadyTime until,
                          const std::function<bool()>& done) {
  const auto add_waiting = [this](int difference) {
    const std::lock_guard<std::mutex> guard(mutex_);
    waiting_ += difference;
    waiting_changed_.notify_all();
  };
  if (done()) return true;
  add_waiting(1);
  while (!done() && SteadyNow() < until) {
    condition.wait_for(lock, kPollInterval);
  }
  add_waiting(-1);
  return done();
}

void FakeClock::Advance(absl::Duration delta) {
  const std::lock_guard<std::mutex> lock(mutex_);
  now_ += delta;
  steady_ = SteadyAfter(steady_, delta);
}

void FakeClock::SetNow(absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  now_ = now;
}

bool FakeClock::AwaitWaiters(int count, absl::Duration limit) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return waiting_changed_.wait_for(lock, absl::ToChronoNanoseconds(limit),
                                   [&] { return waiting_ >= count; });
}

}  // namespace opcon_snow
