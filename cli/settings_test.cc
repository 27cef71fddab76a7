#include "cli/settings.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SettingsTest : public ::testing::Test {
 protected:
  std::string WriteFile(const std::string& text) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const std::string folder =
        absl::StrCat(::testing::TempDir(), "/", test->name());
    std::filesystem::create_directories(folder);
    std::string path = folder + "/incidentctl.yaml";
    std::ofstream(path) << text;
    return path;
  }

  ResolvedSettings Resolve() const {
    return ResolveSettings(
        flags_,
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          if (found == environment_.end()) return std::nullopt;
          return found->second;
        },
        defaults_);
  }

  GlobalFlags flags_;
  std::map<std::string, std::string> environment_;
  PlatformDefaults defaults_ = {"", "/var/spool/test"};
};

constexpr char kFile[] = R"(
server:
  address: 127.0.0.1:3
timeout: 3s
spool:
  directory: waiting
  max_entries: 7
)";

TEST_F(SettingsTest, HasDefaults) {
  const ResolvedSettings resolved = Resolve();
  EXPECT_THAT(resolved.problems, IsEmpty());
  EXPECT_TRUE(resolved.may_dial);
  const Settings& settings = resolved.settings;
  EXPECT_EQ(settings.server.address(), "127.0.0.1:7470");
  EXPECT_EQ(settings.server_origin, "the default");
  EXPECT_FALSE(settings.server.has_tls());
  EXPECT_EQ(settings.timeout, absl::Seconds(5));
  EXPECT_FALSE(settings.timeout_is_explicit);
  EXPECT_EQ(settings.output, Output::kTable);
  EXPECT_EQ(settings.spool_directory, "/var/spool/test");
  EXPECT_EQ(settings.spool_max_entries, 100'000);
  EXPECT_EQ(SpoolObstacle(settings), "");
}

TEST_F(SettingsTest, TheFileWinsOverTheDefault) {
  flags_.config = WriteFile(kFile);
  const Settings settings = Resolve().settings;
  EXPECT_EQ(settings.server.address(), "127.0.0.1:3");
  EXPECT_EQ(settings.server_origin, flags_.config);
  EXPECT_EQ(settings.timeout, absl::Seconds(3));
  EXPECT_FALSE(settings.timeout_is_explicit);
  EXPECT_EQ(settings.spool_directory,
            std::filesystem::path(flags_.config).parent_path() / "waiting");
  EXPECT_EQ(settings.spool_max_entries, 7);
}

TEST_F(SettingsTest, TheEnvironmentWinsOverTheFile) {
  environment_ = {{"INCIDENTCTL_CONFIG", WriteFile(kFile)},
                  {"INCIDENTCTL_SERVER", "127.0.0.1:2"},
                  {"INCIDENTCTL_TIMEOUT", "2s"},
                  {"INCIDENTCTL_OUTPUT", "json"},
                  {"INCIDENTCTL_SPOOL_DIR", "/two"},
                  {"INCIDENTCTL_TLS_CA", "ca2"},
                  {"INCIDENTCTL_TLS_CERT", "cert2"},
                  {"INCIDENTCTL_TLS_KEY", "key2"},
                  {"INCIDENTCTL_TOKEN_FILE", "token2"}};
  const ResolvedSettings resolved = Resolve();
  EXPECT_THAT(resolved.problems, IsEmpty());
  const Settings& settings = resolved.settings;
  EXPECT_EQ(settings.server.address(), "127.0.0.1:2");
  EXPECT_EQ(settings.server_origin, "INCIDENTCTL_SERVER");
  EXPECT_EQ(settings.timeout, absl::Seconds(2));
  EXPECT_TRUE(settings.timeout_is_explicit);
  EXPECT_EQ(settings.output, Output::kJson);
  EXPECT_EQ(settings.spool_directory, "/two");
  EXPECT_EQ(settings.server.tls().ca_file(), "ca2");
  EXPECT_EQ(settings.server.tls().certificate_file(), "cert2");
  EXPECT_EQ(settings.server.tls().key_file(), "key2");
  EXPECT_EQ(settings.token_file, "token2");
}

TEST_F(SettingsTest, FlagsWinOverTheEnvironment) {
  environment_ = {{"INCIDENTCTL_CONFIG", "/nonexistent"},
                  {"INCIDENTCTL_SERVER", "127.0.0.1:2"},
                  {"INCIDENTCTL_TIMEOUT", "nonsense"},
                  {"INCIDENTCTL_OUTPUT", "json"},
                  {"INCIDENTCTL_SPOOL_DIR", "/two"},
                  {"INCIDENTCTL_TLS_CA", "ca2"},
                  {"INCIDENTCTL_TOKEN_FILE", "token2"}};
  flags_ = {.server = "127.0.0.1:1",
            .config = WriteFile(kFile),
            .output = "table",
            .timeout = "1500ms",
            .tls_ca = "system",
            .tls_cert = "cert1",
            .tls_key = "key1",
            .token_file = "token1",
            .spool_dir = "/one"};
  const ResolvedSettings resolved = Resolve();
  EXPECT_THAT(resolved.problems, IsEmpty());
  const Settings& settings = resolved.settings;
  EXPECT_EQ(settings.server.address(), "127.0.0.1:1");
  EXPECT_EQ(settings.server_origin, "--server");
  EXPECT_EQ(settings.timeout, absl::Milliseconds(1500));
  EXPECT_EQ(settings.output, Output::kTable);
  EXPECT_EQ(settings.spool_directory, "/one");
  EXPECT_TRUE(settings.server.has_tls());
  EXPECT_EQ(settings.server.tls().ca_file(), "");
  EXPECT_EQ(settings.token_file, "token1");
}

TEST_F(SettingsTest, AnEmptyVariableIsNotSet) {
  environment_ = {{"INCIDENTCTL_SERVER", ""}, {"INCIDENTCTL_CONFIG", ""}};
  const ResolvedSettings resolved = Resolve();
  EXPECT_THAT(resolved.problems, IsEmpty());
  EXPECT_EQ(resolved.settings.server_origin, "the default");
}

TEST_F(SettingsTest, ThePlatformsFileIsReadIfItIsThere) {
  defaults_.config_file = "/nonexistent/incidentctl.yaml";
  EXPECT_THAT(Resolve().problems, IsEmpty());
  defaults_.config_file = WriteFile(kFile);
  EXPECT_EQ(Resolve().settings.server.address(), "127.0.0.1:3");
}

TEST_F(SettingsTest, AFileThatIsNamedMustBeThere) {
  flags_.config = "/nonexistent/incidentctl.yaml";
  const ResolvedSettings resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(1));
  EXPECT_EQ(resolved.problems[0].exit_code, kExitConfig);
  EXPECT_THAT(resolved.problems[0].text, HasSubstr(flags_.config));
  EXPECT_FALSE(resolved.may_dial);
}

