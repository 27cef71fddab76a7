#include "sandbox/opcon/notify_table.h"

#include <thread>

#include "common/clock/clock.h"
#include "common/clock/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

TEST(NotifyTableTest, NumbersRowsAndGivesEachItsId) {
  FakeClock clock;
  NotifyTable table(&clock);
  EXPECT_EQ(table.Add("Job Failed", {{"$JOB NAME", "A"}}), 1);
  EXPECT_EQ(table.Add("Job Fixed", {{"$JOB NAME", "B"}}), 2);
  const NotifyTable::Page page = table.Read({0, {}}, absl::ZeroDuration());
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(page.last, 2);
  EXPECT_EQ(page.rows[0].properties.at("$NOTIFYID"), page.rows[0].notify_id);
  EXPECT_NE(page.rows[0].notify_id, page.rows[1].notify_id);
  EXPECT_THAT(table.Read({1, {}}, absl::ZeroDuration()).rows,
              ElementsAre(Field(&Notification::trigger, "Job Fixed")));
}

TEST(NotifyTableTest, GivesAtMostTheLimit) {
  FakeClock clock;
  NotifyTable table(&clock);
  for (int i = 0; i < 5; ++i) table.Add("Job Failed", {});
  const NotifyTable::Page page = table.Read({1, {}}, absl::ZeroDuration(), 2);
  EXPECT_THAT(page.rows, ElementsAre(Field(&Notification::n, 2),
                                     Field(&Notification::n, 3)));
  EXPECT_EQ(page.last, 5);
}

TEST(NotifyTableTest, AReaderIsWokenByARow) {
  FakeClock clock;
  NotifyTable table(&clock);
  NotifyTable::Page page;
  std::thread reader([&] {
    page = table.Read({0, {}}, absl::InfiniteDuration());
  });
  ASSERT_TRUE(clock.AwaitWaiters(1));
  table.Add("Job Failed", {});
  reader.join();
  EXPECT_EQ(page.rows.size(), 1u);
}

TEST(NotifyTableTest, AWaitEndsAfterItsTime) {
  FakeClock clock;
  NotifyTable table(&clock);
  NotifyTable::Page page;
  std::thread reader([&] { page = table.Read({0, {}}, absl::Seconds(5)); });
  ASSERT_TRUE(clock.AwaitWaiters(1));
  clock.Advance(absl::Seconds(5));
  reader.join();
  EXPECT_THAT(page.rows, IsEmpty());
}

TEST(NotifyTableTest, AfterAClearAnOldPositionIsTheStart) {
  FakeClock clock;
  NotifyTable table(&clock);
  table.Add("Job Failed", {});
  table.Add("Job Failed", {});
  const NotifyTable::Page before = table.Read({0, {}}, absl::ZeroDuration());
  table.Clear();
  table.Add("Job Fixed", {});
  const NotifyTable::Page after =
      table.Read({before.last, before.epoch}, absl::ZeroDuration());
  EXPECT_NE(after.epoch, before.epoch);
  EXPECT_THAT(after.rows,
              ElementsAre(Field(&Notification::trigger, "Job Fixed")));
}

TEST(NotifyTableTest, ClearAndWakeEndAWait) {
  FakeClock clock;
  NotifyTable table(&clock);
  std::thread first([&] { table.Read({0, {}}, absl::InfiniteDuration()); });
  ASSERT_TRUE(clock.AwaitWaiters(1));
  table.Clear();
  first.join();
  std::thread second([&] { table.Read({0, {}}, absl::InfiniteDuration()); });
  ASSERT_TRUE(clock.AwaitWaiters(1));
  table.Wake();
  second.join();
  EXPECT_THAT(table.Read({0, {}}, absl::InfiniteDuration()).rows, IsEmpty());
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
