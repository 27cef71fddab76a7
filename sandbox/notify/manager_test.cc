#include "sandbox/notify/manager.h"

#include <atomic>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::notify {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Gives the answers it was told, then calls `at_end` and gives empty pages.
class FakeSource : public NotificationSource {
 public:
  absl::StatusOr<NotificationPage> Read(const Cursor& cursor, absl::Duration,
                                        std::stop_token) override {
    cursors.push_back(cursor);
    ++reads;
    if (answers.empty()) {
      if (at_end) at_end();
      return NotificationPage{cursor.epoch.value_or(1), {}};
    }
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }

  std::deque<absl::StatusOr<NotificationPage>> answers;
  std::vector<Cursor> cursors;
  std::function<void()> at_end;
  std::atomic<int> reads = 0;
};

Notification Row(std::int64_t n, const std::string& trigger,
                 const std::string& job) {
  return {n, absl::StrCat("n", n), trigger, {{"$JOB NAME", job}}};
}

class ManagerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = absl::StrCat(
        std::getenv("TEST_TMPDIR"), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    settings_.log_file = directory_ + ".log";
    settings_.rules = {
        {"Job Failed", "/usr/bin/printf <%s> [[$JOB NAME]]", ""}};
    source_.at_end = [this] { stop_.request_stop(); };
  }

  absl::Status Run() {
    auto log = RunLog::Open(settings_.log_file);
    EXPECT_OK(log);
    Manager manager(settings_, &source_, log->get(), &clock_);
    const absl::Status status = manager.Run(stop_.get_token());
    handled_ = manager.handled();
    return status;
  }

  std::vector<json> Records() {
    std::vector<json> records;
    std::ifstream in(settings_.log_file);
    for (std::string line; std::getline(in, line);) {
      records.push_back(json::parse(line));
    }
    return records;
  }

  std::string directory_;
  Settings settings_;
  FakeSource source_;
  FakeClock clock_;
  std::stop_source stop_;
  std::int64_t handled_ = 0;
};

TEST_F(ManagerTest, RunsTheCommandsOfItsTriggerAndRecordsThem) {
  source_.answers.push_back(NotificationPage{
      1, {Row(1, "Job Running", "A"), Row(2, "job failed", "Load A")}});
  ASSERT_OK(Run());
  const std::vector<json> records = Records();
  ASSERT_THAT(records, SizeIs(1));
  const json& record = records[0];
  EXPECT_EQ(record["n"], 2);
  EXPECT_EQ(record["notify_id"], "n2");
  EXPECT_EQ(record["trigger"], "job failed");
  EXPECT_EQ(record["command"], "/usr/bin/printf <%s> Load A");
  EXPECT_EQ(record["argv"], json({"/usr/bin/printf", "<%s>", "Load", "A"}));
  EXPECT_EQ(record["program"], "/usr/bin/printf");
  EXPECT_EQ(record["exit_code"], 0);
  EXPECT_EQ(record["stdout"], "<Load><A>");
  EXPECT_EQ(record["error"], "");
  EXPECT_EQ(record["time"], "2026-01-05T12:00:00.000Z");
  EXPECT_TRUE(record["duration_ms"].is_number_integer());
  EXPECT_EQ(handled_, 1);
}

TEST_F(ManagerTest, FailuresOfCommandsAreRecordedAndIgnored) {
  settings_.rules = {{"Job Failed", "/bin/false", ""},
                     {"Job Failed", "C:\\S\\x.exe -a", ""},
                     {"Job Failed", "\"C:\\S\\y.exe\" 5", ""}};
  settings_.program_map = {{"C:\\S\\y.exe", "/usr/bin/printf"}};
  source_.answers.push_back(NotificationPage{1, {Row(1, "Job Failed", "A")}});
  ASSERT_OK(Run());
  const std::vector<json> records = Records();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0]["exit_code"], 1);
  EXPECT_TRUE(records[1]["exit_code"].is_null());
  EXPECT_THAT(records[1]["error"].get<std::string>(),
              HasSubstr("cannot start"));
  EXPECT_EQ(records[2]["program"], "/usr/bin/printf");
  EXPECT_EQ(records[2]["argv"][0], "C:\\S\\y.exe");
  EXPECT_EQ(records[2]["stdout"], "5");
  EXPECT_EQ(handled_, 1);
}

TEST_F(ManagerTest, TheCommandSeesNoEnvironment) {
  setenv("NOTIFY_TEST_SECRET", "1", 1);
  settings_.rules = {{"Job Failed", "/usr/bin/env", "/usr"}};
  source_.answers.push_back(NotificationPage{1, {Row(1, "Job Failed", "A")}});
  ASSERT_OK(Run());
  EXPECT_EQ(Records()[0]["stdout"], "PATH=/usr/bin:/bin\n");
}

TEST_F(ManagerTest, ACommandLineThatWindowsWouldNotTakeIsNotRun) {
  source_.answers.push_back(
      NotificationPage{1, {Row(1, "Job Failed", std::string(40000, 'x'))}});
  ASSERT_OK(Run());
  EXPECT_THAT(Records()[0]["error"].get<std::string>(),
              HasSubstr("longer than Windows allows"));
}

