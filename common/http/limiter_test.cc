#include "common/http/limiter.h"

#include <deque>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/async/manual_event_loop.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Grant = absl::StatusOr<Limiter::Permit>;

class LimiterTest : public ::testing::Test {
 protected:
  // Asks for a slot; what came of it is in the optional once it is known.
  static void Ask(Limiter& limiter, Priority priority,
                  std::optional<Grant>& grant,
                  absl::Duration deadline = absl::InfiniteDuration(),
                  std::stop_token stop = {}) {
    async::Start(limiter.Acquire(priority, deadline, std::move(stop)),
                 [&grant](Grant given) { grant.emplace(std::move(given)); });
  }

  // A place for an answer that lives as long as the loop may give one.
  std::optional<Grant>& New() { return grants_.emplace_back(); }

  void TearDown() override {
    loop_.Stop();
    grants_.clear();
  }

  async::ManualEventLoop loop_;

 private:
  std::deque<std::optional<Grant>> grants_;
};

TEST_F(LimiterTest, GivesSlotsUpToTheLimitAndThenInOrderOfArrival) {
  Limiter limiter(&loop_, {2, 10});
  std::optional<Grant>* grants[] = {&New(), &New(), &New(), &New()};
  for (auto* grant : grants) Ask(limiter, Priority::kUpdate, *grant);
  EXPECT_TRUE(grants[0]->has_value() && grants[1]->has_value());
  EXPECT_FALSE(grants[2]->has_value() || grants[3]->has_value());
  EXPECT_EQ(limiter.queued(), 2u);

  grants[1]->reset();
  loop_.RunUntilIdle();
  ASSERT_TRUE(grants[2]->has_value());
  EXPECT_OK(**grants[2]);
  EXPECT_FALSE(grants[3]->has_value());
  grants[0]->reset();
  loop_.RunUntilIdle();
  ASSERT_TRUE(grants[3]->has_value());
  EXPECT_EQ(limiter.in_use(), 2);
  EXPECT_EQ(loop_.pending_timers(), 0u);
}

TEST_F(LimiterTest, CreatesGoBeforeUpdatesBeforeUploads) {
  Limiter limiter(&loop_, {1, 10});
  std::optional<Grant>& holder = New();
  Ask(limiter, Priority::kUpdate, holder);
  std::vector<std::string> order;
  auto ask = [&](Priority priority, std::string name) {
    async::Start(limiter.Acquire(priority, absl::InfiniteDuration()),
                 [&order, name](Grant) { order.push_back(name); });
  };
  ask(Priority::kUpload, "upload");
  ask(Priority::kUpdate, "update");
  ask(Priority::kCreate, "create");
  holder.reset();
  loop_.RunUntilIdle();
  EXPECT_THAT(order, ElementsAre("create", "update", "upload"));
}

TEST_F(LimiterTest, UploadsHoldAtMostHalfOfTheSlots) {
  Limiter limiter(&loop_, {4, 10});
  for (int i = 0; i < 4; ++i) Ask(limiter, Priority::kUpload, New());
  EXPECT_EQ(limiter.in_use(), 2);
  std::optional<Grant>& create = New();
  Ask(limiter, Priority::kCreate, create);
  ASSERT_TRUE(create.has_value());
  EXPECT_OK(*create);
}

