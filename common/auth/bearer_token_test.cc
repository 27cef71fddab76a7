#include "common/auth/bearer_token.h"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::auth {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "a1B2-._~+/c3D4e5F6==";

std::string WriteFile(const std::string& text, mode_t mode = 0600) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/token");
  std::remove(path.c_str());
  std::ofstream(path, std::ios::binary) << text;
  chmod(path.c_str(), mode);
  return path;
}

TEST(BearerTokenTest, IsTheOneLineOfItsFile) {
  for (const char* end : {"", "\n", "\r\n"}) {
    EXPECT_THAT(ReadTokenFile(WriteFile(absl::StrCat(kToken, end))),
                IsOkAndHolds(kToken));
  }
  EXPECT_THAT(ReadTokenFile(WriteFile(kToken, 0640)), IsOkAndHolds(kToken))
      << "a group may share it";
  EXPECT_THAT(ReadTokenFile(WriteFile(std::string(4096, 'x'))),
              IsOkAndHolds(std::string(4096, 'x')));
}

TEST(BearerTokenTest, OtherFilesAreRefusedByNameAndNotByContent) {
  const std::string long_one(4097, 'q');
  for (const std::string& text :
       {std::string(), std::string("short-secret"),
        std::string("two words-----"), absl::StrCat(kToken, "\n", kToken),
        absl::StrCat(kToken, "\n\n"), std::string("quoted-secret-\"value\""),
        std::string("sec=ret-with-equals-inside"),
        std::string("\xc3\xa4 not ascii at all secret"),
        std::string("nul-in-the-mi\0dle-secret", 24), long_one}) {
    const auto read = ReadTokenFile(WriteFile(text));
    EXPECT_THAT(read,
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("/token: "), Not(HasSubstr("secret")),
                               Not(HasSubstr("qqqq")))))
        << text;
  }
}

TEST(BearerTokenTest, NobodyElseMayReadIt) {
  for (const mode_t mode : {0604, 0602, 0644, 0601}) {
    EXPECT_THAT(
        ReadTokenFile(WriteFile(kToken, mode)),
        StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("chmod o= ")));
  }
  EXPECT_THAT(
      ReadTokenFile("/does/not/exist"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/does/not/exist")));
  EXPECT_THAT(ReadTokenFile(::testing::TempDir()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(BearerTokenTest, IsWhatFollowsTheScheme) {
  EXPECT_EQ(TokenOf("Bearer abc"), "abc");
  EXPECT_EQ(TokenOf("bearer  abc"), "abc");
  EXPECT_EQ(TokenOf("Bearer "), "");
  for (const char* other : {"", "Bearer", "Basic abc", "abc", "Bearerabc"}) {
    EXPECT_EQ(TokenOf(other), std::nullopt) << other;
  }
}

TEST(BearerTokenTest, CanBeExchanged) {
  BearerToken token("one");
  EXPECT_EQ(token.Header(), "Bearer one");
  token.Set({"two"});
  EXPECT_EQ(token.Header(), "Bearer two");
}

}  // namespace
}  // namespace opcon_snow::auth
