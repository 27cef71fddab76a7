#include "cli/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "absl/strings/strip.h"

namespace opcon_snow::cli {
namespace {

constexpr std::size_t kLongestName = 64;

// How many letters must be inserted, removed or replaced.
std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

absl::string_view WithoutDashes(absl::string_view name) {
  while (absl::ConsumePrefix(&name, "-")) {
  }
  return name;
}

}  // namespace

std::string Nearest(absl::string_view name,
                    const std::vector<absl::string_view>& candidates) {
  name = WithoutDashes(name.substr(0, kLongestName));
  if (name.size() < 3) return "";
  absl::string_view nearest;
  std::size_t least = 3;
  for (const absl::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(name, WithoutDashes(candidate));
    // Three letters that all differ are no misspelling.
    if (distance < least && distance < name.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return std::string(nearest);
}

}  // namespace opcon_snow::cli
