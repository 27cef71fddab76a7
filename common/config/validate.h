#ifndef OPCON_SNOW_COMMON_CONFIG_VALIDATE_H_
#define OPCON_SNOW_COMMON_CONFIG_VALIDATE_H_

// What validators of configurations say again and again, in one form. Fields
// are named by their path: FieldPath("instances", 2, "base_url") is
// "instances[2].base_url". Portable.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "google/protobuf/duration.pb.h"

namespace opcon_snow::config {

// "parent.name"; `name` alone if there is no parent.
std::string FieldPath(absl::string_view parent, absl::string_view name);
// "parent[index].name", "parent[index]" without a name.
std::string FieldPath(absl::string_view parent, int index,
                      absl::string_view name = "");

// Bounded to what absl and the protobuf both hold.
absl::Duration ToDuration(const google::protobuf::Duration& duration);
// "250ms", "30s", "7d": as it is written in a configuration.
std::string DurationText(absl::Duration duration);

// A fault if `value` is empty.
void CheckRequired(absl::string_view field, absl::string_view value,
                   Faults* faults);
// A fault if `value` is outside [least, most]. 0 is the unset value of proto3
// and no fault; it must mean the default.
void CheckRange(absl::string_view field, std::int64_t value, std::int64_t least,
                std::int64_t most, Faults* faults);
// The same for a duration that is set; call it only if it is.
void CheckRange(absl::string_view field,
                const google::protobuf::Duration& value, absl::Duration least,
                absl::Duration most, Faults* faults);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_VALIDATE_H_
