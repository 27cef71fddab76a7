#include "sandbox/servicenow/query.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

struct OperatorName {
  absl::string_view text;
  Operator op;
};

// A text that begins with another one's stands before it.
constexpr std::array<OperatorName, 19> kOperators = {{
    {"!=", Operator::kNotEquals},
    {"<=", Operator::kLessOrEqual},
    {">=", Operator::kGreaterOrEqual},
    {"=", Operator::kEquals},
    {"<", Operator::kLess},
    {">", Operator::kGreater},
    {"NOT LIKE", Operator::kNotLike},
    {"NOT IN", Operator::kNotIn},
    {"LIKE", Operator::kLike},
    {"STARTSWITH", Operator::kStartsWith},
    {"ENDSWITH", Operator::kEndsWith},
    {"ISEMPTY", Operator::kIsEmpty},
    {"ISNOTEMPTY", Operator::kIsNotEmpty},
    {"IN", Operator::kIn},
    {"EMPTYSTRING", Operator::kEmptyString},
    {"ANYTHING", Operator::kAnything},
    {"BETWEEN", Operator::kBetween},
    {"SAMEAS", Operator::kSameAs},
    {"NSAMEAS", Operator::kNotSameAs},
}};

// Real, but not simulated.
constexpr std::array<absl::string_view, 13> kNotSimulated = {
    "INSTANCEOF", "DYNAMIC",    "NOTON",      "ON",         "RELATIVEGE",
    "RELATIVELE", "RELATIVEGT", "RELATIVELT", "RELATIVEEE", "GT_FIELD",
    "LT_FIELD",   "MORETHAN",   "LESSTHAN"};
constexpr std::array<absl::string_view, 4> kNotSimulatedParts = {
    "RLQUERY", "JOIN", "GROUPBY", "123TEXTQUERY321"};

bool IsColumnCharacter(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' ||
         c == '.';
}

absl::string_view TakeColumn(absl::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && IsColumnCharacter(text[size])) ++size;
  const absl::string_view column = text.substr(0, size);
  text.remove_prefix(size);
  return column;
}

absl::Status NotSimulated(absl::string_view what) {
  return absl::UnimplementedError(absl::StrCat("encoded query: ", what));
}

bool IsUnary(Operator op) {
  return op == Operator::kIsEmpty || op == Operator::kIsNotEmpty ||
         op == Operator::kEmptyString || op == Operator::kAnything;
}

// nullopt: it is not a condition.
absl::StatusOr<std::optional<Condition>> ParseCondition(
    absl::string_view text) {
  Condition condition;
  condition.field = std::string(TakeColumn(text));
  if (condition.field.empty()) return std::nullopt;
  for (const absl::string_view name : kNotSimulated) {
    if (absl::StartsWith(text, name)) return NotSimulated(name);
  }
  for (const OperatorName& entry : kOperators) {
    if (!absl::StartsWith(text, entry.text)) continue;
    condition.op = entry.op;
    text.remove_prefix(entry.text.size());
    if (absl::StartsWith(text, "javascript:")) {
      return NotSimulated("javascript: values");
    }
    // What stands after ISEMPTY and its kind has no meaning.
    if (!IsUnary(entry.op)) condition.value = std::string(text);
    return condition;
  }
  return std::nullopt;
}

class Parser {
 public:
  absl::StatusOr<Query> Parse(absl::string_view text) {
    for (absl::string_view part : absl::StrSplit(text, '^')) {
      absl::Status status = ParsePart(part);
      if (!status.ok()) return status;
    }
    CloseGroup();
    return std::move(query_);
  }

 private:
  absl::Status ParsePart(absl::string_view part) {
    for (const absl::string_view name : kNotSimulatedParts) {
      if (absl::StartsWith(part, name)) return NotSimulated(name);
    }
    if (part.empty() || part == "EQ") return absl::OkStatus();
    // Columns are in lower case, so that these cannot be the start of one.
    if (absl::ConsumePrefix(&part, "ORDERBYDESC")) {
      return AddOrder(part, true);
    }
    if (absl::ConsumePrefix(&part, "ORDERBY")) return AddOrder(part, false);
    bool alternative = false;
    if (absl::ConsumePrefix(&part, "NQ")) {
      CloseGroup();
      if (part.empty()) return absl::OkStatus();
    } else {
      alternative = absl::ConsumePrefix(&part, "OR");
    }
    absl::StatusOr<std::optional<Condition>> condition = ParseCondition(part);
    if (!condition.ok()) return condition.status();
    if (!condition->has_value()) {
      query_.dropped_a_part = true;
      if (!alternative) begins_clause_ = true;
      return absl::OkStatus();
    }
    if (!alternative || begins_clause_) group_.emplace_back();
    begins_clause_ = false;
    group_.back().push_back(**std::move(condition));
    return absl::OkStatus();
  }

  absl::Status AddOrder(absl::string_view part, bool descending) {
    const absl::string_view column = TakeColumn(part);
    if (column.empty() || !part.empty()) {
      query_.dropped_a_part = true;
    } else {
      query_.order.push_back({std::string(column), descending});
    }
    return absl::OkStatus();
  }

  void CloseGroup() {
    if (!group_.empty()) query_.groups.push_back(std::move(group_));
    group_.clear();
    begins_clause_ = true;
  }

  Query query_;
  AndList group_;
  // The condition that an ^OR would belong to was dropped, or there is none.
  bool begins_clause_ = true;
};

std::string FormatCondition(const Condition& condition) {
  for (const OperatorName& entry : kOperators) {
    if (entry.op == condition.op) {
      return absl::StrCat(condition.field, entry.text, condition.value);
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<Query> ParseQuery(absl::string_view text) {
  return Parser().Parse(text);
}

std::string FormatQuery(const Query& query) {
  std::string text = absl::StrJoin(
      query.groups, "^NQ", [](std::string* out, const AndList& group) {
        absl::StrAppend(
            out,
            absl::StrJoin(group, "^", [](std::string* all, const OrList& any) {
              absl::StrAppend(
                  all, absl::StrJoin(
                           any, "^OR",
                           [](std::string* one, const Condition& condition) {
                             absl::StrAppend(one, FormatCondition(condition));
                           }));
            }));
      });
  for (const OrderBy& order : query.order) {
    absl::StrAppend(&text, text.empty() ? "" : "^",
                    order.descending ? "ORDERBYDESC" : "ORDERBY", order.field);
  }
  return text;
}

}  // namespace opcon_snow::sandbox::servicenow
