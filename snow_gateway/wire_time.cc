#include "snow_gateway/wire_time.h"

#include <cstdint>

namespace opcon_snow::snow {
namespace {

constexpr char kFormat[] = "%E4Y-%m-%d %H:%M:%S";
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
constexpr std::int64_t kFirstSecond = -62135596800;
constexpr std::int64_t kLastSecond = 253402300799;

}  // namespace

std::optional<absl::Time> ParseWireTime(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(kFormat, text, absl::UTCTimeZone(), &time, &error)) {
    return std::nullopt;
  }
  // absl also takes fractions, signs, blanks and dates that do not exist.
  if (FormatWireTime(time) != text) return std::nullopt;
  return time;
}

std::string FormatWireTime(absl::Time time) {
  return absl::FormatTime(kFormat, time, absl::UTCTimeZone());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

bool IsValidTimestamp(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() >= kFirstSecond &&
         timestamp.seconds() <= kLastSecond && timestamp.nanos() >= 0 &&
         timestamp.nanos() <= 999'999'999;
}

}  // namespace opcon_snow::snow
