#ifndef OPCON_SNOW_COMMON_CONFIG_YAML_LIMITS_H_
#define OPCON_SNOW_COMMON_CONFIG_YAML_LIMITS_H_

// What a YAML text may be, so that reading it is bounded. For yaml_loader.h.

#include <cstddef>

namespace opcon_snow::config {

struct YamlLimits {
  std::size_t max_bytes = std::size_t{1} << 20;
  int max_depth = 32;
  // Values in the file, counted after aliases are replaced by what they stand
  // for, which bounds the "billion laughs".
  std::size_t max_nodes = 50'000;
  int max_aliases = 100;
};

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_YAML_LIMITS_H_
