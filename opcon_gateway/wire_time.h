#ifndef OPCON_SNOW_OPCON_GATEWAY_WIRE_TIME_H_
#define OPCON_SNOW_OPCON_GATEWAY_WIRE_TIME_H_

// Times and dates as OpCon's API writes them.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"

namespace opcon_snow::opcon {

struct WireTime {
  absl::Time time;
  // What the clock at the site is ahead of UTC; none if neither OpCon nor the
  // configuration says, and then the time was read as UTC.
  std::optional<absl::Duration> utc_offset;
};

// The time zone that a site's OpCon lives in; none if nobody said.
using SiteZone = std::optional<absl::TimeZone>;

// Reads "2017-06-11T15:03:27.7480000-05:00": the fraction of a second and the
// offset may be missing, "Z" is an offset. A time without offset is one of
// `site`, and its offset is that of the zone at that time; without a zone it is
// one of UTC. Nothing if it is no such text, or if it lies before 1970:
// databases write "no time" as the first day of their calendar (0001-01-01,
// 1899-12-30).
std::optional<WireTime> ParseWireTime(absl::string_view text,
                                      const SiteZone& site = std::nullopt);

// Reads the date that a text begins with: "2026-01-05" or
// "2026-01-05T00:00:00.0000000-06:00". A date is a date whatever the zone, so
// an offset changes nothing.
std::optional<google::type::Date> ParseWireDate(absl::string_view text);

// Reads "20260105", which ids begin with.
std::optional<google::type::Date> ParseIdDate(absl::string_view text);

// "2026-01-05", for queries and messages.
std::string FormatDate(const google::type::Date& date);

// True for a day that the calendar has, from 1900 to 9999.
bool IsValidDate(const google::type::Date& date);

google::protobuf::Timestamp ToTimestamp(absl::Time time);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_WIRE_TIME_H_