TEST_F(SettingsTest, AMistakeInTheFileIsNamedAndKeepsFromDialling) {
  flags_.config = WriteFile(
      "sever:\n  address: 127.0.0.1:3\nspool:\n"
      "  directory: /right\n");
  const ResolvedSettings resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(1));
  EXPECT_EQ(resolved.problems[0].exit_code, kExitConfig);
  EXPECT_THAT(resolved.problems[0].text, HasSubstr("sever"));
  // The service that is meant is not the one at the default address.
  EXPECT_FALSE(resolved.may_dial);
  EXPECT_EQ(resolved.settings.spool_directory, "/right");
}

TEST_F(SettingsTest, ValuesOfTheFileAreChecked) {
  flags_.config = WriteFile(
      "server: {address: \"10.0.0.1:7470\"}\ntimeout: 1ms\n"
      "spool: {max_entries: -1}\n");
  const ResolvedSettings resolved = Resolve();
  EXPECT_THAT(resolved.problems, SizeIs(3));
  EXPECT_EQ(resolved.settings.timeout, absl::Seconds(5));
  EXPECT_EQ(resolved.settings.spool_max_entries, 100'000);
}

TEST_F(SettingsTest, MistakesInFlagsAndVariablesAreNamed) {
  flags_.timeout = "5";
  flags_.output = "xml";
  environment_["INCIDENTCTL_SERVER"] = "nowhere";
  const ResolvedSettings resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(3));
  EXPECT_THAT(resolved.problems[0].text,
              HasSubstr("INCIDENTCTL_SERVER \"nowhere\""));
  EXPECT_EQ(resolved.problems[0].exit_code, kExitConfig);
  EXPECT_EQ(resolved.problems[1].text,
            "--timeout \"5\" is not a duration from 100ms to 10m, such as 5s");
  EXPECT_EQ(resolved.problems[1].exit_code, kExitUsage);
  EXPECT_EQ(resolved.problems[2].text,
            "--output \"xml\" is neither table nor json");
  EXPECT_FALSE(resolved.may_dial);
}