TEST_F(LimiterTest, RefusesAtOnceWhenTheQueueIsFull) {
  Limiter limiter(&loop_, {1, 1});
  std::optional<Grant>& first = New();
  std::optional<Grant>& second = New();
  std::optional<Grant>& third = New();
  Ask(limiter, Priority::kUpdate, first);
  Ask(limiter, Priority::kUpdate, second);
  Ask(limiter, Priority::kUpdate, third);
  EXPECT_FALSE(second.has_value());
  ASSERT_TRUE(third.has_value());
  EXPECT_THAT(*third, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(*third, HasReason("GATEWAY_OVERLOADED"));
  EXPECT_GE(RetryDelay(third->status()), absl::Seconds(1));
}

TEST_F(LimiterTest, AMoreUrgentArrivalTakesThePlaceOfTheLeastUrgent) {
  Limiter limiter(&loop_, {1, 2});
  std::optional<Grant>& holder = New();
  std::optional<Grant>& update = New();
  std::optional<Grant>& upload = New();
  std::optional<Grant>& create = New();
  std::optional<Grant>& late_upload = New();
  Ask(limiter, Priority::kUpdate, holder);
  Ask(limiter, Priority::kUpdate, update);
  Ask(limiter, Priority::kUpload, upload);
  Ask(limiter, Priority::kUpload, late_upload);
  ASSERT_TRUE(late_upload.has_value());
  EXPECT_THAT(*late_upload, HasReason("GATEWAY_OVERLOADED"));
  Ask(limiter, Priority::kCreate, create);
  ASSERT_TRUE(upload.has_value());
  EXPECT_THAT(*upload, HasReason("GATEWAY_OVERLOADED"));
  EXPECT_FALSE(update.has_value() || create.has_value());
}

TEST_F(LimiterTest, GivesUpAtTheDeadline) {
  Limiter limiter(&loop_, {1, 10});
  std::optional<Grant>& holder = New();
  std::optional<Grant>& waiting = New();
  std::optional<Grant>& too_late = New();
  Ask(limiter, Priority::kUpdate, holder);
  loop_.Advance(absl::Seconds(1));
  Ask(limiter, Priority::kUpdate, waiting, absl::Seconds(3));
  Ask(limiter, Priority::kUpdate, too_late, absl::Seconds(1));
  ASSERT_TRUE(too_late.has_value());
  EXPECT_THAT(*too_late, StatusIs(absl::StatusCode::kDeadlineExceeded));
  loop_.Advance(absl::Milliseconds(1999));
  EXPECT_FALSE(waiting.has_value());
  loop_.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(waiting.has_value());
  EXPECT_THAT(*waiting, HasReason("UPSTREAM_TIMEOUT"));
  EXPECT_EQ(limiter.queued(), 0u);
  holder.reset();
  loop_.RunUntilIdle();
  EXPECT_EQ(limiter.in_use(), 0);
}

TEST_F(LimiterTest, GivesUpWhenAskedToStop) {
  Limiter limiter(&loop_, {1, 10});
  std::optional<Grant>& holder = New();
  std::optional<Grant>& waiting = New();
  std::optional<Grant>& stopped_before = New();
  Ask(limiter, Priority::kUpdate, holder);
  std::stop_source stop;
  Ask(limiter, Priority::kUpdate, waiting, absl::InfiniteDuration(),
      stop.get_token());
  stop.request_stop();
  loop_.RunUntilIdle();
  ASSERT_TRUE(waiting.has_value());
  EXPECT_THAT(*waiting, HasReason("CANCELLED"));
  Ask(limiter, Priority::kUpdate, stopped_before, absl::InfiniteDuration(),
      stop.get_token());
  ASSERT_TRUE(stopped_before.has_value());
  EXPECT_THAT(*stopped_before, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(LimiterTest, EndsEveryWaitWhenTheLoopStops) {
  Limiter limiter(&loop_, {1, 10});
  std::optional<Grant>& holder = New();
  std::optional<Grant>& waiting = New();
  std::optional<Grant>& afterwards = New();
  Ask(limiter, Priority::kUpdate, holder);
  Ask(limiter, Priority::kUpdate, waiting);
  loop_.Stop();
  ASSERT_TRUE(waiting.has_value());
  EXPECT_THAT(*waiting, StatusIs(absl::StatusCode::kCancelled));
  Ask(limiter, Priority::kUpdate, afterwards);
  ASSERT_TRUE(afterwards.has_value());
  EXPECT_THAT(*afterwards, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(LimiterTest, IsHalvedOncePerRoundByOverloadAndGrowsBySuccess) {
  Limiter limiter(&loop_, {8, 10});
  // As many requests as there are slots, which end alike, each while all slots
  // are taken.
  auto round = [&](Limiter::Outcome outcome) {
    std::deque<Limiter::Permit> permits;
    auto take = [&] {
      async::Start(
          limiter.Acquire(Priority::kUpdate, absl::InfiniteDuration()),
          [&permits](Grant grant) { permits.push_back(*std::move(grant)); });
      loop_.RunUntilIdle();
    };
    const int slots = limiter.concurrency();
    for (int i = 0; i < slots; ++i) take();
    for (int i = 0; i < slots; ++i) {
      permits.front().Report(outcome);
      permits.pop_front();
      while (limiter.in_use() < limiter.concurrency()) take();
    }
  };
  round(Limiter::Outcome::kSuccess);
  EXPECT_EQ(limiter.concurrency(), 8);
  round(Limiter::Outcome::kOverloaded);
  EXPECT_EQ(limiter.concurrency(), 4);
  round(Limiter::Outcome::kNeutral);
  EXPECT_EQ(limiter.concurrency(), 4);
  round(Limiter::Outcome::kSuccess);
  EXPECT_EQ(limiter.concurrency(), 5);
  round(Limiter::Outcome::kNeutral);
  EXPECT_EQ(limiter.concurrency(), 5);
  round(Limiter::Outcome::kSuccess);
  EXPECT_EQ(limiter.concurrency(), 6);
}

// Whether an hour that begins at any moment sees no more than it may.
TEST_F(LimiterTest, NoHourSeesMoreRequestsThanItMay) {
  Limiter limiter(
      &loop_,
      {.max_concurrent = 4, .max_queued = 1000, .requests_per_hour = 100});
  std::deque<absl::Duration> sent;
  for (int i = 0; i < 300; ++i) {
    async::Start(limiter.Acquire(Priority::kUpdate, absl::InfiniteDuration()),
                 [&](Grant grant) {
                   if (grant.ok()) sent.push_back(loop_.MonotonicNow());
                 });
  }
  for (int second = 0; second < 4 * 3600; ++second) {
    loop_.Advance(absl::Seconds(1));
  }
  ASSERT_EQ(sent.size(), 300u);
  EXPECT_EQ(sent[9], absl::ZeroDuration());  // a tenth at once
  for (std::size_t i = 0; i + 100 < sent.size(); ++i) {
    EXPECT_GE(sent[i + 100] - sent[i], absl::Seconds(3599)) << i;
  }
}

TEST_F(LimiterTest, ACallThatCannotHaveItsTurnWithinTheHourIsRefusedAtOnce) {
  Limiter limiter(
      &loop_,
      {.max_concurrent = 4, .max_queued = 1000, .requests_per_hour = 10});
  std::optional<Grant>& first = New();
  Ask(limiter, Priority::kCreate, first);
  first.reset();
  loop_.RunUntilIdle();
  std::optional<Grant>& hasty = New();
  std::optional<Grant>& patient = New();
  Ask(limiter, Priority::kCreate, hasty, absl::Seconds(30));
  Ask(limiter, Priority::kCreate, patient, absl::Seconds(401));
  ASSERT_TRUE(hasty.has_value());
  EXPECT_THAT(*hasty, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(*hasty, HasReason("GATEWAY_OVERLOADED"));
  EXPECT_EQ(RetryDelay(hasty->status()), absl::Seconds(400));
  EXPECT_FALSE(patient.has_value());
  loop_.Advance(absl::Seconds(400));
  ASSERT_TRUE(patient.has_value());
  EXPECT_OK(*patient);
  patient.reset();
  loop_.RunUntilIdle();
  EXPECT_EQ(loop_.pending_timers(), 0u);
}

TEST_F(LimiterTest, APermitMayOutliveTheLimiter) {
  std::optional<Grant>& held = New();
  {
    Limiter limiter(&loop_, {1, 0});
    Ask(limiter, Priority::kCreate, held);
  }
  ASSERT_TRUE(held.has_value() && held->ok());
  held.reset();
  EXPECT_EQ(loop_.RunUntilIdle(), 0u);
}

}  // namespace
}  // namespace opcon_snow::http
