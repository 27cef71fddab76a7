// Many lives of the workflow. `--seeds=N` says how many, `--first=SEED` where
// they begin, `--seed=SEED` plays one and tells everything that happens in it.

#include "tests/simulation/simulation.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/soak.h"

namespace opcon_snow::simulation {
namespace {

using ::testing::IsEmpty;

constexpr int kSeedsInTest = 2000;
constexpr int kSeedsInSoak = 100000;

struct Flags {
  int seeds = harness::CaseCount(kSeedsInTest, kSeedsInSoak);
  std::uint64_t first = harness::FirstSeed();
  bool traced = false;
};

Flags& TheFlags() {
  static Flags flags;
  return flags;
}

// So that Bazel can play them side by side; the seeds take turns.
constexpr int kGroups = 4;

class SimulationTest : public ::testing::TestWithParam<int> {};

TEST_P(SimulationTest, NothingIsLostAndNothingDoubled) {
  const Flags& flags = TheFlags();
  std::int64_t reports = 0;
  std::int64_t runs = 0;
  for (int i = GetParam(); i < flags.seeds; i += kGroups) {
    const std::uint64_t seed = flags.first + static_cast<std::uint64_t>(i);
    const SimulationResult result =
        Simulate({.seed = seed, .traced = flags.traced});
    for (const std::string& line : result.trace) GTEST_LOG_(INFO) << line;
    reports += result.reports;
    runs += result.failed_runs;
    ASSERT_THAT(result.violations, IsEmpty())
        << "Play it again, with everything that happens:\n"
        << "  bazel test //tests/simulation:simulation_test "
           "--test_output=streamed --test_arg=--seed="
        << seed;
  }
  GTEST_LOG_(INFO) << flags.seeds << " seeds from " << flags.first << ", each "
                   << kGroups << "th: " << runs << " failed runs, " << reports
                   << " reports";
}
INSTANTIATE_TEST_SUITE_P(Groups, SimulationTest, ::testing::Range(0, kGroups));

TEST(ReplayTest, TheSameSeedIsTheSameLife) {
  for (const std::uint64_t seed : {3U, 14U, 159U}) {
    const SimulationResult first = Simulate({.seed = seed, .traced = true});
    const SimulationResult second = Simulate({.seed = seed, .traced = true});
    EXPECT_EQ(first.trace, second.trace);
    EXPECT_FALSE(first.trace.empty());
  }
}

// False for an argument that makes no sense.
bool ReadFlag(absl::string_view argument) {
  Flags& flags = TheFlags();
  if (absl::ConsumePrefix(&argument, "--seeds=")) {
    return absl::SimpleAtoi(argument, &flags.seeds);
  }
  if (absl::ConsumePrefix(&argument, "--first=")) {
    return absl::SimpleAtoi(argument, &flags.first);
  }
  if (!absl::ConsumePrefix(&argument, "--seed=")) return false;
  flags.seeds = 1;
  flags.traced = true;
  return absl::SimpleAtoi(argument, &flags.first);
}

}  // namespace
}  // namespace opcon_snow::simulation

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (opcon_snow::simulation::ReadFlag(argv[i])) continue;
    GTEST_LOG_(ERROR) << "--seeds=N, --first=SEED or --seed=SEED, not "
                      << argv[i];
    return EXIT_FAILURE;
  }
  return RUN_ALL_TESTS();
}