TEST_F(ManagerTest, EndsAfterSoManyNotifications) {
  settings_.once = 2;
  source_.at_end = nullptr;
  source_.answers.push_back(
      NotificationPage{1,
                       {Row(1, "Job Failed", "A"), Row(2, "Job Fixed", "B"),
                        Row(3, "Job Failed", "C"), Row(4, "Job Failed", "D")}});
  ASSERT_OK(Run());
  ASSERT_THAT(Records(), SizeIs(2));
  EXPECT_EQ(Records()[1]["n"], 3);
}

TEST_F(ManagerTest, GoesOnWhereItStoppedAndStartsAnewInANewEpoch) {
  settings_.cursor_file = directory_ + ".cursor";
  source_.answers.push_back(NotificationPage{7, {Row(1, "Job Failed", "A")}});
  ASSERT_OK(Run());
  stop_ = std::stop_source();
  source_.cursors.clear();
  source_.answers.push_back(NotificationPage{7, {Row(2, "Job Failed", "B")}});
  source_.answers.push_back(NotificationPage{8, {Row(1, "Job Failed", "C")}});
  ASSERT_OK(Run());
  ASSERT_THAT(source_.cursors, SizeIs(3));
  EXPECT_EQ(source_.cursors[0].since, 1);
  EXPECT_EQ(source_.cursors[0].epoch, 7);
  EXPECT_EQ(source_.cursors[1].since, 2);
  EXPECT_EQ(source_.cursors[2].since, 1);
  EXPECT_EQ(source_.cursors[2].epoch, 8);
  EXPECT_THAT(Records(), SizeIs(3));
}

TEST_F(ManagerTest, ADamagedCursorFileIsAnError) {
  settings_.cursor_file = directory_ + ".cursor";
  std::ofstream(settings_.cursor_file) << "{\"since\":";
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument,
                              HasSubstr(".cursor")));
}

TEST_F(ManagerTest, AnOpConThatIsDownIsAskedAgainEverMoreSlowly) {
  for (int i = 0; i < 8; ++i) {
    source_.answers.push_back(absl::UnavailableError("down"));
  }
  source_.answers.push_back(NotificationPage{1, {Row(1, "Job Failed", "A")}});
  const SteadyTime begin = clock_.SteadyNow();
  std::thread runner([&] { EXPECT_OK(Run()); });
  // 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 + 5 seconds.
  int reads = 0;
  for (const int ms : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    // The wait to be ended is the one after the next read.
    ++reads;
    while (source_.reads < reads) std::this_thread::yield();
    ASSERT_TRUE(clock_.AwaitWaiters(1));
    clock_.Advance(absl::Milliseconds(ms));
  }
  runner.join();
  EXPECT_EQ(absl::FromChrono(clock_.SteadyNow() - begin),
            absl::Milliseconds(16300));
  EXPECT_THAT(Records(), SizeIs(1));
}

TEST_F(ManagerTest, AStopEndsTheWaitAtOnce) {
  source_.answers.push_back(absl::UnavailableError("down"));
  std::thread runner([&] { EXPECT_OK(Run()); });
  ASSERT_TRUE(clock_.AwaitWaiters(1));
  stop_.request_stop();
  runner.join();
  EXPECT_THAT(Records(), IsEmpty());
}

TEST_F(ManagerTest, WaitsBetweenANotificationAndItsCommand) {
  settings_.delay = absl::Seconds(20);
  settings_.once = 1;
  source_.answers.push_back(NotificationPage{1, {Row(1, "Job Failed", "A")}});
  std::thread runner([&] { EXPECT_OK(Run()); });
  ASSERT_TRUE(clock_.AwaitWaiters(1));
  EXPECT_THAT(Records(), IsEmpty());
  clock_.Advance(absl::Seconds(20));
  runner.join();
  EXPECT_THAT(Records(), SizeIs(1));
}

TEST(ParsePageTest, ReadsWhatTheSandboxSends) {
  const auto page = ParsePage(
      R"({"epoch":5,"last":2,"notifications":[{"n":2,"notify_id":"x",
          "trigger":"Job Failed","properties":{"$JOB NAME":"A"}}]})");
  ASSERT_OK(page);
  EXPECT_EQ(page->epoch, 5);
  ASSERT_THAT(page->rows, SizeIs(1));
  EXPECT_EQ(page->rows[0].properties.at("$JOB NAME"), "A");
}

TEST(ParsePageTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "[]", "{}", R"({"epoch":1})", R"({"notifications":[]})",
        R"({"epoch":1,"notifications":{}})",
        R"({"epoch":1,"notifications":[{}]})",
        R"({"epoch":1,"notifications":[{"n":1,"notify_id":"x","trigger":"t",
            "properties":{"a":1}}]})"}) {
    EXPECT_THAT(ParsePage(text), StatusIs(absl::StatusCode::kInternal)) << text;
  }
}

RC_GTEST_PROP(ParsePageTest, AnyBytesAreAnAnswer, (const std::string& text)) {
  RC_ASSERT(!ParsePage(text).ok());
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify
