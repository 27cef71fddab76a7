#ifndef OPCON_SNOW_COMMON_CONFIG_YAML_TREE_H_
#define OPCON_SNOW_COMMON_CONFIG_YAML_TREE_H_

// A YAML document as a tree with the place of every value. For yaml_loader.h
// and for the incumbent's JSON.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/config/yaml_limits.h"

namespace opcon_snow::config::internal {

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  int line = 0;    // from 1
  int column = 0;  // from 1
  // Of a scalar: as it is written, without quotes, escapes resolved.
  std::string scalar;
  // Whether a scalar was quoted or a block: certainly a string then.
  bool quoted = false;
  // Of a sequence its items; of a map its values, with their keys beside them
  // in `keys`, duplicates included. Keys that are no scalars are reported and
  // left out.
  std::vector<YamlNode> items;
  std::vector<YamlNode> keys;
};

// nullopt and a fault if the text is no YAML or beyond the limits. A text
// without a document is an empty map. Tags and second documents are faults.
std::optional<YamlNode> ParseYaml(absl::string_view text,
                                  const YamlLimits& limits, Faults* faults);

}  // namespace opcon_snow::config::internal

#endif  // OPCON_SNOW_COMMON_CONFIG_YAML_TREE_H_
