#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_H_

// Encoded queries ("active=true^numberSTARTSWITHINC^ORDERBYnumber") as text and
// as a structure. Nothing here knows tables; see query_match.h.
//
//   ^     and          ^OR   or, with the condition right before it
//   ^NQ   or, with everything before it
//   ^ORDERBYcolumn, ^ORDERBYDESCcolumn, ^GROUPBYcolumn, ^EQ (means nothing)
//
// Columns, operators and values are case-sensitive. A value may be
// "javascript:expression", which is kept as it is here.
//
// There is no escape for "^". A part that cannot be understood is dropped in
// silence, as on a real instance.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::servicenow {

enum class Operator {
  kEquals,                  // =
  kNotEquals,               // !=
  kLess,                    // <
  kLessOrEqual,             // <=
  kGreater,                 // >
  kGreaterOrEqual,          // >=
  kLike,                    // LIKE
  kNotLike,                 // NOT LIKE
  kStartsWith,              // STARTSWITH
  kEndsWith,                // ENDSWITH
  kIn,                      // IN a,b
  kNotIn,                   // NOT IN a,b
  kIsEmpty,                 // ISEMPTY
  kIsNotEmpty,              // ISNOTEMPTY
  kEmptyString,             // EMPTYSTRING
  kAnything,                // ANYTHING
  kBetween,                 // BETWEEN a@b, both ends included
  kSameAs,                  // SAMEAS other_column
  kNotSameAs,               // NSAMEAS other_column
  kGreaterField,            // GT_FIELD other_column
  kLessField,               // LT_FIELD other_column
  kGreaterOrEqualField,     // GT_OR_EQUALS_FIELD other_column
  kLessOrEqualField,        // LT_OR_EQUALS_FIELD other_column
  kOn,                      // ON label@from@to, or ON yyyy-MM-dd
  kNotOn,                   // NOTON, the same
  kDynamic,                 // DYNAMIC sys_id of a sys_filter_option_dynamic
  kRelativeGreater,         // RELATIVEGT @unit@ago|ahead@n
  kRelativeLess,            // RELATIVELT
  kRelativeGreaterOrEqual,  // RELATIVEGE
  kRelativeLessOrEqual,     // RELATIVELE
  kRelativeEqual,           // RELATIVEEE
  kInstanceOf,              // INSTANCEOF table
  // Only where a change is looked at, as in the condition of a rule.
  kChanges,      // VALCHANGES, CHANGES
  kChangesFrom,  // CHANGESFROM value
  kChangesTo,    // CHANGESTO value
  // On no column of the table itself; see Condition.
  kText,     // 123TEXTQUERY321=words
  kRelated,  // RLQUERY table.column,>=n^…^ENDRLQUERY
  kJoin,     // JOIN table.column=other.column!condition
};

struct Condition {
  std::string field;  // may walk references: "assignment_group.name"
  Operator op = Operator::kEquals;
  std::string value;
  // For kRelated `field` is "table.column" whose records point to this one and
  // `value` how many there must be (">=1"); for kJoin `field` is a column of
  // this table and `value` "table.column" that has an equal value. Both: only
  // records that fulfil this encoded query count.
  std::string inner{};

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
// sandbox does not: MORETHAN, LESSTHAN and DATEPART.
absl::StatusOr<Query> ParseQuery(absl::string_view text);

// The inverse for queries whose parts hold no "^".
std::string FormatQuery(const Query& query);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_QUERY_H_
