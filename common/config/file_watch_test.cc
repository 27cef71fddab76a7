#include "common/config/file_watch.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/config/secret.h"
#include "common/config/secret_file.h"
#include "common/log/capture.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

absl::StatusOr<std::string> Read(const std::string& file) {
  const absl::StatusOr<Secret> secret = ReadSecretFile(file);
  if (!secret.ok()) return secret.status();
  return secret->Reveal();
}

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::string PathOf(const std::string& name) const {
    return absl::StrCat(folder_, "/", name);
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(PathOf(name)) << text;
    fs::permissions(PathOf(name),
                    fs::perms::owner_read | fs::perms::owner_write);
  }
  FileWatch::SteadyNow Clock() {
    return [this] { return now_; };
  }
  void Wait() { now_ += FileWatch::kBetweenLooks; }

  const std::string folder_;
  std::chrono::steady_clock::time_point now_;
};

TEST_F(FileWatchTest, TellsEachChangeOnceAndLooksOnceASecond) {
  Write("a", "one");
  FileWatch watch({PathOf("a"), "", PathOf("b")}, Clock());
  Wait();
  EXPECT_FALSE(watch.Changed());
  // All lengths differ, because everything may happen within one tick of the
  // file system's clock.
  const std::function<void()> changes[] = {
      [this] { Write("a", "second"); },
      [this] {
        const auto before = fs::last_write_time(PathOf("a"));
        Write("a", "the third");
        fs::last_write_time(PathOf("a"), before);
      },
      [this] { Write("b", "comes"); }, [this] { fs::remove(PathOf("b")); },
      [this] {
        Write("a.new", "renamed from");
        fs::rename(PathOf("a.new"), PathOf("a"));
      }};
  for (const std::function<void()>& change : changes) {
    change();
    EXPECT_FALSE(watch.Changed()) << "not looked at again within the second";
    Wait();
    EXPECT_TRUE(watch.Changed());
    Wait();
    EXPECT_FALSE(watch.Changed());
  }
}

// token -> ..data/token, ..data -> a folder; only the latter is exchanged.
TEST_F(FileWatchTest, TellsAFolderExchangedByItsLinkAsKubernetesDoesIt) {
  for (const char* folder : {"one", "two"}) {
    fs::create_directory(PathOf(folder));
    Write(absl::StrCat(folder, "/token"), absl::StrCat("s3cret-", folder));
  }
  fs::create_directory_symlink("one", PathOf("..data"));
  fs::create_symlink("..data/token", PathOf("token"));
  const auto fresh = FreshSecret(PathOf("token"), &Read, Clock());
  EXPECT_THAT(Read(PathOf("token")), IsOkAndHolds("s3cret-one"));
  Wait();
  EXPECT_EQ(fresh(), std::nullopt);
  fs::create_directory_symlink("two", PathOf("..data_tmp"));
  fs::rename(PathOf("..data_tmp"), PathOf("..data"));
  fs::remove_all(PathOf("one"));
  Wait();
  EXPECT_EQ(fresh(), "s3cret-two");
  EXPECT_EQ(fresh(), std::nullopt);
}

TEST_F(FileWatchTest, ABadFileIsToldOnceAndTheSecretStands) {
  Write("token", "s3cret-one");
  const auto fresh = FreshSecret(PathOf("token"), &Read, Clock());
  const log::CaptureLogs logs;
  Write("token", "s3cret\nof two lines");
  for (int i = 0; i < 5; ++i) {
    Wait();
    EXPECT_EQ(fresh(), std::nullopt);
  }
  EXPECT_THAT(logs.Lines("config.secret_refused"), SizeIs(1));
  fs::remove(PathOf("token"));
  Wait();
  EXPECT_EQ(fresh(), std::nullopt);
  EXPECT_THAT(logs.Lines("config.secret_refused"), SizeIs(2));
  Write("token", "s3cret-two");
  Wait();
  EXPECT_EQ(fresh(), "s3cret-two");
  EXPECT_THAT(
      logs.Text(),
      AllOf(HasSubstr(PathOf("token")), HasSubstr("No such file"),
            HasSubstr("config.secret_replaced"), Not(HasSubstr("s3cret"))));
}

}  // namespace
}  // namespace opcon_snow::config
