#ifndef OPCON_SNOW_CLI_NEAREST_H_
#define OPCON_SNOW_CLI_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

// The one of `candidates` that `name` is probably a misspelling of; empty if
// none is near. Dashes in front of either do not count.
std::string Nearest(absl::string_view name,
                    const std::vector<absl::string_view>& candidates);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_NEAREST_H_
