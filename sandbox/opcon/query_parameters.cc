#include "sandbox/opcon/query_parameters.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/ids.h"

namespace opcon_snow::sandbox::opcon {
namespace {

absl::Status Invalid(absl::string_view name, absl::string_view value) {
  return absl::InvalidArgumentError(
      absl::StrCat("The value '", value, "' is not valid for ", name, "."));
}

}  // namespace

QueryParameters::QueryParameters(const QueryPairs& pairs) {
  for (const auto& [name, value] : pairs) {
    const auto [at, added] =
        values_.emplace(absl::AsciiStrToLower(name), value);
    if (!added) absl::StrAppend(&at->second, ",", value);
  }
}

std::string QueryParameters::Text(absl::string_view name) const {
  const auto found = values_.find(absl::AsciiStrToLower(name));
  return found == values_.end() ? "" : found->second;
}

bool QueryParameters::Has(absl::string_view name) const {
  return values_.count(absl::AsciiStrToLower(name)) != 0;
}

bool QueryParameters::Asks(absl::string_view name) const {
  const std::string text = Text(name);
  return !text.empty() && !absl::EqualsIgnoreCase(text, "false");
}

std::vector<std::string> QueryParameters::List(absl::string_view name) const {
  std::vector<std::string> parts;
  const std::string text = Text(name);
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

absl::StatusOr<bool> QueryParameters::Flag(absl::string_view name) const {
  const std::string text = Text(name);
  if (text.empty() || absl::EqualsIgnoreCase(text, "false")) return false;
  if (absl::EqualsIgnoreCase(text, "true")) return true;
  return Invalid(name, text);
}

absl::StatusOr<std::optional<int>> QueryParameters::Number(
    absl::string_view name) const {
  const std::string text = Text(name);
  if (text.empty()) return std::optional<int>();
  const std::optional<int> number = ParsePlainInt(text);
  if (!number) return Invalid(name, text);
  return number;
}

absl::StatusOr<std::vector<std::int64_t>> QueryParameters::Numbers(
    absl::string_view name) const {
  std::vector<std::int64_t> numbers;
  for (const std::string& part : List(name)) {
    std::int64_t number = 0;
    if (!absl::SimpleAtoi(part, &number)) return Invalid(name, part);
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<std::vector<absl::CivilDay>> QueryParameters::Dates(
    absl::string_view name) const {
  std::vector<absl::CivilDay> dates;
  for (const std::string& part : List(name)) {
    const std::optional<absl::CivilDay> date = ParseDate(part);
    if (!date) return Invalid(name, part);
    dates.push_back(*date);
  }
  return dates;
}

absl::StatusOr<Slice> SliceOf(const QueryParameters& query, std::size_t size) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<int> offset,
      query.Number(query.Has("Offset") ? "Offset" : "OffsetValue"));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<int> limit,
      query.Number(query.Has("Limit") ? "Limit" : "LimitValue"));
  Slice slice;
  slice.begin = std::min(size, static_cast<std::size_t>(offset.value_or(0)));
  slice.end = size;
  if (limit) {
    slice.end = std::min(size, slice.begin + static_cast<std::size_t>(*limit));
  }
  return slice;
}

}  // namespace opcon_snow::sandbox::opcon
