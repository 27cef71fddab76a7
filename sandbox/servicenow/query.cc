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
constexpr std::array<OperatorName, 36> kOperators = {{
    {"!=", Operator::kNotEquals},
    {"<=", Operator::kLessOrEqual},
    {">=", Operator::kGreaterOrEqual},
    {"=", Operator::kEquals},
    {"<", Operator::kLess},
    {">", Operator::kGreater},
    {"NOT LIKE", Operator::kNotLike},
    {"NOT IN", Operator::kNotIn},
    {"NOTLIKE", Operator::kNotLike},
    {"NOTON", Operator::kNotOn},
    {"LIKE", Operator::kLike},
    {"STARTSWITH", Operator::kStartsWith},
    {"ENDSWITH", Operator::kEndsWith},
    {"ISEMPTY", Operator::kIsEmpty},
    {"ISNOTEMPTY", Operator::kIsNotEmpty},
    {"INSTANCEOF", Operator::kInstanceOf},
    {"IN", Operator::kIn},
    {"EMPTYSTRING", Operator::kEmptyString},
    {"ANYTHING", Operator::kAnything},
    {"BETWEEN", Operator::kBetween},
    {"SAMEAS", Operator::kSameAs},
    {"NSAMEAS", Operator::kNotSameAs},
    {"GT_FIELD", Operator::kGreaterField},
    {"LT_FIELD", Operator::kLessField},
    {"GT_OR_EQUALS_FIELD", Operator::kGreaterOrEqualField},
    {"LT_OR_EQUALS_FIELD", Operator::kLessOrEqualField},
    {"ON", Operator::kOn},
    {"DYNAMIC", Operator::kDynamic},
    {"RELATIVEGT", Operator::kRelativeGreater},
    {"RELATIVELT", Operator::kRelativeLess},
    {"RELATIVEGE", Operator::kRelativeGreaterOrEqual},
    {"RELATIVELE", Operator::kRelativeLessOrEqual},
    {"RELATIVEEE", Operator::kRelativeEqual},
    {"VALCHANGES", Operator::kChanges},
    {"CHANGESFROM", Operator::kChangesFrom},
    {"CHANGESTO", Operator::kChangesTo},
}};
// After CHANGESFROM and CHANGESTO, which begin with it.
constexpr absl::string_view kChangesText = "CHANGES";

// Real, but not simulated.
constexpr std::array<absl::string_view, 3> kNotSimulated = {
    "DATEPART", "MORETHAN", "LESSTHAN"};

constexpr absl::string_view kTextQuery = "123TEXTQUERY321=";

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
         op == Operator::kEmptyString || op == Operator::kAnything ||
         op == Operator::kChanges;
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
    // What stands after ISEMPTY and its kind has no meaning.
    if (!IsUnary(entry.op)) condition.value = std::string(text);
    return condition;
  }
  if (text == kChangesText) {
    condition.op = Operator::kChanges;
    return condition;
  }
  return std::nullopt;
}

// "incident.caller_id,>=1[,m2m]"
std::optional<Condition> ParseRelated(absl::string_view text) {
  const std::vector<absl::string_view> halves = absl::StrSplit(text, ',');
  if (halves.size() < 2 || !absl::StrContains(halves[0], '.')) {
    return std::nullopt;
  }
  return Condition{std::string(halves[0]), Operator::kRelated,
                   std::string(halves[1]), ""};
}

// "incident.sys_id=task_sla.task[!stage=x]"; the first table is the one
// queried.
std::optional<Condition> ParseJoin(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(text, absl::MaxSplits('!', 1));
  const std::pair<absl::string_view, absl::string_view> sides =
      absl::StrSplit(halves.first, absl::MaxSplits('=', 1));
  const std::size_t dot = sides.first.find('.');
  if (dot == absl::string_view::npos || !absl::StrContains(sides.second, '.')) {
    return std::nullopt;
  }
  return Condition{std::string(sides.first.substr(dot + 1)), Operator::kJoin,
                   std::string(sides.second), std::string(halves.second)};
}

class Parser {
 public:
  absl::StatusOr<Query> Parse(absl::string_view text) {
    const std::vector<absl::string_view> parts = absl::StrSplit(text, '^');
    for (std::size_t i = 0; i < parts.size(); ++i) {
      absl::string_view part = parts[i];
      if (absl::ConsumePrefix(&part, "RLQUERY")) {
        std::optional<Condition> related = ParseRelated(part);
        std::vector<absl::string_view> inner;
        while (++i < parts.size() && parts[i] != "ENDRLQUERY") {
          inner.push_back(parts[i]);
        }
        if (related.has_value()) related->inner = absl::StrJoin(inner, "^");
        AddCondition(std::move(related), false);
        continue;
      }
      absl::Status status = ParsePart(part);
      if (!status.ok()) return status;
    }
    CloseGroup();
    return std::move(query_);
  }

 private:
  absl::Status ParsePart(absl::string_view part) {
    if (part.empty() || part == "EQ") return absl::OkStatus();
    // Columns are in lower case, so that these cannot be the start of one.
    if (absl::ConsumePrefix(&part, "ORDERBYDESC")) {
      return AddOrder(part, true);
    }
    if (absl::ConsumePrefix(&part, "ORDERBY") ||
        absl::ConsumePrefix(&part, "GROUPBY")) {
      return AddOrder(part, false);
    }
    if (absl::ConsumePrefix(&part, "JOIN")) {
      AddCondition(ParseJoin(part), false);
      return absl::OkStatus();
    }
    bool alternative = false;
    if (absl::ConsumePrefix(&part, "NQ")) {
      CloseGroup();
      if (part.empty()) return absl::OkStatus();
    } else {
      alternative = absl::ConsumePrefix(&part, "OR");
    }
    if (absl::ConsumePrefix(&part, kTextQuery)) {
      AddCondition(Condition{"", Operator::kText, std::string(part), ""},
                   alternative);
      return absl::OkStatus();
    }
    absl::StatusOr<std::optional<Condition>> condition = ParseCondition(part);
    if (!condition.ok()) return condition.status();
    AddCondition(*std::move(condition), alternative);
    return absl::OkStatus();
  }

  // nullopt: a part that could not be understood stood there.
  void AddCondition(std::optional<Condition> condition, bool alternative) {
    if (!condition.has_value()) {
      query_.dropped_a_part = true;
      if (!alternative) begins_clause_ = true;
      return;
    }
    if (!alternative || begins_clause_) group_.emplace_back();
    begins_clause_ = false;
    group_.back().push_back(*std::move(condition));
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
  switch (condition.op) {
    case Operator::kText:
      return absl::StrCat(kTextQuery, condition.value);
    case Operator::kRelated:
      return absl::StrCat("RLQUERY", condition.field, ",", condition.value,
                          condition.inner.empty() ? "" : "^", condition.inner,
                          "^ENDRLQUERY");
    case Operator::kJoin:
      return absl::StrCat("JOIN.", condition.field, "=", condition.value,
                          condition.inner.empty() ? "" : "!", condition.inner);
    default:
      break;
  }
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
