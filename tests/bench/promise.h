#ifndef OPCON_SNOW_TESTS_BENCH_PROMISE_H_
#define OPCON_SNOW_TESTS_BENCH_PROMISE_H_

#include <iostream>
#include <string>

#include "absl/strings/str_format.h"

namespace opcon_snow::bench {

// Prints a figure beside what is promised of it, and whether that was kept.
inline void PrintLine(const std::string& what, const std::string& figure,
                      const std::string& promised, bool kept) {
  std::cout << absl::StreamFormat("%-58s %14s   %-24s %s\n", what, figure,
                                  promised, kept ? "kept" : "NOT kept")
            << std::flush;
}

}  // namespace opcon_snow::bench

#endif  // OPCON_SNOW_TESTS_BENCH_PROMISE_H_
