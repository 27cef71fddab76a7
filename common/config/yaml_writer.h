#ifndef OPCON_SNOW_COMMON_CONFIG_YAML_WRITER_H_
#define OPCON_SNOW_COMMON_CONFIG_YAML_WRITER_H_

// A protobuf message as YAML by its schema: what yaml_loader.h reads back to an
// equal message.

#include <string>

#include "google/protobuf/message.h"

namespace opcon_snow::config {

// Fields that are set, in the order of the schema; maps by key. Messages of the
// configuration schemas only: of google.protobuf they have Duration. The result
// ends with a line break; it is empty for a message without any set field.
std::string ToYaml(const google::protobuf::Message& message);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_YAML_WRITER_H_
