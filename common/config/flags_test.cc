#include "common/config/flags.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

FlagsResult Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/server");
  return ParseServerFlags(static_cast<int>(arguments.size()), arguments.data(),
                          "server", "1.2.3", "serves");
}

TEST(FlagsTest, TakesItsFlags) {
  const FlagsResult result =
      Parse({"--config", "a.yaml", "--port-file=p", "--check-config"});
  ASSERT_TRUE(result.flags.has_value());
  EXPECT_EQ(result.flags->config_file, "a.yaml");
  EXPECT_EQ(result.flags->port_file, "p");
  EXPECT_TRUE(result.flags->check_config);
}

TEST(FlagsTest, HasDefaults) {
  const FlagsResult result = Parse({"--config", "a.yaml"});
  ASSERT_TRUE(result.flags.has_value());
  EXPECT_EQ(result.flags->port_file, "");
  EXPECT_FALSE(result.flags->check_config);
}

TEST(FlagsTest, AnswersHelpAndVersion) {
  const FlagsResult version = Parse({"--version"});
  EXPECT_FALSE(version.flags.has_value());
  EXPECT_EQ(version.exit_code, kExitOk);
  EXPECT_EQ(version.out, "server 1.2.3\n");
  const FlagsResult help = Parse({"--help"});
  EXPECT_FALSE(help.flags.has_value());
  EXPECT_EQ(help.exit_code, kExitOk);
  EXPECT_THAT(help.out, HasSubstr("--check-config"));
}

TEST(FlagsTest, RefusesWhatItDoesNotKnow) {
  const std::vector<std::vector<const char*>> kCases = {
      {},
      {"--config"},
      {"--config", "a.yaml", "--nonsense"},
      {"--config", "a.yaml", "extra"}};
  for (const auto& arguments : kCases) {
    const FlagsResult result = Parse(arguments);
    EXPECT_FALSE(result.flags.has_value());
    EXPECT_EQ(result.exit_code, kExitUsage);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.error, HasSubstr("--help"));
  }
}

}  // namespace
}  // namespace opcon_snow::config
