#ifndef OPCON_SNOW_SNOW_GATEWAY_VIOLATIONS_H_
#define OPCON_SNOW_SNOW_GATEWAY_VIOLATIONS_H_

// Collects what is wrong with a request, all of it, as BadRequest tells it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "google/protobuf/repeated_field.h"

namespace opcon_snow::snow {

class Violations {
 public:
  // `field` is the path in the request, "incident.sys_id".
  void Add(absl::string_view field, absl::string_view description);

  bool empty() const { return violations_.empty(); }
  // OK if there is none; else INVALID_REQUEST with all of them.
  absl::Status ToStatus() const;

 private:
  std::vector<FieldViolation> violations_;
};

// Each adds a violation if the value is not acceptable.
void CheckSysId(absl::string_view field, absl::string_view value,
                Violations* violations);
void CheckTable(absl::string_view field, absl::string_view value,
                Violations* violations);
void CheckPageSize(std::int32_t page_size, Violations* violations);
// Columns to read: at most 100 paths.
void CheckColumns(
    absl::string_view field,
    const google::protobuf::RepeatedPtrField<std::string>& columns,
    Violations* violations);
// A value that is looked up; empty is acceptable, for "not given".
void CheckLookedUp(absl::string_view field, absl::string_view value,
                   Violations* violations);
// A marker: 8 to 100 characters, can be looked up, and is part of `text`,
// within its first `within` characters.
void CheckMarker(absl::string_view field, absl::string_view marker,
                 absl::string_view text_field, absl::string_view text,
                 std::size_t within, Violations* violations);
// At most `most` characters.
void CheckLength(absl::string_view field, absl::string_view value,
                 std::size_t most, Violations* violations);

// Characters (code points) of valid UTF-8.
std::size_t CountCharacters(absl::string_view text);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_VIOLATIONS_H_
