#ifndef OPCON_SNOW_COMMON_CONFIG_MESSAGE_FILLER_H_
#define OPCON_SNOW_COMMON_CONFIG_MESSAGE_FILLER_H_

// From a YAML tree to a message, by reflection. For yaml_loader.h.

#include "common/config/fault.h"
#include "common/config/yaml_tree.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config::internal {

// Sets what `root` says; adds a fault for everything it cannot.
void FillMessage(const YamlNode& root, google::protobuf::Message* message,
                 Faults* faults);

}  // namespace opcon_snow::config::internal

#endif  // OPCON_SNOW_COMMON_CONFIG_MESSAGE_FILLER_H_
