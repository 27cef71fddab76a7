#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_H_

// Encoded queries ("active=true^numberSTARTSWITHINC^ORDERBYnumber") as text and
// as a structure. Nothing here knows tables; see query_match.h.
//
//   ^     and          ^OR   or, with the condition right before it
//   ^NQ   or, with everything before it
//   ^ORDERBYcolumn, ^ORDERBYDESCcolumn, ^EQ (means nothing)
//
// There is no escape for "^". A part that cannot be understood is dropped in
// silence, as on a real instance.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::servicenow {

enum class Operator {
  kEquals,          // =
  kNotEquals,       // !=
  kLess,            // <
  kLessOrEqual,     // <=
  kGreater,         // >
  kGreaterOrEqual,  // >=
  kLike,            // LIKE
  kNotLike,         // NOT LIKE
  kStartsWith,      // STARTSWITH
  kEndsWith,        // ENDSWITH
  kIn,              // IN a,b
  kNotIn,           // NOT IN a,b
  kIsEmpty,         // ISEMPTY
  kIsNotEmpty,      // ISNOTEMPTY
  kEmptyString,     // EMPTYSTRING
  kAnything,        // ANYTHING
  kBetween,         // BETWEEN a@b, both ends included
  kSameAs,          // SAMEAS other_column
  kNotSameAs,       // NSAMEAS other_column
};

struct Condition {
  std::string field;  // may walk references: "assignment_group.name"
  Operator op = Operator::kEquals;
  std::string value;

  bool operator==(const Condition&) const = default;
};

// Any of them.
using OrList = std::vector<Condition>;
// Each of them.
using AndList = std::vector<OrList>;

struct OrderBy {
  std::string field;
  bool descending = false;

  bool operator==(const OrderBy&) const = default;
};

struct Query {
  // Any of them; none: every record. An empty AndList is never among them.
  std::vector<AndList> groups;
  std::vector<OrderBy> order;
  // At least one part could not be understood and was dropped.
  bool dropped_a_part = false;

  bool operator==(const Query&) const = default;
};

// UNIMPLEMENTED, with its name, for what real instances understand but the
// sandbox does not: "javascript:" values and some operators.
absl::StatusOr<Query> ParseQuery(absl::string_view text);

// The inverse for queries whose parts hold no "^".
std::string FormatQuery(const Query& query);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_H_
