// Starts a real process: signals and exit codes cannot be tested within one.

#include "common/config/server_main.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/config/flags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kServer[] = "common/config/server_main_test_server";
constexpr char kGood[] = "listener: {address: \"127.0.0.1:0\"}\n";

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool Eventually(const std::function<bool()>& holds) {
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (!holds()) {
    if (absl::Now() > give_up) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

class ServerMainTest : public ::testing::Test {
 protected:
  ServerMainTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ServerMainTest() override {
    if (pid_ > 0) kill(pid_, SIGKILL);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }

  std::string config() const { return folder_ + "/server.yaml"; }
  std::string port_file() const { return folder_ + "/ports"; }
  std::string Out() const { return Content(folder_ + "/out"); }
  std::string Err() const { return Content(folder_ + "/err"); }

  void WriteConfig(const std::string& text) { std::ofstream(config()) << text; }

  void Spawn(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kServer);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, 1, (folder_ + "/out").c_str(),
                                     flags, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ + "/err").c_str(),
                                     flags, 0600);
    ASSERT_EQ(
        posix_spawn(&pid_, kServer, &actions, nullptr, argv.data(), environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
  }

  // The exit code; -1 if it was killed by a signal.
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  int Run(const std::vector<std::string>& arguments) {
    Spawn(arguments);
    return Wait();
  }

  void StartServing(const std::string& text) {
    WriteConfig(text);
    Spawn({"--config", config(), "--port-file", port_file()});
    ASSERT_TRUE(Eventually([&] {
      return absl::StrContains(Err(), "server.started");
    })) << Err();
  }

  void Signal(int signal) { ASSERT_EQ(kill(pid_, signal), 0); }
  bool Logged(const std::string& text) {
    return Eventually([&] { return absl::StrContains(Err(), text); });
  }

  const std::string folder_;
  pid_t pid_ = 0;
};

TEST_F(ServerMainTest, PrintsItsVersion) {
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_EQ(Out(), "test_server 1.2.3\n");
}

TEST_F(ServerMainTest, RefusesUnknownArguments) {
  EXPECT_EQ(Run({"--config", "x", "--nonsense"}), kExitUsage);
  EXPECT_THAT(Out(), IsEmpty());
  EXPECT_THAT(Err(), HasSubstr("nonsense"));
}

TEST_F(ServerMainTest, SaysEveryFaultOfTheConfiguration) {
  WriteConfig("listner: {}\ninstances: 5\n");
  const std::string faults = absl::StrCat(
      config(), ": listener.address: is required\n", config(),
      ":1:1: listner: is not known; did you mean listener?\n", config(),
      ":2:12: instances: must be a list, but is a single value\n");
  EXPECT_EQ(Run({"--config", config(), "--check-config"}), kExitConfig);
  EXPECT_EQ(Err(), faults);
  EXPECT_EQ(Run({"--config", config()}), kExitConfig);
  EXPECT_EQ(Err(), faults);
}

TEST_F(ServerMainTest, SaysThatTheFileIsMissing) {
  EXPECT_EQ(Run({"--config", config()}), kExitConfig);
  EXPECT_THAT(Err(), HasSubstr("No such file"));
  EXPECT_THAT(Err(), Not(HasSubstr("is required")))
      << "there is nothing to validate";
}

TEST_F(ServerMainTest, ChecksWithoutStarting) {
  WriteConfig(kGood);
  EXPECT_EQ(Run({"--config", config(), "--check-config"}), kExitOk);
  EXPECT_EQ(Out(), config() + ": no faults\n");
  EXPECT_THAT(Err(), Not(HasSubstr("server.started")));
}

TEST_F(ServerMainTest, ShowsWhatTheConfigurationComesTo) {
  WriteConfig(kGood);
  EXPECT_EQ(Run({"--config", config(), "--show-config"}), kExitOk);
  EXPECT_THAT(Out(), HasSubstr("listener:\n  address: \""));
  EXPECT_THAT(Err(), Not(HasSubstr("server.started")));
  WriteConfig("listner: {}\n");
  EXPECT_EQ(Run({"--config", config(), "--show-config"}), kExitConfig);
  EXPECT_THAT(Err(), HasSubstr("did you mean listener?"));
}

TEST_F(ServerMainTest, WhatTheConfigurationNamesIsPartOfIt) {
  WriteConfig(absl::StrCat(kGood, "default_instance_name: fail-build\n"));
  EXPECT_EQ(Run({"--config", config(), "--check-config"}), kExitConfig);
  EXPECT_EQ(Err(), config() + ": no such token file\n");
  EXPECT_EQ(Run({"--config", config()}), kExitConfig);
}

TEST_F(ServerMainTest, LooksWithoutBuildingWhereThatTakesHoldOfSomething) {
  WriteConfig(absl::StrCat(kGood, "default_instance_name: fail-build\n"));
  ASSERT_EQ(setenv("TEST_BUILD_TAKES_HOLD", "1", 1), 0);
  const int checked = Run({"--config", config(), "--check-config"});
  const int shown = Run({"--config", config(), "--show-config"});
  const int run = Run({"--config", config()});
  ASSERT_EQ(unsetenv("TEST_BUILD_TAKES_HOLD"), 0);
  EXPECT_EQ(checked, kExitOk);
  EXPECT_EQ(shown, kExitOk);
  EXPECT_EQ(run, kExitConfig);
}

TEST_F(ServerMainTest, FilesThatTheConfigurationNamesAreFaultsBesideItsOwn) {
  WriteConfig(
      "instances: [{token_file: none}, {login: {password_file: no}}]\n"
      "listner: {}\n");
  EXPECT_EQ(Run({"--config", config(), "--check-config"}), kExitConfig);
  for (const char* fault :
       {"listener.address: is required", "2:1: listner: is not known",
        "1:14: instances[0].token_file: secret file ",
        "1:42: instances[1].login.password_file: secret file "}) {
    EXPECT_THAT(Err(), HasSubstr(fault));
  }
}

TEST_F(ServerMainTest, TellsOtherFailuresApart) {
  WriteConfig(absl::StrCat(kGood, "default_instance_name: fail-build-later"));
  EXPECT_EQ(Run({"--config", config()}), kExitUnavailable);
  EXPECT_THAT(Err(), HasSubstr("not now"));
  WriteConfig(absl::StrCat(kGood, "default_instance_name: fail-start"));
  EXPECT_EQ(Run({"--config", config()}), kExitUnavailable);
  EXPECT_THAT(Err(), HasSubstr("cannot bind"));
}

TEST_F(ServerMainTest, WithoutItsPortFileItDoesNotServe) {
  WriteConfig(kGood);
  EXPECT_EQ(Run({"--config", config(), "--port-file", "/does/not/exist"}),
            kExitUnavailable);
  EXPECT_THAT(Err(), HasSubstr("/does/not/exist"));
  EXPECT_THAT(Err(), HasSubstr("test.stopped"));
}

TEST_F(ServerMainTest, ServesUntilTermAndExitsWithZero) {
  StartServing(kGood);
  EXPECT_EQ(Content(port_file()), "grpc=1234\n");
  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitOk);
  EXPECT_THAT(Err(), HasSubstr("test.stopped"));
  EXPECT_THAT(Err(), HasSubstr("test.destroyed"));
  EXPECT_THAT(Err(), HasSubstr("\"process\":\"test_server\""));
  EXPECT_THAT(Err(), Not(HasSubstr("test.debug")));
}

