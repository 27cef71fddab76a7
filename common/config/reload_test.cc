// What is looked at when a configuration is read, again or for the first time:
// the files that it names, and what only the next start takes over.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/named_files.h"
#include "common/config/next_start.h"
#include "common/config/yaml_loader.h"
#include "common/log/capture.h"
#include "config/v1/opcon_gateway.pb.h"
#include "config/v1/snow_gateway.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class NamedFilesTest : public ::testing::Test {
 protected:
  NamedFilesTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("secret", "s3cret\n", 0600);
    Write("pem", "-----BEGIN CERTIFICATE-----\n", 0644);
  }

  void Write(const std::string& name, const std::string& text, mode_t mode) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << text;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }

  std::string FaultsOf(const std::string& instances) {
    Write("gateway.yaml", absl::StrCat("instances:\n", instances), 0644);
    ::config::v1::SnowGatewayConfig config;
    Faults faults;
    (void)LoadYamlFile(folder_ + "/gateway.yaml", &config, &faults);
    CheckNamedFiles(config, &faults);
    std::string text = faults.Format();
    for (std::size_t at = text.find(folder_); at != std::string::npos;
         at = text.find(folder_)) {
      text.erase(at, folder_.size() + 1);
    }
    return text;
  }

  const std::string folder_;
};

TEST_F(NamedFilesTest, AreFineIfTheyCanBeUsed) {
  EXPECT_EQ(FaultsOf("  - api_key_file: secret\n"
                     "    tls: {ca_file: pem, certificate_file: pem, key_file: "
                     "pem}\n"
                     "    proxy: {password_file: secret}\n"
                     "  - oauth_jwt: {key_file: pem}\n"),
            "");
}

TEST_F(NamedFilesTest, AllThatCannotBeUsedAreToldWithTheirPlace) {
  Write("open", "s3cret\n", 0644);
  Write("empty", "", 0600);
  Write("two", "a\nb\n", 0600);
  const std::string faults = FaultsOf(
      "  - api_key_file: none\n"
      "    tls: {ca_file: secret, key_file: none}\n"
      "  - basic: {password_file: open}\n"
      "    proxy: {password_file: empty}\n"
      "  - oauth_client_credentials: {client_secret_file: two}\n");
  EXPECT_EQ(
      faults,
      "gateway.yaml:2:5: instances[0].api_key_file: secret file none: cannot "
      "be opened: No such file or directory\n"
      "gateway.yaml:3:11: instances[0].tls.ca_file: secret is not PEM: it has "
      "no -----BEGIN line\n"
      "gateway.yaml:3:28: instances[0].tls.key_file: none cannot be read: No "
      "such file or directory\n"
      "gateway.yaml:4:13: instances[1].basic.password_file: secret file open: "
      "has the mode 0644, which lets everybody on this machine at it; run: "
      "chmod o= open\n"
      "gateway.yaml:5:13: instances[1].proxy.password_file: secret file empty: "
      "is empty\n"
      "gateway.yaml:6:32: instances[2].oauth_client_credentials."
      "client_secret_file: secret file two: holds a NUL character or more than "
      "one line\n");
  EXPECT_THAT(faults, Not(HasSubstr("s3cret")));
}

::config::v1::OpConGatewayConfig Config(const std::string& text) {
  ::config::v1::OpConGatewayConfig config;
  Faults faults;
  (void)LoadYamlText(text, &config, &faults);
  EXPECT_EQ(faults.Format(), "");
  return config;
}

TEST(NextStartTest, FieldsThatDifferAreFoundInTheirSections) {
  const auto before = Config(
      "listener: {address: \"127.0.0.1:1\", max_concurrent_calls: 7}\n"
      "instances: [{name: a}]\n");
  EXPECT_THAT(ChangedFields(before, before), IsEmpty());
  EXPECT_THAT(
      ChangedFields(before, Config("listener: {address: \"127.0.0.1:2\", "
                                   "drain_timeout: 3s}\n"
                                   "instances: [{name: b}]\n")),
      ElementsAre("listener.address", "listener.max_concurrent_calls",
                  "listener.drain_timeout", "instances"));
  EXPECT_THAT(ChangedFields(before, Config("instances: [{name: a}]\n")),
              ElementsAre("listener"));
}

TEST(NextStartTest, WhatIsNotTakenOverIsToldUntilTheNextStart) {
  const auto running =
      Config("listener: {address: \"127.0.0.1:1\"}\ninstances: [{name: a}]\n");
  const auto fresh =
      Config("listener: {address: \"127.0.0.1:2\"}\ninstances: [{name: b}]\n");
  for (int i = 0; i < 2; ++i) {
    const log::CaptureLogs logs;
    TellNextStart(running, fresh, {"instances"});
    ASSERT_EQ(logs.Lines("config.takes_effect_at_next_start").size(), 1u);
    EXPECT_THAT(logs.Text(), HasSubstr("\"fields\":\"listener.address\""));
    EXPECT_THAT(logs.Text(), HasSubstr("\"level\":\"warning\""));
  }
  const log::CaptureLogs logs;
  TellNextStart(running, fresh, {"instances", "listener"});
  TellNextStart(running, fresh, {"instances", "listener.address"});
  TellNextStart(running, running, {});
  EXPECT_EQ(logs.Text(), "");
}

}  // namespace
}  // namespace opcon_snow::config
