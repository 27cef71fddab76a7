#include "tests/harness/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"

namespace opcon_snow::harness {
namespace {

constexpr int kAskAgainMs = 5;

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string LastLines(const std::string& path) {
  const std::string text = ReadFile(path);
  constexpr std::size_t kMost = 4000;
  return text.size() <= kMost ? text : text.substr(text.size() - kMost);
}

}  // namespace

bool Eventually(const std::function<bool()>& done, absl::Duration limit) {
  const absl::Time until = absl::Now() + limit;
  while (!done()) {
    if (absl::Now() >= until) return false;
    poll(nullptr, 0, kAskAgainMs);
  }
  return true;
}

absl::StatusOr<std::unique_ptr<Process>> Process::Start(
    const ProcessOptions& options) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup destroy_actions = [&actions] {
    posix_spawn_file_actions_destroy(&actions);
  };
  constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, options.stdout_file.c_str(),
                                   kAppend, 0644);
  posix_spawn_file_actions_addopen(&actions, 2, options.stderr_file.c_str(),
                                   kAppend, 0644);
  if (!options.working_directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions,
                                         options.working_directory.c_str());
  }
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                  Pointers(arguments).data(), Pointers(environment).data());
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat("cannot start ", arguments[0], ": ",
                                            std::strerror(error)));
  }
  return std::unique_ptr<Process>(new Process(pid));
}

Process::~Process() { Kill(); }

bool Process::Running() {
  if (reaped_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  reaped_ = true;
  exit_code_ = ExitCode(status);
  return false;
}

void Process::Kill() {
  if (!Running()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  reaped_ = true;
  exit_code_ = ExitCode(status);
}

absl::StatusOr<int> Process::Terminate() {
  if (Running()) kill(pid_, SIGTERM);
  return Wait();
}

absl::StatusOr<int> Process::Wait(absl::Duration limit) {
  if (!Eventually([this] { return !Running(); }, limit)) {
    Kill();
    return absl::DeadlineExceededError("the process did not end");
  }
  return exit_code_;
}

absl::StatusOr<std::map<std::string, int>> WaitForPorts(
    const std::string& port_file, Process* process,
    const std::string& log_file) {
  std::string content;
  const bool ready = Eventually([&] {
    content = ReadFile(port_file);
    return !content.empty() || !process->Running();
  });
  if (!ready || content.empty()) {
    std::string what = "the server did not get ready";
    if (!process->Running()) {
      OPCON_SNOW_ASSIGN_OR_RETURN(const int code, process->Wait());
      what =
          absl::StrCat("the server ended with ", code, " before it was ready");
    }
    return absl::UnavailableError(
        absl::StrCat(what, "; the end of its log:\n", LastLines(log_file)));
  }
  std::map<std::string, int> ports;
  for (const absl::string_view line :
       absl::StrSplit(content, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> entry = absl::StrSplit(line, '=');
    int port = 0;
    if (absl::SimpleAtoi(entry.second, &port)) ports[entry.first] = port;
  }
  return ports;
}

absl::StatusOr<Finished> RunToEnd(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment,
    const std::string& scratch_directory) {
  static std::atomic<int> counter{0};
  const std::string base = absl::StrCat(scratch_directory, "/run-", ++counter);
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<Process> process,
                              Process::Start({.arguments = arguments,
                                              .environment = environment,
                                              .stdout_file = base + ".out",
                                              .stderr_file = base + ".err"}));
  Finished finished;
  OPCON_SNOW_ASSIGN_OR_RETURN(finished.exit_code, process->Wait());
  finished.out = ReadFile(base + ".out");
  finished.err = ReadFile(base + ".err");
  return finished;
}

std::string ReadFile(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file.good()) content << file.rdbuf();
  return content.str();
}

absl::Status WriteFile(const std::string& path, const std::string& content,
                       unsigned mode) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file.good() || chmod(path.c_str(), mode) != 0) {
    return absl::UnavailableError("cannot write " + path);
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::harness
