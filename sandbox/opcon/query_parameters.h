#ifndef OPCON_SNOW_SANDBOX_OPCON_QUERY_PARAMETERS_H_
#define OPCON_SNOW_SANDBOX_OPCON_QUERY_PARAMETERS_H_

// The parameters of a GET as the API takes them: names in any case, lists
// joined with commas or given by repetition, numbers and booleans as text.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::opcon {

// The Status of every error is INVALID_ARGUMENT and names the parameter.
class QueryParameters {
 public:
  explicit QueryParameters(const QueryPairs& pairs);

  // "" if absent. A repeated one's values are joined with commas.
  std::string Text(absl::string_view name) const;
  bool Has(absl::string_view name) const;
  // It is there and neither empty nor "false".
  bool Asks(absl::string_view name) const;

  // The parts between commas without surrounding blanks; empty parts are left
  // out.
  std::vector<std::string> List(absl::string_view name) const;

  absl::StatusOr<bool> Flag(absl::string_view name) const;
  absl::StatusOr<std::optional<int>> Number(absl::string_view name) const;
  absl::StatusOr<std::vector<std::int64_t>> Numbers(
      absl::string_view name) const;
  absl::StatusOr<std::vector<absl::CivilDay>> Dates(
      absl::string_view name) const;

 private:
  std::map<std::string, std::string> values_;  // by name in lower case
};

// The part of a list of `size` rows that Limit and Offset ask for.
struct Slice {
  std::size_t begin = 0;
  std::size_t end = 0;
};
absl::StatusOr<Slice> SliceOf(const QueryParameters& query, std::size_t size);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_QUERY_PARAMETERS_H_
