#include "tests/bench/measure.h"

#include <cstddef>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "tests/bench/percentile.h"
#include "tests/harness/process.h"

namespace opcon_snow::bench {
namespace {

absl::Status RunOnce(const Candidate& candidate, const std::string& launcher,
                     const std::string& scratch_directory, Figures* figures) {
  std::vector<std::string> arguments = {launcher};
  arguments.insert(arguments.end(), candidate.arguments.begin(),
                   candidate.arguments.end());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const harness::Finished finished,
      harness::RunToEnd(arguments, candidate.environment, scratch_directory));
  int exit_code = -1;
  long long nanoseconds = 0;
  long kib = 0;
  if (std::sscanf(finished.out.c_str(), "%d %lld %ld", &exit_code, &nanoseconds,
                  &kib) != 3 ||
      exit_code != 0) {
    return absl::InternalError(absl::StrCat(candidate.name, " ended with ",
                                            exit_code, ": ", finished.err));
  }
  if (figures != nullptr) {
    figures->wall.push_back(absl::Nanoseconds(nanoseconds));
    figures->resident.push_back(std::int64_t{kib} * 1024);
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
    const std::vector<Candidate>& candidates, int runs,
    const std::string& launcher, const std::string& scratch_directory) {
  for (const Candidate& candidate : candidates) {
    OPCON_SNOW_RETURN_IF_ERROR(
        RunOnce(candidate, launcher, scratch_directory, nullptr));
  }
  std::vector<Figures> figures(candidates.size());
  for (int run = 0; run < runs; ++run) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      OPCON_SNOW_RETURN_IF_ERROR(
          RunOnce(candidates[i], launcher, scratch_directory, &figures[i]));
    }
  }
  return figures;
}

}  // namespace opcon_snow::bench
