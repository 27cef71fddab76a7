#include "common/log/log.h"

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/log/capture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::log {
namespace {

using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const absl::Time kTime = absl::UnixEpoch() + absl::Milliseconds(1234);

json Parsed(const std::string& line) { return json::parse(line); }

TEST(FormatLineTest, IsOneJsonObjectInAFixedOrder) {
  EXPECT_EQ(FormatLine(kTime, Level::kInfo, "svc", "report.accepted",
                       {{"report_id", "r-1"}, {"attempt", 3}}),
            R"({"time":"1970-01-01T00:00:01.234Z","level":"info",)"
            R"("process":"svc","event":"report.accepted",)"
            R"("report_id":"r-1","attempt":3})");
}

TEST(FormatLineTest, KeepsTheTypesOfValues) {
  const json line =
      Parsed(FormatLine(kTime, Level::kDebug, "svc", "e",
                        {{"yes", true},
                         {"negative", -1},
                         {"big", std::numeric_limits<std::uint64_t>::max()},
                         {"half", 0.5},
                         {"nan", std::nan("")},
                         {"time", kTime},
                         {"took", absl::Milliseconds(250)},
                         {"status", absl::NotFoundError("no job")},
                         {"fine", absl::OkStatus()},
                         {"string", std::string("s")}}));
  EXPECT_EQ(line["yes"], true);
  EXPECT_EQ(line["negative"], -1);
  EXPECT_EQ(line["big"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(line["half"], 0.5);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_EQ(line["time_2"], "1970-01-01T00:00:01.234Z")
      << "a field does not replace what every line has";
  EXPECT_EQ(line["took"], 0.25);
  EXPECT_EQ(line["status"], "NOT_FOUND: no job");
  EXPECT_EQ(line["fine"], "OK");
  EXPECT_EQ(line["string"], "s");
}

TEST(FormatLineTest, StaysOneLineOfValidUtf8) {
  const std::string line =
      FormatLine(kTime, Level::kInfo, "p\xFF", "e\n", {{"k\xFF", "a\nb\xFF"}});
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  const json parsed = Parsed(line);
  EXPECT_EQ(parsed["event"], "e\n");
  EXPECT_EQ(parsed["k\uFFFD"], "a\nb\uFFFD");
}

TEST(FormatLineTest, BoundsValues) {
  const json line = Parsed(FormatLine(kTime, Level::kInfo, "p", "e",
                                      {{"long", std::string(100'000, 'x')}}));
  const std::string text = line["long"];
  EXPECT_LT(text.size(), kMaxValueBytes + 100);
  EXPECT_THAT(text, HasSubstr("[100000 bytes]"));
}

TEST(FormatLineTest, KeepsBothFieldsOfOneName) {
  const json line =
      Parsed(FormatLine(kTime, Level::kInfo, "p", "e", {{"a", 1}, {"a", 2}}));
  EXPECT_EQ(line["a"], 1);
  EXPECT_EQ(line["a_2"], 2);
}

TEST(FormatLineTest, RedactsWhatIsNamedLikeASecret) {
  const std::string line = FormatLine(kTime, Level::kInfo, "p", "e",
                                      {{"Password", "hunter2"},
                                       {"client_secret", "hunter2"},
                                       {"authorization", "Basic hunter2"},
                                       {"api_key", "hunter2"}});
  EXPECT_THAT(line, Not(HasSubstr("hunter2")));
  EXPECT_EQ(Parsed(line)["client_secret"], "[redacted]");
}

TEST(LogTest, WritesFromTheLevelUpwards) {
  CaptureLogs logs;
  SetLevel(Level::kWarning);
  EXPECT_FALSE(IsEnabled(Level::kInfo));
  EXPECT_TRUE(IsEnabled(Level::kError));
  Debug("d");
  Info("i");
  Warning("w");
  Error("e", {{"x", 1}});
  EXPECT_THAT(logs.Lines(), SizeIs(2));
  EXPECT_THAT(logs.Lines("w"), SizeIs(1));
  EXPECT_THAT(logs.Lines("i"), IsEmpty());
  EXPECT_EQ(Parsed(logs.Lines("e")[0])["level"], "error");
}

TEST(LogTest, CapturesNestAndRestoreTheLevel) {
  const Level before = GetLevel();
  {
    CaptureLogs outer;
    {
      CaptureLogs inner;
      Info("inner");
      EXPECT_THAT(inner.Lines(), SizeIs(1));
    }
    Debug("outer");
    EXPECT_THAT(outer.Lines(), ElementsAre(HasSubstr("\"outer\"")));
  }
  EXPECT_EQ(GetLevel(), before);
}

TEST(LogTest, NamesTheProcess) {
  CaptureLogs logs;
  SetProcessName("snow_gateway");
  Info("e");
  EXPECT_EQ(Parsed(logs.Lines("e")[0])["process"], "snow_gateway");
  SetProcessName("unknown");
}

TEST(LogTest, ThreadsDoNotMixTheirLines) {
  CaptureLogs logs;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 100; ++i) Info("e", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(logs.Lines("e"), SizeIs(400));
}

TEST(LogTest, LinesGoToStderr) {
  ::testing::internal::CaptureStderr();
  Warning("to.stderr", {{"x", 1}});
  Debug("not.written");
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(Parsed(text)["event"], "to.stderr");
  EXPECT_EQ(text.back(), '\n');
}

TEST(ParseLevelTest, KnowsItsNames) {
  EXPECT_EQ(ParseLevel("DEBUG"), Level::kDebug);
  EXPECT_EQ(ParseLevel("info"), Level::kInfo);
  EXPECT_EQ(ParseLevel("warn"), Level::kWarning);
  EXPECT_EQ(ParseLevel("Warning"), Level::kWarning);
  EXPECT_EQ(ParseLevel("error"), Level::kError);
  EXPECT_FALSE(ParseLevel("loud").has_value());
  EXPECT_EQ(ParseLevel(LevelName(Level::kWarning)), Level::kWarning);
}

}  // namespace
}  // namespace opcon_snow::log
