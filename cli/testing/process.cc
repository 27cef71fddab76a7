#include "cli/testing/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"

namespace opcon_snow::cli {
namespace {

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  }
  std::array<int, 2> ends{};
};

// A terminal with a person, or this test, at its other end.
struct Terminal {
  explicit Terminal(int columns) {
    const winsize size = {.ws_row = 24,
                          .ws_col = static_cast<unsigned short>(columns),
                          .ws_xpixel = 0,
                          .ws_ypixel = 0};
    if (openpty(&person, &program, nullptr, nullptr, &size) != 0) std::abort();
    fcntl(person, F_SETFD, FD_CLOEXEC);
    fcntl(program, F_SETFD, FD_CLOEXEC);
  }
  int person = -1;
  int program = -1;
};

// Reads what is there; false at the end.
bool ReadSome(int fd, std::string& text) {
  std::array<char, 4096> buffer{};
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

// Collects both streams until both are closed.
void Collect(int out, int error, pid_t child, const ProcessOptions& options,
             ProcessResult& result) {
  std::array<pollfd, 2> waits = {{{out, POLLIN, 0}, {error, POLLIN, 0}}};
  bool terminated = !options.terminate_when;
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    if (!terminated && options.terminate_when()) {
      kill(child, SIGTERM);
      terminated = true;
    }
    poll(waits.data(), waits.size(), terminated ? -1 : 1);
    if (waits[0].revents != 0 && !ReadSome(out, result.out)) waits[0].fd = -1;
    if (waits[1].revents != 0 && !ReadSome(error, result.error)) {
      waits[1].fd = -1;
    }
  }
}

}  // namespace

ProgramStart::ProgramStart(
    const std::string& program, const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment) {
  strings.push_back(program);
  strings.insert(strings.end(), arguments.begin(), arguments.end());
  const std::size_t variables = strings.size();
  for (const auto& [name, value] : environment) {
    strings.push_back(absl::StrCat(name, "=", value));
  }
  for (std::size_t i = 0; i < strings.size(); ++i) {
    (i < variables ? argv : envp).push_back(strings[i].data());
  }
  argv.push_back(nullptr);
  envp.push_back(nullptr);
}

ProcessResult RunProcess(const std::string& program,
                         const std::vector<std::string>& arguments,
                         const ProcessOptions& options) {
  // What the program writes to, and where that is read.
  std::array<int, 3> files = {-1, -1, -1};
  int out = -1;
  int error = -1;
  if (options.terminal_columns > 0) {
    const Terminal terminal(options.terminal_columns);
    files.fill(terminal.program);
    out = terminal.person;
  } else if (!options.close_standard_files) {
    const Pipe out_pipe;
    const Pipe error_pipe;
    files = {-1, out_pipe.ends[1], error_pipe.ends[1]};
    out = out_pipe.ends[0];
    error = error_pipe.ends[0];
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd <= 2; ++fd) {
    const int file = files[static_cast<std::size_t>(fd)];
    if (file >= 0) {
      posix_spawn_file_actions_adddup2(&actions, file, fd);
    } else if (options.close_standard_files) {
      posix_spawn_file_actions_addclose(&actions, fd);
    }
  }
  const ProgramStart start(program, arguments, options.environment);
  const auto begin = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), &actions, nullptr, start.argv.data(),
                  start.envp.data()) != 0) {
    std::abort();
  }
  posix_spawn_file_actions_destroy(&actions);
  for (const int fd : std::set<int>(files.begin(), files.end())) {
    if (fd >= 0) close(fd);
  }
  ProcessResult result;
  Collect(out, error, child, options, result);
  if (out >= 0) close(out);
  if (error >= 0) close(error);
  int status = 0;
  waitpid(child, &status, 0);
  result.wall = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

std::optional<int> RunUntilCall(const std::string& program,
                                const std::vector<std::string>& arguments,
                                const ProcessOptions& options, int call) {
  const ProgramStart start(program, arguments, options.environment);
  const pid_t child = fork();
  if (child == 0) {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execve(program.c_str(), start.argv.data(), start.envp.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  // Not stopped by exec: the system does not let processes be traced.
  if (!WIFSTOPPED(status)) std::abort();
  ptrace(PTRACE_SETOPTIONS, child, nullptr,
         PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  int calls = 0;
  long signal = 0;
  for (;;) {
    ptrace(PTRACE_SYSCALL, child, nullptr, signal);
    waitpid(child, &status, 0);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (!WIFSTOPPED(status)) std::abort();
    const bool at_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
    signal = at_call || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
    if (!at_call) continue;
    __ptrace_syscall_info info{};
    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) continue;
    if (calls == 0 && info.entry.nr != SYS_mkdir) continue;
    if (++calls < call) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return std::nullopt;
  }
}

std::string RunfilePath(const std::string& path) {
  const char* root = std::getenv("TEST_SRCDIR");
  if (root == nullptr) root = std::getenv("RUNFILES_DIR");
  return root == nullptr ? path : absl::StrCat(root, "/opcon_snow/", path);
}

}  // namespace opcon_snow::cli
