#include "snow_gateway/violations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/query_syntax.h"

namespace opcon_snow::snow {
namespace {

constexpr int kMaxColumns = 100;
constexpr std::size_t kMinMarker = 8;
constexpr std::size_t kMaxMarker = 100;
// More would only be cut off on the way to the caller.
constexpr std::size_t kMaxViolations = 20;

}  // namespace

void Violations::Add(absl::string_view field, absl::string_view description) {
  if (violations_.size() >= kMaxViolations) return;
  violations_.push_back({std::string(field), std::string(description)});
}

absl::Status Violations::ToStatus() const {
  if (violations_.empty()) return absl::OkStatus();
  ErrorDetails details;
  details.violations = violations_;
  return GatewayError(
      ::servicenow::v1::ERROR_REASON_INVALID_REQUEST,
      absl::StrCat(
          "the request is not acceptable: ",
          absl::StrJoin(violations_, "; ",
                        [](std::string* out, const FieldViolation& violation) {
                          absl::StrAppend(out, violation.field, " ",
                                          violation.description);
                        })),
      std::move(details));
}

void CheckSysId(absl::string_view field, absl::string_view value,
                Violations* violations) {
  if (IsSysId(value)) return;
  violations->Add(field, value.empty()
                             ? "is required"
                             : "must be 32 lower-case hexadecimal digits");
}

void CheckTable(absl::string_view field, absl::string_view value,
                Violations* violations) {
  if (IsTableName(value)) return;
  violations->Add(field, value.empty()
                             ? "is required"
                             : "must be a table's name: lower-case letters, "
                               "digits and \"_\", at most 80");
}

void CheckPageSize(std::int32_t page_size, Violations* violations) {
  if (page_size < 0) violations->Add("page_size", "must not be negative");
}

void CheckColumns(
    absl::string_view field,
    const google::protobuf::RepeatedPtrField<std::string>& columns,
    Violations* violations) {
  if (columns.size() > kMaxColumns) {
    violations->Add(field, absl::StrCat("has ", columns.size(),
                                        " entries; at most ", kMaxColumns));
    return;
  }
  for (int i = 0; i < columns.size(); ++i) {
    if (IsColumnPath(columns[i])) continue;
    violations->Add(absl::StrCat(field, "[", i, "]"),
                    "must be a column's name: lower-case letters, digits and "
                    "\"_\", with \".\" over references");
  }
}

void CheckLookedUp(absl::string_view field, absl::string_view value,
                   Violations* violations) {
  if (value.empty()) return;
  if (const auto fault = QueryValueFault(value)) violations->Add(field, *fault);
}

void CheckMarker(absl::string_view field, absl::string_view marker,
                 absl::string_view text_field, absl::string_view text,
                 std::size_t within, Violations* violations) {
  if (marker.empty()) {
    violations->Add(field, "is required");
    return;
  }
  const std::size_t length = CountCharacters(marker);
  if (length < kMinMarker || length > kMaxMarker) {
    violations->Add(field, absl::StrCat("must have ", kMinMarker, " to ",
                                        kMaxMarker, " characters"));
  }
  if (const auto fault = QueryValueFault(marker)) {
    violations->Add(field, *fault);
  }
  const std::size_t at = text.find(marker);
  if (at == absl::string_view::npos) {
    violations->Add(field, absl::StrCat("must be part of ", text_field));
  } else if (CountCharacters(text.substr(0, at)) + length > within) {
    violations->Add(field, absl::StrCat("must stand within the first ", within,
                                        " characters of ", text_field,
                                        ": ServiceNow would cut it off"));
  }
}

void CheckLength(absl::string_view field, absl::string_view value,
                 std::size_t most, Violations* violations) {
  const std::size_t length = CountCharacters(value);
  if (length <= most) return;
  violations->Add(field,
                  absl::StrCat("has ", length, " characters; at most ", most));
}

std::size_t CountCharacters(absl::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace opcon_snow::snow
