#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr char kFormat[] = "%E4Y-%m-%d %H:%M:%S";

}  // namespace

std::string FormatTimestamp(absl::Time time, absl::Duration offset) {
  return absl::FormatTime(kFormat, time + offset, absl::UTCTimeZone());
}

bool ParseTimestamp(const std::string& text, absl::Duration offset,
                    absl::Time* time) {
  if (text.size() != 19) return false;
  if (!absl::ParseTime(kFormat, text, time, nullptr)) return false;
  *time -= offset;
  return true;
}

}  // namespace opcon_snow::sandbox::servicenow
