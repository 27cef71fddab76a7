#include "common/clock/clock.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"

namespace opcon_snow {
namespace {

TEST(SteadyAfterTest, NeverOverflows) {
  const SteadyTime now = RealClock::Get()->SteadyNow();
  EXPECT_EQ(SteadyAfter(now, absl::Seconds(2)), now + std::chrono::seconds(2));
  EXPECT_EQ(SteadyAfter(now, -absl::Seconds(2)), now);
  EXPECT_EQ(SteadyAfter(now, absl::InfiniteDuration()), SteadyTime::max());
  EXPECT_EQ(SteadyAfter(now, absl::Hours(24 * 365 * 400)), SteadyTime::max());
  EXPECT_EQ(SteadyAfter(SteadyTime::max(), absl::Nanoseconds(1)),
            SteadyTime::max());
}

TEST(TimeLeftTest, IsZeroWhenOverAndInfiniteWithoutLimit) {
  const SteadyTime now = RealClock::Get()->SteadyNow();
  EXPECT_EQ(TimeLeft(now, now + std::chrono::seconds(3)), absl::Seconds(3));
  EXPECT_EQ(TimeLeft(now, now), absl::ZeroDuration());
  EXPECT_EQ(TimeLeft(now, now - std::chrono::seconds(3)), absl::ZeroDuration());
  EXPECT_EQ(TimeLeft(now, SteadyTime::max()), absl::InfiniteDuration());
}

TEST(RealClockTest, WaitsForTheLimitOrTheCondition) {
  Clock* clock = RealClock::Get();
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock<std::mutex> lock(mutex);
  const SteadyTime start = clock->SteadyNow();
  EXPECT_FALSE(clock->WaitUntil(lock, condition,
                                start + std::chrono::milliseconds(5),
                                [] { return false; }));
  EXPECT_GE(clock->SteadyNow(), start + std::chrono::milliseconds(5));
  bool ready = false;
  std::thread setter([&] {
    const std::lock_guard<std::mutex> guard(mutex);
    ready = true;
    condition.notify_all();
  });
  EXPECT_TRUE(clock->WaitUntil(lock, condition, SteadyTime::max(),
                               [&] { return ready; }));
  lock.unlock();
  setter.join();
}

TEST(FakeClockTest, StandsStillUntilAdvanced) {
  FakeClock clock;
  const absl::Time now = clock.Now();
  const SteadyTime steady = clock.SteadyNow();
  EXPECT_EQ(clock.Now(), now);
  clock.Advance(absl::Minutes(2));
  EXPECT_EQ(clock.Now(), now + absl::Minutes(2));
  EXPECT_EQ(clock.SteadyNow(), steady + std::chrono::minutes(2));
  clock.SetNow(absl::UnixEpoch());
  EXPECT_EQ(clock.Now(), absl::UnixEpoch());
  EXPECT_EQ(clock.SteadyNow(), steady + std::chrono::minutes(2));
}

TEST(FakeClockTest, WakesWaitersWhenTheirTimeHasCome) {
  FakeClock clock;
  std::mutex mutex;
  std::condition_variable condition;
  bool timed_out = false;
  std::thread waiter([&] {
    std::unique_lock<std::mutex> lock(mutex);
    timed_out = !clock.WaitUntil(
        lock, condition, SteadyAfter(clock.SteadyNow(), absl::Hours(7 * 24)),
        [] { return false; });
  });
  ASSERT_TRUE(clock.AwaitWaiters(1));
  clock.Advance(absl::Hours(7 * 24));
  waiter.join();
  EXPECT_TRUE(timed_out);
}

TEST(FakeClockTest, WaitersSeeTheirCondition) {
  FakeClock clock;
  std::mutex mutex;
  std::condition_variable condition;
  bool ready = false;
  bool result = false;
  std::thread waiter([&] {
    std::unique_lock<std::mutex> lock(mutex);
    result = clock.WaitUntil(lock, condition, SteadyTime::max(),
                             [&] { return ready; });
  });
  ASSERT_TRUE(clock.AwaitWaiters(1));
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ready = true;
  }
  condition.notify_all();
  waiter.join();
  EXPECT_TRUE(result);
  EXPECT_FALSE(clock.AwaitWaiters(1, absl::ZeroDuration()));
}

}  // namespace
}  // namespace opcon_snow
