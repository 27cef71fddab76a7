#ifndef OPCON_SNOW_COMMON_CONFIG_NEXT_START_H_
#define OPCON_SNOW_COMMON_CONFIG_NEXT_START_H_

// Settings that a running process does not take over when its configuration is
// read again.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {

// The paths of the fields that differ, such as "listener.address", in the order
// of the schema: into single messages, lists and maps as a whole. Both are of
// one type.
std::vector<std::string> ChangedFields(const google::protobuf::Message& before,
                                       const google::protobuf::Message& after);

// Says in the log, as `config.takes_effect_at_next_start`, what has changed
// since the process started with `running` and is not one of `taken`, nor below
// one: the paths of the fields that it does take over. Says nothing if there is
// none.
void TellNextStart(const google::protobuf::Message& running,
                   const google::protobuf::Message& fresh,
                   const std::vector<absl::string_view>& taken);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_NEXT_START_H_
