#include "sandbox/notify/process.h"

#include <csignal>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::notify {
namespace {

using ::testing::HasSubstr;

ProcessSpec Shell(const std::string& script) {
  ProcessSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"sh", "-c", script};
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}

TEST(RunProcessTest, GivesExitCodeAndOutput) {
  const ProcessResult result =
      RunProcess(Shell("echo out; echo err >&2; exit 69"), {});
  ASSERT_TRUE(result.started.ok()) << result.started;
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.out_bytes, 4u);
  EXPECT_FALSE(result.timed_out);
  EXPECT_GT(result.duration, absl::ZeroDuration());
}

TEST(RunProcessTest, PassesArgumentsAsTheyAre) {
  ProcessSpec spec;
  spec.program = "/usr/bin/printf";
  spec.arguments = {"printf", "<%s>", "a b", "", "$HOME", "\"*'\\"};
  const ProcessResult result = RunProcess(spec, {});
  EXPECT_EQ(result.out, "<a b><><$HOME><\"*'\\>");
}

TEST(RunProcessTest, TheEnvironmentIsOnlyWhatIsGiven) {
  setenv("NOTIFY_TEST_SECRET", "1", 1);
  ProcessSpec spec;
  spec.program = "/usr/bin/env";
  spec.arguments = {"env"};
  spec.environment = {"A=1"};
  EXPECT_EQ(RunProcess(spec, {}).out, "A=1\n");
}

TEST(RunProcessTest, RunsInTheWorkingDirectoryWithEmptyInput) {
  ProcessSpec spec = Shell("pwd; cat");
  spec.working_directory = "/usr";
  EXPECT_EQ(RunProcess(spec, {}).out, "/usr\n");
}

TEST(RunProcessTest, SaysWhyItCannotStart) {
  ProcessSpec spec = Shell("");
  spec.program = "C:\\Suite\\incidentctl.exe";
  const ProcessResult result = RunProcess(spec, {});
  EXPECT_FALSE(result.started.ok());
  EXPECT_THAT(std::string(result.started.message()),
              HasSubstr("C:\\Suite\\incidentctl.exe"));
  spec = Shell("");
  spec.working_directory = "/does/not/exist";
  EXPECT_FALSE(RunProcess(spec, {}).started.ok());
}

TEST(RunProcessTest, OutputIsBoundedAndCounted) {
  ProcessSpec spec = Shell(
      "head -c 3000000 /dev/zero; head -c 10 /dev/zero "
      ">&2");
  spec.max_output = 1000;
  const ProcessResult result = RunProcess(spec, {});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.size(), 1000u);
  EXPECT_EQ(result.out_bytes, 3000000u);
  EXPECT_EQ(result.err.size(), 10u);
}

TEST(RunProcessTest, ATimeoutKillsTheWholeGroup) {
  ProcessSpec spec = Shell("tail -f /dev/null & tail -f /dev/null");
  spec.timeout = absl::Milliseconds(50);
  const ProcessResult result = RunProcess(spec, {});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(RunProcessTest, AStopEndsItAfterTheGrace) {
  ProcessSpec spec = Shell("echo started; tail -f /dev/null");
  spec.stop_grace = absl::Milliseconds(10);
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  const ProcessResult result = RunProcess(spec, stop.get_token());
  stopper.join();
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_FALSE(result.timed_out);
}

TEST(RunProcessTest, AProgramThatEndsWithinTheGraceIsLeftAlone) {
  std::stop_source stop;
  stop.request_stop();
  const ProcessResult result = RunProcess(Shell("exit 3"), stop.get_token());
  EXPECT_EQ(result.exit_code, 3);
}

// A child in the background keeps the pipe open; that must not hold us up.
TEST(RunProcessTest, DoesNotWaitForBackgroundChildren) {
  const ProcessResult result =
      RunProcess(Shell("tail -f /dev/null & echo $!; exit 0"), {});
  EXPECT_EQ(result.exit_code, 0);
  const pid_t child = static_cast<pid_t>(std::atoi(result.out.c_str()));
  ASSERT_GT(child, 1);
  EXPECT_EQ(kill(child, SIGKILL), 0);
}

TEST(RunProcessTest, SignalsAreNotBlockedInTheProgram) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const ProcessResult result = RunProcess(Shell("kill -TERM $$; exit 0"), {});
  pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  EXPECT_EQ(result.signal, SIGTERM);
}

TEST(RunProcessTest, ManyAtOnceDoNotHoldEachOthersPipes) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      for (int k = 0; k < 5; ++k) {
        EXPECT_EQ(RunProcess(Shell(absl::StrCat("echo ", i)), {}).out,
                  absl::StrCat(i, "\n"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace opcon_snow::sandbox::notify
