#ifndef OPCON_SNOW_SNOW_GATEWAY_PAGE_H_
#define OPCON_SNOW_SNOW_GATEWAY_PAGE_H_

// Paging. A page begins after a row, not at an offset: rows that come and go
// between two pages neither hide others nor show them twice.
//
// ServiceNow applies the limit before its access rules, so a page with fewer
// rows than asked for is not the last one; only a page without rows is.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace opcon_snow::snow {

// The row that a page begins after: by a time (wire form) and then sys_id, or
// by sys_id alone.
struct Position {
  std::string time;
  std::string sys_id;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// 0 means 100, more is cut to 1000. Negative sizes are the checker's business.
int EffectivePageSize(std::int32_t page_size);

// What a token is good for: the request without its page_size and page_token.
std::string FilterFingerprint(const google::protobuf::Message& request);

// An opaque text.
std::string EncodePageToken(const Position& position,
                            absl::string_view fingerprint);

// Nothing for an empty token. An error's message says what is wrong with it,
// for a field violation.
absl::StatusOr<std::optional<Position>> DecodePageToken(
    absl::string_view token, absl::string_view fingerprint, bool with_time);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_PAGE_H_
