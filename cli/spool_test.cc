#include "cli/spool.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/platform.h"
#include "cli/testing/faulty_files.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'767'600'000);

Spool::Request MakeRequest(const std::string& id) {
  Spool::Request request;
  request.set_request_id(id);
  request.mutable_event()->mutable_job_key()->set_job_name("JOB \u00e4 001");
  request.mutable_event()->mutable_occurred_time()->set_seconds(1'767'600'000);
  request.set_template_("basic.json");
  return request;
}

class SpoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ =
        absl::StrCat(::testing::TempDir(), "/", test->name(), "/deep/spool");
    std::filesystem::remove_all(directory_);
  }

  Spool MakeSpool(Files* files = platform::RealFiles(),
                  std::int64_t max_entries = 100) const {
    return Spool({directory_, max_entries}, files);
  }

  // Files whose name ends with `suffix`, of the spool and of refused/.
  int Count(const std::string& suffix) const {
    int count = 0;
    std::error_code none;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory_, none)) {
      count += absl::EndsWith(entry.path().string(), suffix) ? 1 : 0;
    }
    return count;
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ + "/" + name) << text;
  }

  std::string directory_;
};

TEST_F(SpoolTest, KeepsAReportAsItIs) {
  Spool spool = MakeSpool();
  EXPECT_FALSE(spool.HasEntries());
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  EXPECT_TRUE(spool.HasEntries());
  ASSERT_OK_AND_ASSIGN(const auto names, spool.Waiting());
  ASSERT_THAT(names, ElementsAre("000001767600000000-one.json"));
  ASSERT_OK_AND_ASSIGN(const auto read, spool.Read(names[0]));
  EXPECT_EQ(read.SerializeAsString(), MakeRequest("one").SerializeAsString());
  EXPECT_EQ(Count(".tmp"), 0);
  std::string text;
  std::getline(std::ifstream(spool.PathOf(names[0])), text, ',');
  EXPECT_EQ(text, "{\n \"spoolFormat\": 2");
}

TEST_F(SpoolTest, IsForItsUserAlone) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  ASSERT_OK_AND_ASSIGN(const auto names, spool.Waiting());
  using std::filesystem::perms;
  const auto others = perms::group_all | perms::others_all;
  EXPECT_EQ(std::filesystem::status(directory_).permissions() & others,
            perms::none);
  EXPECT_EQ(
      std::filesystem::status(spool.PathOf(names[0])).permissions() & others,
      perms::none);
}

TEST_F(SpoolTest, WhoMayUseAFileIsKnown) {
  using std::filesystem::perms;
  std::filesystem::create_directories(directory_);
  Write("key", "secret");
  const std::string key = directory_ + "/key";
  const auto open_with = [&key](perms mode) {
    std::filesystem::permissions(key, mode);
    return platform::RealFiles()->IsOpenToOthers(key);
  };
  const perms mine = perms::owner_read | perms::owner_write;
  EXPECT_THAT(open_with(mine), IsOkAndHolds(false));
  EXPECT_THAT(open_with(mine | perms::group_read), IsOkAndHolds(false));
  EXPECT_THAT(open_with(mine | perms::group_write), IsOkAndHolds(true));
  EXPECT_THAT(open_with(mine | perms::others_read), IsOkAndHolds(true));
  const auto missing =
      platform::RealFiles()->IsOpenToOthers(directory_ + "/none");
  EXPECT_TRUE(absl::IsNotFound(missing.status())) << missing.status();
}

TEST_F(SpoolTest, ListsTheOldestFirst) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("late"), kNow + absl::Hours(1)));
  ASSERT_OK(spool.Add(MakeRequest("early"), kNow - absl::Hours(20000)));
  ASSERT_OK(spool.Add(MakeRequest("middle"), kNow));
  ASSERT_OK_AND_ASSIGN(const auto names, spool.Waiting());
  ASSERT_THAT(names, SizeIs(3));
  EXPECT_THAT(names[0], HasSubstr("early"));
  EXPECT_THAT(names[1], HasSubstr("middle"));
  EXPECT_THAT(names[2], HasSubstr("late"));
}

