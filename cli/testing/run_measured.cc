// Runs a program, discarding its standard output, and prints its exit code,
// its wall time in nanoseconds and the most memory that it had in KiB.
//
// Linux counts the memory of the process that starts a program as the
// program's own, so this one has to be small; it links nothing.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: run_measured PROGRAM [ARGUMENTS]\n");
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDOUT_FILENO);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) return 2;
  const auto wall = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%d %lld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
      static_cast<long long>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()),
      usage.ru_maxrss);
  return 0;
}
