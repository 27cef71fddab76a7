#ifndef OPCON_SNOW_SNOW_GATEWAY_WIRE_TIME_H_
#define OPCON_SNOW_SNOW_GATEWAY_WIRE_TIME_H_

// ServiceNow's times: "2026-01-05 12:00:00", in UTC, whole seconds, in stored
// values (not in display values, which follow the user's zone and format).

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace opcon_snow::snow {

// Nothing for an empty or any other text.
std::optional<absl::Time> ParseWireTime(absl::string_view text);

// Cut to whole seconds.
std::string FormatWireTime(absl::Time time);

google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

// Whether the timestamp can be written as a wire time: years 1 to 9999, nanos
// in range.
bool IsValidTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_WIRE_TIME_H_
