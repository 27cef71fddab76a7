#include "common/config/secret_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/log/capture.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class SecretFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& content, mode_t mode = 0600) {
    std::string path = absl::StrCat(::testing::TempDir(), "/secret", next_++);
    std::filesystem::remove_all(path);
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  int next_ = 0;
};

TEST_F(SecretFileTest, ReadsOneLine) {
  for (const char* content : {"hunter2", "hunter2\n", "hunter2\r\n"}) {
    ASSERT_OK_AND_ASSIGN(const Secret secret, ReadSecretFile(Write(content)));
    EXPECT_EQ(secret.Reveal(), "hunter2");
  }
  ASSERT_OK_AND_ASSIGN(const Secret spaces, ReadSecretFile(Write(" a b \n")));
  EXPECT_EQ(spaces.Reveal(), " a b ");
  EXPECT_OK(ReadSecretFile(Write("hunter2", 0640)));
}

TEST_F(SecretFileTest, ReadsSeveralLinesIfAllowed) {
  const std::string path = Write("-----BEGIN\nabc\n-----END\n");
  EXPECT_THAT(ReadSecretFile(path), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("more than one line")));
  ASSERT_OK_AND_ASSIGN(const Secret pem,
                       ReadSecretFile(path, {.multiline = true}));
  EXPECT_EQ(pem.Reveal(), "-----BEGIN\nabc\n-----END\n");
}

TEST_F(SecretFileTest, RefusesFilesOpenToEverybody) {
  for (const mode_t mode : {0604, 0602, 0644, 0777}) {
    const std::string path = Write("hunter2", mode);
    const auto result = ReadSecretFile(path);
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kPermissionDenied,
                                 HasSubstr("chmod o= " + path)));
    EXPECT_THAT(result.status().ToString(), Not(HasSubstr("hunter2")));
  }
}

TEST_F(SecretFileTest, WarnsIfThatIsAllowed) {
  log::CaptureLogs logs;
  ASSERT_OK_AND_ASSIGN(
      const Secret secret,
      ReadSecretFile(Write("hunter2", 0644), {.allow_world_access = true}));
  EXPECT_EQ(secret.Reveal(), "hunter2");
  EXPECT_THAT(logs.Lines("config.secret_file_open_to_all"), SizeIs(1));
  EXPECT_THAT(logs.Text(), HasSubstr("0644"));
  EXPECT_THAT(logs.Text(), Not(HasSubstr("hunter2")));
}

TEST_F(SecretFileTest, RefusesWhatIsNoSecret) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ReadSecretFile(Write("")), StatusIs(code, HasSubstr("is empty")));
  EXPECT_THAT(ReadSecretFile(Write("\n")),
              StatusIs(code, HasSubstr("is empty")));
  EXPECT_THAT(ReadSecretFile(Write("a\nb\n")),
              StatusIs(code, HasSubstr("more than one line")));
  EXPECT_THAT(ReadSecretFile(Write(std::string("a\0b", 3))),
              StatusIs(code, HasSubstr("NUL")));
  EXPECT_THAT(ReadSecretFile(Write("12345"), {.max_bytes = 4}),
              StatusIs(code, HasSubstr("longer than 4 bytes")));
  EXPECT_OK(ReadSecretFile(Write("1234"), {.max_bytes = 4}));
}

TEST_F(SecretFileTest, RefusesWhatIsNoFile) {
  EXPECT_THAT(
      ReadSecretFile(::testing::TempDir()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("regular file")));
  EXPECT_THAT(
      ReadSecretFile("/does/not/exist"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/does/not/exist")));
  const std::string fifo = ::testing::TempDir() + "/fifo";
  std::filesystem::remove(fifo);
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(ReadSecretFile(fifo), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("regular file")))
      << "and does not wait for a writer";
}

TEST_F(SecretFileTest, FollowsLinks) {
  const std::string link = ::testing::TempDir() + "/link";
  std::filesystem::remove(link);
  std::filesystem::create_symlink(Write("hunter2"), link);
  ASSERT_OK_AND_ASSIGN(const Secret secret, ReadSecretFile(link));
  EXPECT_EQ(secret.Reveal(), "hunter2");
}

}  // namespace
}  // namespace opcon_snow::config