TEST_F(SpoolTest, ThereIsNothingWhereThereIsNoSpool) {
  Spool spool = MakeSpool();
  EXPECT_THAT(spool.Waiting(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(spool.Refused(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(spool.Lock(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SpoolTest, TakesAsManyAsItMay) {
  Spool spool = MakeSpool(platform::RealFiles(), 2);
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  ASSERT_OK(spool.Add(MakeRequest("two"), kNow));
  EXPECT_THAT(spool.Add(MakeRequest("three"), kNow),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("holds 2 reports")));
  // Refused ones are counted for themselves.
  EXPECT_OK(spool.AddRefused(MakeRequest("four"), kNow, "no"));
  EXPECT_OK(spool.Remove("000001767600000000-one.json"));
  EXPECT_OK(spool.Add(MakeRequest("three"), kNow));
}

TEST_F(SpoolTest, KeepsRefusedReportsWithTheReason) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  const std::string name = "000001767600000000-one.json";
  ASSERT_OK(spool.Refuse(name, "INVALID_ARGUMENT: no such day"));
  EXPECT_THAT(spool.Waiting(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(spool.Refused(), IsOkAndHolds(ElementsAre(name)));
  EXPECT_EQ(spool.ReadReason(name), "INVALID_ARGUMENT: no such day");
  EXPECT_OK(spool.ReadRefused(name));

  ASSERT_OK(spool.Readmit(name));
  EXPECT_THAT(spool.Waiting(), IsOkAndHolds(ElementsAre(name)));
  EXPECT_EQ(Count(".txt"), 0);
  // And again, with another reason.
  ASSERT_OK(spool.Refuse(name, "still not"));
  EXPECT_EQ(spool.ReadReason(name), "still not");
}

TEST_F(SpoolTest, SaysWhichFileIsNoReport) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  for (const std::string text :
       {"", "{", "null", "{}", "[1]", "{\"requestId\": \"x\"}"}) {
    Write("0-bad.json", text);
    EXPECT_THAT(spool.Read("0-bad.json"),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("0-bad.json")))
        << text;
  }
  Write("0-bad.json", std::string((8 << 20) + 1, ' '));
  EXPECT_THAT(spool.Read("0-bad.json"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SpoolTest, ReadsItsFormatWithMembersThatItDoesNotKnow) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  for (const std::string format :
       {"", "\"spoolFormat\": 1,", "\"spoolFormat\":2,"}) {
    Write("0-new.json", absl::StrCat("{", format, R"("requestId": "x", "event":
                       {"shoeSize": 46}, "priority": 1})"));
    EXPECT_OK(spool.Read("0-new.json")) << format;
  }
}

TEST_F(SpoolTest, LeavesTheFormatOfANewerVersionAlone) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  for (const std::string format : {"3", "12", "99999999999999999999"}) {
    Write("0-new.json", absl::StrCat("{ \"spoolFormat\" : ", format, "\n, ?"));
    EXPECT_THAT(spool.Read("0-new.json"),
                StatusIs(absl::StatusCode::kUnimplemented,
                         HasSubstr("a newer version of incidentctl")));
  }
  std::filesystem::rename(directory_ + "/0-new.json", directory_ + "/0-n.tmp");
  ASSERT_OK(spool.Recover(kNow));
  EXPECT_EQ(Count("0-n.tmp"), 1);
}

TEST_F(SpoolTest, OneHoldsTheLockAtATime) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("one"), kNow));
  {
    ASSERT_OK_AND_ASSIGN(const auto lock, spool.Lock());
    EXPECT_NE(lock, nullptr);
    ASSERT_OK_AND_ASSIGN(const auto second, MakeSpool().Lock());
    EXPECT_EQ(second, nullptr);
  }
  ASSERT_OK_AND_ASSIGN(const auto lock, spool.Lock());
  EXPECT_NE(lock, nullptr);
}

TEST_F(SpoolTest, TakesFromManyWritersAtOnce) {
  constexpr int kWriters = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> writers;
  writers.reserve(kWriters);
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([this, w] {
      Spool spool = MakeSpool(platform::RealFiles(), 1000);
      for (int i = 0; i < kEach; ++i) {
        EXPECT_OK(spool.Add(MakeRequest(absl::StrCat(w, "-", i)), kNow));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  Spool spool = MakeSpool();
  ASSERT_OK_AND_ASSIGN(const auto names, spool.Waiting());
  EXPECT_THAT(names, SizeIs(kWriters * kEach));
  for (const std::string& name : names) EXPECT_OK(spool.Read(name));
  EXPECT_EQ(Count(".tmp"), 0);
}

// Steps of Add: make the folder, write, rename, sync the folder.
TEST_F(SpoolTest, KilledAtAnyStepItHasAllOfAReportOrNone) {
  int steps = 0;
  {
    FaultyFiles files(platform::RealFiles());
    ASSERT_OK(MakeSpool(&files).Add(MakeRequest("count"), kNow));
    steps = files.steps();
  }
  ASSERT_EQ(steps, 4);
  for (int step = 0; step < steps; ++step) {
    std::filesystem::remove_all(directory_);
    FaultyFiles files(platform::RealFiles());
    files.KillAtStep(step);
    EXPECT_FALSE(MakeSpool(&files).Add(MakeRequest("one"), kNow).ok());

    Spool spool = MakeSpool();
    ASSERT_OK_AND_ASSIGN(const auto names, spool.Waiting());
    EXPECT_LE(names.size(), 1);
    for (const std::string& name : names) EXPECT_OK(spool.Read(name));
    // The next writer is not disturbed.
    EXPECT_OK(spool.Add(MakeRequest("two"), kNow));
  }
}

TEST_F(SpoolTest, RecoversWhatKilledWritersLeft) {
  Spool spool = MakeSpool();
  ASSERT_OK(spool.Add(MakeRequest("there"), kNow));
  // Killed while it wrote: half a file. Killed before it renamed: a whole one.
  for (const int step : {1, 2}) {
    FaultyFiles files(platform::RealFiles());
    files.KillAtStep(step);
    EXPECT_FALSE(MakeSpool(&files)
                     .Add(MakeRequest(absl::StrCat("left", step)), kNow)
                     .ok());
  }
  ASSERT_EQ(Count(".tmp"), 2);

  // They may be at work still.
  ASSERT_OK(spool.Recover(kNow + absl::Minutes(9)));
  EXPECT_EQ(Count(".tmp"), 2);

  ASSERT_OK(spool.Recover(kNow + absl::Minutes(11)));
  EXPECT_EQ(Count(".tmp"), 0);
  EXPECT_THAT(spool.Waiting(),
              IsOkAndHolds(ElementsAre("000001767600000000-left2.json",
                                       "000001767600000000-there.json")));
}

TEST_F(SpoolTest, LeavesNothingBehindWhenTheDiskIsFull) {
  ASSERT_OK(MakeSpool().Add(MakeRequest("there"), kNow));
  const absl::Status full =
      absl::ResourceExhaustedError("cannot write: No space left on device");
  for (const int step : {1, 2}) {
    FaultyFiles files(platform::RealFiles());
    files.FailAtStep(step, full);
    EXPECT_THAT(MakeSpool(&files).Add(MakeRequest("one"), kNow),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr("No space left")));
  }
  EXPECT_EQ(Count(".tmp"), 0);
  EXPECT_EQ(Count(".json"), 1);
}

TEST_F(SpoolTest, KilledWhileItRefusesItStillHasTheReport) {
  // Make the folder, remove an old reason, write the reason, rename.
  for (int step = 0; step < 4; ++step) {
    std::filesystem::remove_all(directory_);
    ASSERT_OK(MakeSpool().Add(MakeRequest("one"), kNow));
    const std::string name = "000001767600000000-one.json";
    FaultyFiles files(platform::RealFiles());
    files.KillAtStep(step);
    EXPECT_FALSE(MakeSpool(&files).Refuse(name, "no").ok());
    EXPECT_THAT(MakeSpool().Waiting(), IsOkAndHolds(ElementsAre(name)));
    // What was left does not disturb the next attempt.
    ASSERT_OK(MakeSpool().Refuse(name, "no, really"));
    EXPECT_EQ(MakeSpool().ReadReason(name), "no, really");
  }
}

TEST_F(SpoolTest, NamesThePathThatCannotBeUsed) {
  std::filesystem::create_directories(
      std::filesystem::path(directory_).parent_path());
  std::ofstream(directory_) << "a file where the folder should be";
  EXPECT_THAT(
      MakeSpool().Add(MakeRequest("one"), kNow),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(directory_)));
  std::filesystem::remove(directory_);
}

}  // namespace
}  // namespace opcon_snow::cli
