#ifndef OPCON_SNOW_TESTS_BENCH_MEASURE_H_
#define OPCON_SNOW_TESTS_BENCH_MEASURE_H_

// Whole processes from the outside: how long from start to end, and how much
// memory at the most, by the operating system's own account.

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace opcon_snow::bench {

struct Candidate {
  std::string name;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment{};
};

struct Figures {
  std::vector<absl::Duration> wall{};
  // Bytes, the most of each run.
  std::vector<std::int64_t> resident{};

  absl::Duration MedianWall() const;
  absl::Duration Percentile90Wall() const;
  std::int64_t MedianResident() const;
};

// Runs every candidate once uncounted and then `runs` times, in turn (A B C A
// B C …), so that a machine that gets slower slows all of them. An error if
// one ends with another code than 0. `launcher` is //cli:run_measured: Linux
// counts the memory of whoever starts a program as the program's.
absl::StatusOr<std::vector<Figures>> Measure(
    const std::vector<Candidate>& candidates, int runs,
    const std::string& launcher, const std::string& scratch_directory);

}  // namespace opcon_snow::bench

#endif  // OPCON_SNOW_TESTS_BENCH_MEASURE_H_
