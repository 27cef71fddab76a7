#include "cli/testing/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace opcon_snow::cli {
namespace {

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  }
  std::array<int, 2> ends{};
};

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

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

ProcessResult RunProcess(const std::string& program,
                         const std::vector<std::string>& arguments,
                         const ProcessOptions& options) {
  const Pipe out;
  const Pipe error;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd <= 2 && options.close_standard_files; ++fd) {
    posix_spawn_file_actions_addclose(&actions, fd);
  }
  if (!options.close_standard_files) {
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, error.ends[1], 2);
  }
  std::vector<std::string> argv = {program};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  const auto begin = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), &actions, nullptr,
                  Pointers(argv).data(), Pointers(environment).data()) != 0) {
    std::abort();
  }
  posix_spawn_file_actions_destroy(&actions);
  close(out.ends[1]);
  close(error.ends[1]);
  ProcessResult result;
  Collect(out.ends[0], error.ends[0], child, options, result);
  close(out.ends[0]);
  close(error.ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.wall = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

std::string RunfilePath(const std::string& path) {
  const char* root = std::getenv("TEST_SRCDIR");
  if (root == nullptr) root = std::getenv("RUNFILES_DIR");
  return root == nullptr ? path : absl::StrCat(root, "/opcon_snow/", path);
}

}  // namespace opcon_snow::cli