TEST_F(ServerMainTest, HealthOfAProcessThatIsNotThere) {
  WriteConfig("listener: {address: \"127.0.0.1:1\"}\n");
  EXPECT_EQ(Run({"--config", config(), "--health"}), kExitUnavailable);
  EXPECT_THAT(Err(), HasSubstr("127.0.0.1:1: "));
  EXPECT_EQ(Run({"--config", config(), "--port-file", port_file(), "--health"}),
            kExitUnavailable);
  EXPECT_THAT(Err(), HasSubstr(port_file()));
  EXPECT_THAT(Out(), IsEmpty());
}

TEST_F(ServerMainTest, HealthNeedsTheListenerAndNothingElseOfTheFile) {
  WriteConfig("listener: {address: \"127.0.0.1:1\"}\nnonsense: 1\n");
  EXPECT_EQ(Run({"--config", config(), "--health"}), kExitUnavailable)
      << "asked in spite of the fault";
  WriteConfig("default_instance_name: x\n");
  EXPECT_EQ(Run({"--config", config(), "--health"}), kExitConfig);
  EXPECT_THAT(Err(), HasSubstr("listener.address: is required"));
  WriteConfig(kGood);
  EXPECT_EQ(Run({"--config", config(), "--health"}), kExitConfig);
  EXPECT_THAT(Err(), HasSubstr("--port-file"));
}

