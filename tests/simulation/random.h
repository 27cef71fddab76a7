#ifndef OPCON_SNOW_TESTS_SIMULATION_RANDOM_H_
#define OPCON_SNOW_TESTS_SIMULATION_RANDOM_H_

// Random decisions that come out the same for the same seed.

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace opcon_snow::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 to n - 1; `n` is positive. Not by a standard distribution, which each
  // library has its own of.
  int Below(int n) {
    return static_cast<int>(engine_() % static_cast<std::uint64_t>(n));
  }
  int Between(int from, int to) { return from + Below(to - from + 1); }
  // True in so many of a thousand cases.
  bool PerMille(int share) { return Below(1000) < share; }
  bool Percent(int share) { return Below(100) < share; }
  // In [0, 1).
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  template <class Entry>
  Entry& Pick(std::vector<Entry>& entries) {
    return entries[static_cast<std::size_t>(
        Below(static_cast<int>(entries.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace opcon_snow::simulation

#endif  // OPCON_SNOW_TESTS_SIMULATION_RANDOM_H_