TEST_F(SettingsTest, AWrongTimeoutDoesNotKeepFromDialling) {
  flags_.timeout = "11m";
  const ResolvedSettings resolved = Resolve();
  EXPECT_THAT(resolved.problems, SizeIs(1));
  EXPECT_TRUE(resolved.may_dial);
  EXPECT_EQ(resolved.settings.timeout, absl::Seconds(5));
}

TEST_F(SettingsTest, AnotherMachineNeedsTls) {
  flags_.server = "incidents.example:7470";
  ResolvedSettings resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(1));
  EXPECT_EQ(resolved.problems[0].text,
            "--server \"incidents.example:7470\" is not this machine, so "
            "calling it needs TLS; give --tls-ca FILE, or --tls-ca system for "
            "the authorities that the system trusts");
  EXPECT_FALSE(resolved.may_dial);
  flags_.tls_ca = "system";
  resolved = Resolve();
  EXPECT_THAT(resolved.problems, IsEmpty());
  EXPECT_TRUE(resolved.may_dial);
}

TEST_F(SettingsTest, FlagsCompleteTheServerOfTheFile) {
  flags_.config = WriteFile("server: {address: \"10.0.0.1:7470\"}\n");
  EXPECT_THAT(Resolve().problems, SizeIs(1));
  flags_.tls_ca = "ca.pem";
  EXPECT_THAT(Resolve().problems, IsEmpty());
  // The file's address does not matter then.
  flags_.tls_ca.clear();
  flags_.server = "127.0.0.1:1";
  EXPECT_THAT(Resolve().problems, IsEmpty());
}

TEST_F(SettingsTest, ACertificateAndItsKeyGoTogether) {
  flags_.tls_cert = "client.crt";
  ResolvedSettings resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(1));
  EXPECT_EQ(resolved.problems[0].text,
            "--tls-cert \"client.crt\" needs its private key; give --tls-key "
            "FILE");
  EXPECT_FALSE(resolved.may_dial);
  environment_["INCIDENTCTL_TLS_KEY"] = "client.key";
  EXPECT_THAT(Resolve().problems, IsEmpty());
  flags_.tls_cert.clear();
  resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(1));
  EXPECT_EQ(resolved.problems[0].text,
            "INCIDENTCTL_TLS_KEY \"client.key\" needs its certificate; give "
            "--tls-cert FILE");
  // In the file it is the file's mistake.
  environment_.clear();
  flags_.server = "127.0.0.1:1";
  flags_.config =
      WriteFile("server: {address: \"127.0.0.1:2\", tls: {key_file: x}}\n");
  resolved = Resolve();
  ASSERT_THAT(resolved.problems, SizeIs(1));
  EXPECT_EQ(resolved.problems[0].exit_code, kExitConfig);
}

TEST_F(SettingsTest, SaysWhyThereIsNoSpool) {
  flags_.config = WriteFile("spool: {disabled: true}\n");
  EXPECT_EQ(SpoolObstacle(Resolve().settings),
            "the spool is off (spool.disabled)");
  flags_.config.clear();
  defaults_.spool_directory.clear();
  EXPECT_EQ(SpoolObstacle(Resolve().settings),
            "no folder for the spool is known; give --spool-dir");
}

}  // namespace
}  // namespace opcon_snow::cli
