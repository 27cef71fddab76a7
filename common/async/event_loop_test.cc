#include "common/async/event_loop.h"

#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/async/manual_event_loop.h"
#include "common/async/task.h"
#include "gtest/gtest.h"

namespace opcon_snow::async {
namespace {

TEST(ManualEventLoopTest, RunsPostedFunctionsInOrderAndOnlyWhenTold) {
  ManualEventLoop loop;
  std::string order;
  EXPECT_TRUE(loop.Post([&] {
    order += "a";
    loop.Post([&] { order += "c"; });
  }));
  EXPECT_TRUE(loop.Post([&] { order += "b"; }));
  EXPECT_EQ(order, "");
  EXPECT_EQ(loop.RunUntilIdle(), 3u);
  EXPECT_EQ(order, "abc");
}

TEST(ManualEventLoopTest, FiresTimersInOrderOfTimeThenOfCreation) {
  ManualEventLoop loop;
  std::string order;
  loop.After(absl::Seconds(2), [&] { order += "c"; });
  loop.After(absl::Seconds(1), [&] { order += "a"; });
  loop.After(absl::Seconds(1), [&] { order += "b"; });
  loop.After(absl::Seconds(-5), [&] { order += "0"; });
  EXPECT_EQ(loop.RunUntilIdle(), 1u);
  EXPECT_EQ(order, "0");
  loop.Advance(absl::Milliseconds(999));
  EXPECT_EQ(order, "0");
  loop.Advance(absl::Milliseconds(1));
  EXPECT_EQ(order, "0ab");
  loop.Advance(absl::Seconds(10));
  EXPECT_EQ(order, "0abc");
  EXPECT_EQ(loop.MonotonicNow(), absl::Seconds(11));
}

TEST(ManualEventLoopTest, TimerArmedByATimerFiresWithinTheSameAdvance) {
  ManualEventLoop loop;
  std::vector<absl::Duration> fired;
  loop.After(absl::Seconds(1), [&] {
    fired.push_back(loop.MonotonicNow());
    loop.After(absl::Seconds(1), [&] { fired.push_back(loop.MonotonicNow()); });
  });
  loop.Advance(absl::Seconds(5));
  EXPECT_EQ(fired,
            (std::vector<absl::Duration>{absl::Seconds(1), absl::Seconds(2)}));
}

TEST(ManualEventLoopTest, CancelledTimerNeverFires) {
  ManualEventLoop loop;
  bool fired = false;
  EventLoop::TimerId id = loop.After(absl::Seconds(1), [&] { fired = true; });
  EXPECT_TRUE(loop.Cancel(id));
  EXPECT_FALSE(loop.Cancel(id));
  EXPECT_FALSE(loop.Cancel(EventLoop::kNoTimer));
  loop.Advance(absl::Seconds(2));
  EXPECT_FALSE(fired);
}

TEST(ManualEventLoopTest, StopRunsWhatWasAcceptedAndRefusesTheRest) {
  ManualEventLoop loop;
  std::string order;
  loop.After(absl::InfiniteDuration(), [&] {
    EXPECT_TRUE(loop.Stopping());
    EXPECT_FALSE(loop.Post([&] { order += "never"; }));
    EXPECT_EQ(loop.After(absl::ZeroDuration(), [&] { order += "never"; }),
              EventLoop::kNoTimer);
    order += "timer";
  });
  loop.Post([&] { order += "posted "; });
  loop.Stop();
  EXPECT_EQ(order, "posted timer");
  loop.Stop();
  EXPECT_EQ(order, "posted timer");
}

Task<> HopAndNote(EventLoop* loop, absl::Status* status,
                  std::thread::id* thread) {
  *status = co_await Hop(*loop);
  *thread = std::this_thread::get_id();
}

TEST(HopTest, FromAnotherThreadContinuesOnTheLoopThread) {
  ManualEventLoop loop;
  absl::Status status = absl::UnknownError("not yet");
  std::thread::id thread;
  std::thread other([&] { Detach(HopAndNote(&loop, &status, &thread)); });
  other.join();
  EXPECT_EQ(thread, std::thread::id());
  loop.RunUntilIdle();
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(HopTest, OnTheLoopThreadDoesNotSuspend) {
  ManualEventLoop loop;
  absl::Status status = absl::UnknownError("not yet");
  std::thread::id thread;
  Detach(HopAndNote(&loop, &status, &thread));
  EXPECT_TRUE(status.ok());
}

TEST(HopTest, AfterStopContinuesOnTheCallerWithCancelled) {
  ManualEventLoop loop;
  loop.Stop();
  absl::Status status;
  std::thread::id thread;
  std::thread::id caller;
  std::thread other([&] {
    caller = std::this_thread::get_id();
    Detach(HopAndNote(&loop, &status, &thread));
  });
  other.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(thread, caller);
}

Task<> SleepAndNote(EventLoop* loop, absl::Duration duration,
                    std::stop_token stop, std::vector<absl::Status>* out) {
  absl::Status status = co_await Sleep(*loop, duration, std::move(stop));
  out->push_back(status);
}

TEST(SleepTest, EndsWithOkAfterTheDuration) {
  ManualEventLoop loop;
  std::vector<absl::Status> out;
  Detach(SleepAndNote(&loop, absl::Seconds(3), {}, &out));
  loop.Advance(absl::Milliseconds(2999));
  EXPECT_TRUE(out.empty());
  loop.Advance(absl::Milliseconds(1));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_TRUE(out[0].ok()) << out[0];
}

TEST(SleepTest, StopRequestOnAnyThreadEndsItWithCancelled) {
  ManualEventLoop loop;
  std::vector<absl::Status> out;
  std::stop_source source;
  Detach(SleepAndNote(&loop, absl::Hours(1), source.get_token(), &out));
  std::thread other([&] { source.request_stop(); });
  other.join();
  loop.RunUntilIdle();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(loop.pending_timers(), 0u);
}

TEST(SleepTest, AlreadyStoppedTokenEndsItAtOnce) {
  ManualEventLoop loop;
  std::vector<absl::Status> out;
  std::stop_source source;
  source.request_stop();
  Detach(SleepAndNote(&loop, absl::Hours(1), source.get_token(), &out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(loop.pending_timers(), 0u);
}

TEST(SleepTest, StoppingTheLoopEndsEverySleepWithCancelled) {
  ManualEventLoop loop;
  std::vector<absl::Status> out;
  std::stop_source source;
  Detach(SleepAndNote(&loop, absl::Hours(1), source.get_token(), &out));
  Detach(SleepAndNote(&loop, absl::InfiniteDuration(), {}, &out));
  loop.Stop();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(out[1].code(), absl::StatusCode::kCancelled);
  // A request after the end touches nothing.
  source.request_stop();
}

TEST(SleepTest, RequestRacingWithTheTimerResumesOnce) {
  for (int round = 0; round < 100; ++round) {
    ManualEventLoop loop;
    std::vector<absl::Status> out;
    std::stop_source source;
    Detach(SleepAndNote(&loop, absl::Seconds(1), source.get_token(), &out));
    std::thread other([&] { source.request_stop(); });
    loop.Advance(absl::Seconds(1));
    other.join();
    loop.RunUntilIdle();
    EXPECT_EQ(out.size(), 1u);
  }
}

}  // namespace
}  // namespace opcon_snow::async
