#include "common/async/task.h"

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/async/one_shot.h"
#include "common/async/sync_wait.h"
#include "gtest/gtest.h"

namespace opcon_snow::async {
namespace {

// Counts its live copies, to find frames that are freed never or twice.
class Counted {
 public:
  explicit Counted(int* live) : live_(live) { ++*live_; }
  Counted(const Counted& other) : live_(other.live_) { ++*live_; }
  Counted(Counted&& other) noexcept : live_(other.live_) { ++*live_; }
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&&) = delete;
  ~Counted() { --*live_; }

 private:
  int* live_;
};

Task<int> Value(int value) { co_return value; }

Task<int> Sum(int a, int b) {
  int left = co_await Value(a);
  int right = co_await Value(b);
  co_return left + right;
}

TEST(TaskTest, RunsNothingUntilStarted) {
  bool ran = false;
  auto body = [](bool* ran) -> Task<> {
    *ran = true;
    co_return;
  };
  Task<> task = body(&ran);
  EXPECT_FALSE(ran);
  Detach(std::move(task));
  EXPECT_TRUE(ran);
  EXPECT_FALSE(task.valid());  // NOLINT(bugprone-use-after-move): is the point
}

TEST(TaskTest, PassesValuesUpThroughNestedTasks) {
  EXPECT_EQ(SyncWait(Sum(40, 2)), 42);
}

TEST(TaskTest, CarriesMoveOnlyValues) {
  auto body = [](std::unique_ptr<int> in) -> Task<std::unique_ptr<int>> {
    ++*in;
    co_return in;
  };
  std::unique_ptr<int> out = SyncWait(body(std::make_unique<int>(1)));
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(*out, 2);
}

TEST(TaskTest, IsMoveOnly) {
  EXPECT_FALSE(std::is_copy_constructible_v<Task<int>>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<Task<int>>);
}

TEST(TaskTest, NeverStartedTaskFreesItsParameters) {
  int live = 0;
  {
    auto body = [](Counted) -> Task<> { co_return; };
    Task<> task = body(Counted(&live));
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
}

TEST(TaskTest, MoveAssignmentFreesTheOldFrame) {
  int live = 0;
  auto body = [](Counted) -> Task<> { co_return; };
  Task<> task = body(Counted(&live));
  Task<> other = body(Counted(&live));
  EXPECT_EQ(live, 2);
  task = std::move(other);
  EXPECT_EQ(live, 1);
}

Task<> HoldUntilSet(Counted /*held*/, OneShot<int> gate, int* seen) {
  *seen = co_await gate.Wait();
}

TEST(TaskTest, DetachedFrameLivesUntilItFinishes) {
  int live = 0;
  int seen = 0;
  OneShot<int> gate;
  Detach(HoldUntilSet(Counted(&live), gate, &seen));
  EXPECT_EQ(live, 1);
  EXPECT_EQ(seen, 0);
  EXPECT_TRUE(gate.Set(7));
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(live, 0);
}

TEST(TaskTest, StartCallsBackOnTheThreadThatFinished) {
  OneShot<int> gate;
  auto body = [](OneShot<int> gate) -> Task<int> {
    int value = co_await gate.Wait();
    co_return value + 1;
  };
  std::thread::id finished_on;
  int result = 0;
  Start(body(gate), [&](int value) {
    result = value;
    finished_on = std::this_thread::get_id();
  });
  std::thread setter([&] { gate.Set(1); });
  const std::thread::id setter_id = setter.get_id();
  setter.join();
  EXPECT_EQ(result, 2);
  EXPECT_EQ(finished_on, setter_id);
}

Task<long> CountDown(int n) {
  long total = 0;
  for (int i = 0; i < n; ++i) {
    int one = co_await Value(1);
    total += one;
  }
  co_return total;
}

TEST(TaskTest, ManySynchronousAwaitsDoNotExhaustTheStack) {
  EXPECT_EQ(SyncWait(CountDown(10000)), 10000);
}

Task<int> Nested(int depth) {
  if (depth == 0) co_return 0;
  int below = co_await Nested(depth - 1);
  co_return below + 1;
}

TEST(TaskTest, NestsDeeply) { EXPECT_EQ(SyncWait(Nested(1000)), 1000); }

TEST(TaskTest, SyncWaitWaitsForAnotherThread) {
  OneShot<std::string> gate;
  std::thread setter([gate]() mutable { gate.Set("late"); });
  auto body = [](OneShot<std::string> gate) -> Task<std::string> {
    std::string value = co_await gate.Wait();
    co_return value;
  };
  EXPECT_EQ(SyncWait(body(gate)), "late");
  setter.join();
}

TEST(TaskDeathTest, AnEscapingExceptionEndsTheProcessWithItsText) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto body = []() -> Task<> {
    throw std::runtime_error("the reason");
    co_return;
  };
  EXPECT_DEATH(Detach(body()), "left a coroutine.*the reason");
}

TEST(TaskDeathTest, AwaitingAMovedFromTaskEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Task<int> task = Value(1);
  Task<int> other = std::move(task);
  EXPECT_DEATH(SyncWait(std::move(task)),  // NOLINT(bugprone-use-after-move)
               "moved-from Task");
}

TEST(OneShotTest, FirstValueWins) {
  OneShot<int> gate;
  EXPECT_FALSE(gate.IsSet());
  EXPECT_TRUE(gate.Set(1));
  EXPECT_FALSE(gate.Set(2));
  EXPECT_TRUE(gate.IsSet());
  auto body = [](OneShot<int> gate) -> Task<int> {
    int value = co_await gate.Wait();
    co_return value;
  };
  EXPECT_EQ(SyncWait(body(gate)), 1);
}

TEST(OneShotTest, ManySettersResumeTheWaiterOnce) {
  for (int round = 0; round < 50; ++round) {
    OneShot<int> gate;
    std::vector<std::thread> setters;
    setters.reserve(4);
    for (int i = 0; i < 4; ++i) {
      setters.emplace_back([gate, i]() mutable { gate.Set(i); });
    }
    int seen = -1;
    OneShot<bool> finished;
    auto body = [](OneShot<int> gate, int* seen,
                   OneShot<bool> finished) -> Task<> {
      *seen = co_await gate.Wait();
      finished.Set(true);
    };
    Detach(body(gate, &seen, finished));
    for (std::thread& setter : setters) setter.join();
    EXPECT_TRUE(finished.IsSet());
    EXPECT_GE(seen, 0);
  }
}

}  // namespace
}  // namespace opcon_snow::async
