#include "sandbox/notify/settings.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::sandbox::notify {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::StatusOr<Settings> Parse(const std::vector<std::string>& arguments) {
  CLI::App app;
  Flags flags;
  AddFlags(app, &flags);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return ToSettings(flags);
}

std::string WriteConfig(const std::string& text) {
  const std::string path =
      absl::StrCat(std::getenv("TEST_TMPDIR"), "/notify.yaml");
  std::ofstream(path) << text;
  return path;
}

TEST(SettingsTest, PairsOfTriggersAndCommands) {
  const auto settings =
      Parse({"--opcon",
             "http://127.0.0.1:9010/",
             "--trigger",
             "Job Failed",
             "--command",
             R"(C:\S\x.exe -a [[$MACHINE NAME]] -s "[[$JOB NAME]]")",
             "--trigger",
             "Job Fixed",
             "--command",
             "[[X]]",
             "--working-directory",
             "/tmp",
             "--unresolved",
             "empty",
             "--once",
             "3",
             "--log",
             "l",
             "--cursor",
             "c",
             "--map-program",
             "C:\\S\\x.exe=/bin/x",
             "--delay-ms",
             "5",
             "--poll-wait-ms",
             "7",
             "--command-timeout-ms",
             "9"});
  ASSERT_OK(settings);
  EXPECT_EQ(settings->opcon, "http://127.0.0.1:9010");
  ASSERT_THAT(settings->rules, SizeIs(2));
  EXPECT_EQ(settings->rules[0].command,
            R"(C:\S\x.exe -a [[$MACHINE NAME]] -s "[[$JOB NAME]]")");
  EXPECT_EQ(settings->rules[0].working_directory, "/tmp");
  EXPECT_EQ(settings->rules[1].trigger, "Job Fixed");
  EXPECT_EQ(settings->rules[1].command, "[[X]]");
  EXPECT_EQ(settings->unresolved, Unresolved::kEmpty);
  EXPECT_EQ(settings->once, 3);
  EXPECT_EQ(settings->log_file, "l");
  EXPECT_EQ(settings->cursor_file, "c");
  EXPECT_EQ(settings->program_map.at("C:\\S\\x.exe"), "/bin/x");
  EXPECT_EQ(settings->delay, absl::Milliseconds(5));
  EXPECT_EQ(settings->poll_wait, absl::Milliseconds(7));
  EXPECT_EQ(settings->command_timeout, absl::Milliseconds(9));
}

TEST(SettingsTest, EverythingWrongIsSaidAtOnce) {
  const auto settings =
      Parse({"--trigger", "Job Failed", "--map-program", "x"});
  ASSERT_THAT(settings, StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string message(settings.status().message());
  EXPECT_THAT(message, HasSubstr("one --trigger for each --command"));
  EXPECT_THAT(message, HasSubstr("there is no rule"));
  EXPECT_THAT(message, HasSubstr("FROM=TO"));
  EXPECT_THAT(message, HasSubstr("--opcon is missing"));
}

TEST(SettingsTest, ACommandHasAtMost4000Characters) {
  const auto with = [](const std::string& command) {
    return Parse(
        {"--opcon", "http://x", "--trigger", "t", "--command", command});
  };
  EXPECT_OK(with(std::string(4000, 'x')));
  std::string umlauts;
  for (int i = 0; i < 4000; ++i) umlauts += "\xC3\xB6";
  EXPECT_OK(with(umlauts));
  EXPECT_THAT(with(std::string(4001, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4000")));
}

TEST(SettingsTest, AWorkingDirectoryHasAtMost255Characters) {
  EXPECT_THAT(Parse({"--opcon", "http://x", "--trigger", "t", "--command", "c",
                     "--working-directory", std::string(256, 'x')}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("255")));
}

TEST(SettingsTest, AFileAndFlagsTogether) {
  const std::string path = WriteConfig(
      "opcon: http://file:1\n"
      "unresolved: empty\n"
      "rules:\n"
      "  - trigger: Job Failed\n"
      "    command: C:\\S\\x.exe -a [[$MACHINE NAME]]\n"
      "    working_directory: /usr\n");
  auto settings = Parse({"--config", path});
  ASSERT_OK(settings);
  EXPECT_EQ(settings->opcon, "http://file:1");
  EXPECT_EQ(settings->unresolved, Unresolved::kEmpty);
  ASSERT_THAT(settings->rules, SizeIs(1));
  EXPECT_EQ(settings->rules[0].command, "C:\\S\\x.exe -a [[$MACHINE NAME]]");
  EXPECT_EQ(settings->rules[0].working_directory, "/usr");

  settings =
      Parse({"--config", path, "--opcon", "http://flag:2", "--unresolved",
             "literal", "--trigger", "Job Fixed", "--command", "c"});
  ASSERT_OK(settings);
  EXPECT_EQ(settings->opcon, "http://flag:2");
  EXPECT_EQ(settings->unresolved, Unresolved::kLiteral);
  EXPECT_THAT(settings->rules, SizeIs(2));
}

TEST(SettingsTest, JsonIsAConfigToo) {
  Settings settings;
  ASSERT_OK(ApplyConfig(
      R"({"rules":[{"trigger":"Job Failed","command":"a \"[[X]]\""}]})",
      "f.json", &settings));
  EXPECT_EQ(settings.rules.at(0).command, "a \"[[X]]\"");
}

TEST(SettingsTest, FaultsOfAFileHaveTheirPlace) {
  Settings settings;
  for (const char* text :
       {"opcon: x\nrule: []\n", "opcon: x\nrules: {}\n", "a\nb: [\n",
        "opcon: x\nunresolved: never\n", "opcon: x\nrules:\n  - triger: x\n"}) {
    EXPECT_THAT(
        ApplyConfig(text, "f.yaml", &settings),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("f.yaml:")))
        << text;
  }
  EXPECT_THAT(ApplyConfig("opcon: x\nrule: []\n", "f.yaml", &settings),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("f.yaml:2: unknown key 'rule'")));
  EXPECT_THAT(Parse({"--config", "/does/not/exist"}),
              StatusIs(absl::StatusCode::kNotFound));
}

RC_GTEST_PROP(SettingsTest, AnyBytesAreAnAnswer, ()) {
  const std::string text = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("rules:- opcn{}[]\n\"'&*!|>%@`\t#\x80")));
  Settings settings;
  const absl::Status status = ApplyConfig(text, "f", &settings);
  RC_ASSERT(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify
