#include "common/config/validate.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "google/protobuf/duration.pb.h"

namespace opcon_snow::config {

std::string FieldPath(absl::string_view parent, absl::string_view name) {
  return parent.empty() ? std::string(name) : absl::StrCat(parent, ".", name);
}

std::string FieldPath(absl::string_view parent, int index,
                      absl::string_view name) {
  const std::string element = absl::StrCat(parent, "[", index, "]");
  return name.empty() ? element : FieldPath(element, name);
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::ZeroDuration()) return "0s";
  constexpr absl::Duration kDay = absl::Hours(24);
  if (duration >= kDay && duration % kDay == absl::ZeroDuration()) {
    return absl::StrCat(duration / kDay, "d");
  }
  return absl::FormatDuration(duration);
}

void CheckRequired(absl::string_view field, absl::string_view value,
                   Faults* faults) {
  if (value.empty()) faults->Add(field, "is required");
}

void CheckRange(absl::string_view field, std::int64_t value, std::int64_t least,
                std::int64_t most, Faults* faults) {
  if (value == 0 || (value >= least && value <= most)) return;
  faults->Add(field,
              absl::StrCat(value, " is not between ", least, " and ", most));
}

void CheckRange(absl::string_view field,
                const google::protobuf::Duration& value, absl::Duration least,
                absl::Duration most, Faults* faults) {
  const absl::Duration duration = ToDuration(value);
  if (duration >= least && duration <= most) return;
  faults->Add(field,
              absl::StrCat(DurationText(duration), " is not between ",
                           DurationText(least), " and ", DurationText(most)));
}

}  // namespace opcon_snow::config