TEST_F(ServerMainTest, InterruptStopsAsWell) {
  StartServing(kGood);
  Signal(SIGINT);
  EXPECT_EQ(Wait(), kExitOk);
}

TEST_F(ServerMainTest, PipesDoNotKillIt) {
  StartServing(kGood);
  Signal(SIGPIPE);
  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitOk);
}

TEST_F(ServerMainTest, DoesNotDestroyWhatStillRuns) {
  StartServing(absl::StrCat(kGood, "default_instance_name: fail-stop"));
  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitSoftware);
  EXPECT_THAT(Err(), HasSubstr("hangs"));
  EXPECT_THAT(Err(), Not(HasSubstr("test.destroyed")));
}

TEST_F(ServerMainTest, HangUpReloadsWhatHasNoFault) {
  StartServing(kGood);
  WriteConfig(absl::StrCat(kGood, "default_instance_name: second\n"));
  Signal(SIGHUP);
  EXPECT_TRUE(Logged("\"name\":\"second\""));
  EXPECT_TRUE(Logged("config.reloaded"));

  WriteConfig("nonsense: 1\n");
  Signal(SIGHUP);
  EXPECT_TRUE(Logged("nonsense: is not known here"));

  WriteConfig(absl::StrCat(kGood, "default_instance_name: fail-reload\n"));
  Signal(SIGHUP);
  EXPECT_TRUE(Logged("not this"));

  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitOk);
}

TEST_F(ServerMainTest, AFileThatCannotBeReadRefusesAReload) {
  std::ofstream(folder_ + "/token") << "t";
  std::filesystem::permissions(folder_ + "/token",
                               std::filesystem::perms::owner_read);
  const std::string good = absl::StrCat(kGood,
                                        "instances: [{token_file: token"
                                        "}]\n");
  StartServing(good);
  std::filesystem::remove(folder_ + "/token");
  Signal(SIGHUP);
  EXPECT_TRUE(Logged("config.reload_refused"));
  EXPECT_THAT(Err(), HasSubstr("2:14: instances[0].token_file: secret file"));
  EXPECT_THAT(Err(), Not(HasSubstr("test.reloaded")));
  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitOk);
}

TEST_F(ServerMainTest, WhatOnlyTheNextStartTakesIsTold) {
  StartServing(kGood);
  WriteConfig("listener: {address: \"127.0.0.1:1\"}\n");
  Signal(SIGHUP);
  EXPECT_TRUE(Logged("config.reloaded"));
  EXPECT_THAT(Err(), HasSubstr("config.takes_effect_at_next_start"));
  EXPECT_THAT(Err(), HasSubstr("listener.address"));
  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitOk);
}

TEST_F(ServerMainTest, SetsTheLogLevelFromTheConfiguration) {
  StartServing(absl::StrCat(kGood, "logging: {level: debug}\n"));
  EXPECT_THAT(Err(), HasSubstr("test.debug"));
  WriteConfig(absl::StrCat(kGood, "logging: {level: error}\n"));
  Signal(SIGHUP);
  EXPECT_TRUE(Logged("test.reloaded"));
  Signal(SIGTERM);
  EXPECT_EQ(Wait(), kExitOk);
  EXPECT_THAT(Err(), Not(HasSubstr("server.stopped")));
}

}  // namespace
}  // namespace opcon_snow::config
