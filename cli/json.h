#ifndef OPCON_SNOW_CLI_JSON_H_
#define OPCON_SNOW_CLI_JSON_H_

#include <string>

#include "google/protobuf/message.h"

namespace opcon_snow::cli {

// The protobuf JSON of a message in several lines, for --output json. Empty
// for what has no JSON form, such as a timestamp out of range.
std::string ToJson(const google::protobuf::Message& message);

// The same in one line, with a line break at its end.
std::string ToJsonLine(const google::protobuf::Message& message);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_JSON_H_
