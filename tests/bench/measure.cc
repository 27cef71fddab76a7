#include "tests/bench/measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "tests/bench/percentile.h"

namespace opcon_snow::bench {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status RunOnce(const Candidate& candidate, Figures* figures) {
  std::vector<std::string> arguments = candidate.arguments;
  std::vector<std::string> environment;
  for (const auto& [name, value] : candidate.environment) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup destroy = [&actions] {
    posix_spawn_file_actions_destroy(&actions);
  };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const auto begun = std::chrono::steady_clock::now();
  pid_t pid = 0;
  const int error =
      posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat("cannot start ", arguments[0], ": ",
                                            std::strerror(error)));
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  const auto took = std::chrono::steady_clock::now() - begun;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError(
        absl::StrCat(candidate.name, " ended with status ", status));
  }
  if (figures != nullptr) {
    figures->wall.push_back(absl::FromChrono(took));
    figures->resident.push_back(std::int64_t{usage.ru_maxrss} * 1024);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Duration Figures::MedianWall() const { return Percentile(wall, 0.5); }
absl::Duration Figures::Percentile90Wall() const {
  return Percentile(wall, 0.9);
}
std::int64_t Figures::MedianResident() const {
  return Percentile(resident, 0.5);
}

absl::StatusOr<std::vector<Figures>> Measure(
    const std::vector<Candidate>& candidates, int runs) {
  for (const Candidate& candidate : candidates) {
    OPCON_SNOW_RETURN_IF_ERROR(RunOnce(candidate, nullptr));
  }
  std::vector<Figures> figures(candidates.size());
  for (int run = 0; run < runs; ++run) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      OPCON_SNOW_RETURN_IF_ERROR(RunOnce(candidates[i], &figures[i]));
    }
  }
  return figures;
}

}  // namespace opcon_snow::bench
