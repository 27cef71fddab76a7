#include "common/config/port_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

using ::testing::HasSubstr;

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(PortFileTest, WritesOnePortALine) {
  const std::string folder = ::testing::TempDir() + "/ports";
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/file";
  ASSERT_OK(WritePortFile(path, {{"http", 8080}, {"grpc", 50051}}));
  EXPECT_EQ(Content(path), "grpc=50051\nhttp=8080\n");
  ASSERT_OK(WritePortFile(path, {{"grpc", 1}}));
  EXPECT_EQ(Content(path), "grpc=1\n");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files += entry.exists() ? 1 : 0;
  }
  EXPECT_EQ(files, 1) << "no temporary file is left";
}

TEST(PortFileTest, ReadsAPortByItsName) {
  const std::string path = ::testing::TempDir() + "/read";
  EXPECT_THAT(ReadPortFile(path, "grpc"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(path)));
  ASSERT_OK(WritePortFile(path, {{"metrics", 9}, {"grpc", 50051}}));
  EXPECT_THAT(ReadPortFile(path, "grpc"), IsOkAndHolds(50051));
  EXPECT_THAT(ReadPortFile(path, "rpc"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("rpc=PORT")));
}

TEST(PortFileTest, SaysWhyItCannot) {
  EXPECT_THAT(
      WritePortFile("/does/not/exist", {{"grpc", 1}}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/does/not/exist")));
  // A folder cannot be replaced by a file.
  EXPECT_THAT(WritePortFile(::testing::TempDir(), {{"grpc", 1}}),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace opcon_snow::config
