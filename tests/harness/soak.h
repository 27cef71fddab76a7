#ifndef OPCON_SNOW_TESTS_HARNESS_SOAK_H_
#define OPCON_SNOW_TESTS_HARNESS_SOAK_H_

// For tests tagged "soak": few fixed cases when a change is tested, many and
// random ones under ./dev soak.

#include <cstdint>
#include <cstdlib>

namespace opcon_snow::harness {

// True under ./dev soak.
inline bool IsSoak() { return std::getenv("OPCON_SNOW_SOAK") != nullptr; }

inline int CaseCount(int in_test, int in_soak) {
  return IsSoak() ? in_soak : in_test;
}

// The seed of the first case; the others follow it by one. A test prints the
// seed of a case that fails; with OPCON_SNOW_SEED in its environment that case
// is the first one.
inline std::uint64_t FirstSeed() {
  const char* const seed = std::getenv("OPCON_SNOW_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_SOAK_H_
