// What scripts are built from and needs no script to be seen: texts, frames,
// schedules.

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/script/frames.h"
#include "sandbox/servicenow/script/scheduled_jobs.h"
#include "sandbox/servicenow/script/text_encoding.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

TEST(TextEncodingTest, EveryCharacterComesBack) {
  const std::string text("a\0\n\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z", 12);
  EXPECT_EQ(FromScriptText(ToScriptText(text)), text);
  // Two surrogates of three bytes each.
  EXPECT_EQ(ToScriptText("\xF0\x9F\x98\x80"), "\xED\xA0\xBD\xED\xB8\x80");
}

TEST(TextEncodingTest, WhatIsNoCharacterIsReplaced) {
  EXPECT_EQ(FromScriptText("a\xED\xA0\xBDz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(FromScriptText("\xED\xB8\x80\xED\xA0\xBD"),
            "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(FromScriptText("\xFF\xC3"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(FromScriptText("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(ToScriptText("\xF0\x9F\x98"),
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

class FramesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), 0);
  }
  void TearDown() override {
    for (const int socket : sockets_) close(socket);
  }

  std::array<int, 2> sockets_{-1, -1};
  std::string text_;
};

TEST_F(FramesTest, LargeOnesGoThrough) {
  const std::string large(5'000'000, 'x');
  std::thread writer([&] {
    EXPECT_EQ(WriteFrame(sockets_[0], large), FrameResult::kOk);
    EXPECT_EQ(WriteFrame(sockets_[0], ""), FrameResult::kOk);
  });
  EXPECT_EQ(ReadFrame(sockets_[1], &text_), FrameResult::kOk);
  EXPECT_EQ(text_, large);
  EXPECT_EQ(ReadFrame(sockets_[1], &text_), FrameResult::kOk);
  EXPECT_EQ(text_, "");
  writer.join();
}

TEST_F(FramesTest, TheOtherSideIsLateOrGone) {
  EXPECT_EQ(ReadFrame(sockets_[1], &text_, absl::Now()), FrameResult::kLate);
  // Nobody reads, and the buffer of the socket is full.
  EXPECT_EQ(WriteFrame(sockets_[0], std::string(20'000'000, 'x'),
                       absl::Now() + absl::Milliseconds(20)),
            FrameResult::kLate);
  close(sockets_[1]);
  sockets_[1] = -1;
  EXPECT_EQ(WriteFrame(sockets_[0], "x"), FrameResult::kClosed);
  EXPECT_EQ(ReadFrame(sockets_[0], &text_), FrameResult::kClosed);
}

TEST_F(FramesTest, ALengthThatIsALie) {
  ASSERT_EQ(write(sockets_[0], "\xFF\xFF\xFF\xFF", 4), 4);
  EXPECT_EQ(ReadFrame(sockets_[1], &text_), FrameResult::kTooBig);
}

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", text, &time, &error))
      << error;
  return time;
}

std::string Next(FieldValues job, const std::string& after) {
  const std::optional<absl::Time> next =
      NextRun(Record{.table = "sysauto_script", .values = std::move(job)},
              At(after), At("2026-01-01 00:00:00"));
  return next.has_value()
             ? absl::FormatTime("%Y-%m-%d %H:%M:%S", *next, absl::UTCTimeZone())
             : "never";
}

TEST(NextRunTest, Periods) {
  const FieldValues job = {{"run_type", "periodically"},
                           {"run_period", "1970-01-01 00:10:00"}};
  EXPECT_EQ(Next(job, "2026-01-01 00:00:00"), "2026-01-01 00:10:00");
  EXPECT_EQ(Next(job, "2026-01-01 00:10:00"), "2026-01-01 00:20:00");
  EXPECT_EQ(Next(job, "2026-03-01 12:34:56"), "2026-03-01 12:40:00");
  FieldValues late = job;
  late["run_start"] = "2026-01-02 00:05:00";
  EXPECT_EQ(Next(late, "2026-01-01 00:00:00"), "2026-01-02 00:05:00");
  EXPECT_EQ(Next(late, "2026-01-02 00:05:00"), "2026-01-02 00:15:00");
}

TEST(NextRunTest, Days) {
  const auto job = [](const char* type, const char* column, const char* value) {
    return FieldValues{{"run_type", type},
                       {"run_time", "1970-01-01 03:30:00"},
                       {column, value}};
  };
  const FieldValues daily = job("daily", "run_dayofweek", "");
  EXPECT_EQ(Next(daily, "2026-01-05 03:29:59"), "2026-01-05 03:30:00");
  EXPECT_EQ(Next(daily, "2026-01-05 03:30:00"), "2026-01-06 03:30:00");
  // 1 is Monday; 2026-01-05 is one.
  EXPECT_EQ(Next(job("weekly", "run_dayofweek", "1"), "2026-01-05 04:00:00"),
            "2026-01-12 03:30:00");
  EXPECT_EQ(Next(job("weekly", "run_dayofweek", "7"), "2026-01-05 04:00:00"),
            "2026-01-11 03:30:00");
  const FieldValues monthly = job("monthly", "run_dayofmonth", "31");
  EXPECT_EQ(Next(monthly, "2026-01-31 04:00:00"), "2026-02-28 03:30:00");
  EXPECT_EQ(Next(monthly, "2026-02-28 04:00:00"), "2026-03-31 03:30:00");
}

TEST(NextRunTest, OnceAndNever) {
  const FieldValues once = {{"run_type", "once"},
                            {"run_start", "2026-01-05 10:00:00"}};
  EXPECT_EQ(Next(once, "2026-01-05 09:00:00"), "2026-01-05 10:00:00");
  EXPECT_EQ(Next(once, "2026-01-05 10:00:00"), "never");
  EXPECT_EQ(Next({{"run_type", "on_demand"}}, "2026-01-05 10:00:00"), "never");
  EXPECT_EQ(Next({{"run_type", "periodically"}}, "2026-01-05 10:00:00"),
            "never");
  EXPECT_EQ(Next({{"run_type", "periodically"},
                  {"run_period", "1970-01-01 00:00:00"}},
                 "2026-01-05 10:00:00"),
            "never");
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
