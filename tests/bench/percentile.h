#ifndef OPCON_SNOW_TESTS_BENCH_PERCENTILE_H_
#define OPCON_SNOW_TESTS_BENCH_PERCENTILE_H_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace opcon_snow::bench {

// The value that `part` (0 to 1) of the values do not exceed; 0.5 is the
// median. `values` must not be empty.
template <class T>
T Percentile(std::vector<T> values, double part) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(
                           static_cast<double>(values.size() - 1) * part);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace opcon_snow::bench

#endif  // OPCON_SNOW_TESTS_BENCH_PERCENTILE_H_
