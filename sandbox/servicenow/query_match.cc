#include "sandbox/servicenow/query_match.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

const Record* Follow(const TableStore& store, const Record& record,
                     const FieldPath& path) {
  const Record* at = &record;
  for (std::size_t i = 0; i + 1 < path.size() && at != nullptr; ++i) {
    at = store.Find(path[i]->reference, at->Get(path[i]->name));
  }
  return at;
}

bool IsId(const Field& field) {
  return field.type == FieldType::kGuid || field.type == FieldType::kReference;
}

bool Equal(const Field& field, absl::string_view a, absl::string_view b) {
  return IsId(field) ? absl::EqualsIgnoreCase(a, b) : a == b;
}

bool IsIn(const Field& field, const std::string& value,
          const std::vector<std::string>& list) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& item) {
    return Equal(field, value, item);
  });
}

// An empty value is outside of every range.
bool IsBetween(const Field& field, const std::string& value,
               const std::vector<std::string>& range) {
  return range.size() == 2 && !value.empty() &&
         CompareValues(field, value, range[0]) >= 0 &&
         CompareValues(field, value, range[1]) <= 0;
}

// ">=1", "=0": how many related records there must be.
bool CountHolds(const std::string& wanted, std::int64_t count) {
  std::int64_t number = 0;
  const std::size_t digits = wanted.find_first_of("0123456789");
  if (digits == std::string::npos ||
      !absl::SimpleAtoi(wanted.substr(digits), &number)) {
    return false;
  }
  const std::string op = wanted.substr(0, digits);
  if (op == ">=") return count >= number;
  if (op == "<=") return count <= number;
  if (op == ">") return count > number;
  if (op == "<") return count < number;
  if (op == "!=") return count != number;
  return count == number;
}

}  // namespace

int CompareValues(const Field& field, const std::string& a,
                  const std::string& b) {
  if (field.type == FieldType::kInteger) {
    std::int64_t x = 0;
    std::int64_t y = 0;
    if (absl::SimpleAtoi(a, &x) && absl::SimpleAtoi(b, &y)) {
      return x == y ? 0 : x < y ? -1 : 1;
    }
  }
  return a.compare(b);
}

FieldPath ResolvePath(const Dictionary& dictionary, absl::string_view table,
                      absl::string_view dotted) {
  FieldPath path;
  std::string at(table);
  for (const absl::string_view name : absl::StrSplit(dotted, '.')) {
    if (at.empty()) return {};
    const Field* field = dictionary.FindField(at, name);
    if (field == nullptr) return {};
    path.push_back(field);
    at = field->reference;
  }
  return path;
}

const std::string& ValueAt(const TableStore& store, const Record& record,
                           const FieldPath& path) {
  static const std::string* const kUnset = new std::string;
  const Record* at = Follow(store, record, path);
  if (at == nullptr || path.back()->type == FieldType::kPassword) {
    return *kUnset;
  }
  return at->Get(path.back()->name);
}

std::string ShownAt(const TableStore& store, const Record& record,
                    const FieldPath& path) {
  const std::string& value = ValueAt(store, record, path);
  if (value.empty()) return value;
  // An incident's state is labelled as such in the table task, too.
  const Field* field = store.dictionary().FindField(
      Follow(store, record, path)->table, path.back()->name);
  if (field == nullptr) field = path.back();
  if (field->type == FieldType::kReference) {
    return store.DisplayValue(field->reference, value);
  }
  return field->LabelOf(value);
}

BoundQuery::BoundQuery(const Dictionary& dictionary, const TableStore& store,
                       absl::string_view table, const Query& query,
                       const QueryEnvironment& environment)
    : dictionary_(dictionary),
      store_(store),
      table_(table),
      environment_(environment),
      dropped_(query.dropped_a_part) {
  for (const AndList& group : query.groups) BindGroup(group);
  for (const OrderBy& order : query.order) {
    FieldPath path = ResolvePath(dictionary_, table_, order.field);
    if (path.empty()) {
      dropped_ = true;
    } else {
      order_.push_back({std::move(path), order.descending});
    }
  }
}

BoundQuery::~BoundQuery() = default;

void BoundQuery::BindGroup(const AndList& group) {
  BoundAnd bound;
  for (const OrList& clause : group) {
    BoundOr alternatives;
    for (const Condition& condition : clause) {
      BoundCondition item;
      if (Bind(condition, item)) {
        alternatives.push_back(std::move(item));
      } else {
        dropped_ = true;
      }
    }
    if (!alternatives.empty()) bound.push_back(std::move(alternatives));
  }
  if (!bound.empty()) groups_.push_back(std::move(bound));
}

std::string BoundQuery::Evaluated(absl::string_view value) {
  if (!absl::ConsumePrefix(&value, "javascript:")) return std::string(value);
  if (absl::StrContains(value, "getMyGroups()")) {
    std::vector<std::string> groups;
    for (const Record* member :
         store_.Lookup("sys_user_grmember", "user", environment_.user_sys_id)) {
      groups.push_back(member->Get("group"));
    }
    return absl::StrJoin(groups, ",");
  }
  std::optional<std::string> result = EvaluateExpression(value, environment_);
  if (!result.has_value()) {
    unknown_ = std::string(value);
    return "";
  }
  return *std::move(result);
}

bool BoundQuery::Bind(const Condition& condition, BoundCondition& bound) {
  bound.op = condition.op;
  if (condition.op == Operator::kText) {
    bound.list = absl::StrSplit(absl::AsciiStrToLower(condition.value), ' ',
                                absl::SkipEmpty());
    return !bound.list.empty();
  }
  if (condition.op == Operator::kRelated || condition.op == Operator::kJoin) {
    return BindOtherTable(condition, bound);
  }
  bound.path = ResolvePath(dictionary_, table_, condition.field);
  if (bound.path.empty()) return false;
  switch (condition.op) {
    case Operator::kSameAs:
    case Operator::kNotSameAs:
    case Operator::kGreaterField:
    case Operator::kLessField:
    case Operator::kGreaterOrEqualField:
    case Operator::kLessOrEqualField:
      bound.other = ResolvePath(dictionary_, table_, condition.value);
      return !bound.other.empty();
    case Operator::kInstanceOf:
      bound.value = condition.value;
      return dictionary_.FindTable(condition.value) != nullptr;
    case Operator::kRelativeGreater:
    case Operator::kRelativeLess:
    case Operator::kRelativeGreaterOrEqual:
    case Operator::kRelativeLessOrEqual:
    case Operator::kRelativeEqual:
      return BindRelative(condition, bound);
    case Operator::kBetween: {
      const std::vector<std::string> ends =
          absl::StrSplit(condition.value, absl::MaxSplits('@', 1));
      for (const std::string& end : ends) bound.list.push_back(Evaluated(end));
      return true;
    }
    case Operator::kOn:
    case Operator::kNotOn: {
      const std::vector<std::string> parts =
          absl::StrSplit(condition.value, '@');
      if (parts.size() == 3) {
        bound.list = {Evaluated(parts[1]), Evaluated(parts[2])};
      } else {
        bound.list = {absl::StrCat(parts[0], " 00:00:00"),
                      absl::StrCat(parts[0], " 23:59:59")};
      }
      return true;
    }
    case Operator::kDynamic: {
      const Record* option =
          store_.Find("sys_filter_option_dynamic", condition.value);
      if (option == nullptr) return false;
      bound.op = Operator::kIn;
      bound.list = absl::StrSplit(
          Evaluated(absl::StrCat("javascript:", option->Get("script"))), ',');
      return true;
    }
    default:
      bound.value = Evaluated(condition.value);
      if (condition.op == Operator::kIn || condition.op == Operator::kNotIn) {
        bound.list = absl::StrSplit(bound.value, ',');
      }
      return true;
  }
}

bool BoundQuery::BindRelative(const Condition& condition,
                              BoundCondition& bound) {
  // "@unit@ago|ahead@count"
  const std::vector<std::string> parts = absl::StrSplit(condition.value, '@');
  std::int64_t count = 0;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[3], &count) ||
      (parts[2] != "ago" && parts[2] != "ahead")) {
    return false;
  }
  const std::optional<absl::Time> at =
      MoveTime(environment_.now, parts[1], parts[2] == "ago" ? -count : count);
  if (!at.has_value()) return false;
  bound.value = FormatTimestamp(*at);
  const std::string day = bound.value.substr(0, 10);
  bound.list = {absl::StrCat(day, " 00:00:00"), absl::StrCat(day, " 23:59:59")};
  switch (condition.op) {
    case Operator::kRelativeGreater:
      bound.op = Operator::kGreater;
      break;
    case Operator::kRelativeLess:
      bound.op = Operator::kLess;
      break;
    case Operator::kRelativeGreaterOrEqual:
      bound.op = Operator::kGreaterOrEqual;
      break;
    case Operator::kRelativeLessOrEqual:
      bound.op = Operator::kLessOrEqual;
      break;
    default:
      bound.op = Operator::kBetween;
  }
  return true;
}

bool BoundQuery::BindOtherTable(const Condition& condition,
                                BoundCondition& bound) {
  const bool related = condition.op == Operator::kRelated;
  const std::pair<std::string, std::string> column = absl::StrSplit(
      related ? condition.field : condition.value, absl::MaxSplits('.', 1));
  bound.table = column.first;
  bound.other = ResolvePath(dictionary_, column.first, column.second);
  bound.value = condition.value;
  if (!related) {
    bound.path = ResolvePath(dictionary_, table_, condition.field);
  }
  if (bound.other.empty() || (!related && bound.path.empty())) return false;
  const absl::StatusOr<Query> inner = ParseQuery(condition.inner);
  if (!inner.ok()) return false;
  bound.inner = std::make_shared<const BoundQuery>(
      dictionary_, store_, bound.table, *inner, environment_);
  return true;
}

bool BoundQuery::Matches(const Record& record, const Record* previous) const {
  if (groups_.empty()) return true;
  const auto holds = [&](const BoundCondition& c) {
    return Holds(record, previous, c);
  };
  return std::any_of(groups_.begin(), groups_.end(), [&](const BoundAnd& all) {
    return std::all_of(all.begin(), all.end(), [&](const BoundOr& any) {
      return std::any_of(any.begin(), any.end(), holds);
    });
  });
}

bool BoundQuery::HoldsOnOtherTable(const Record& record,
                                   const BoundCondition& condition) const {
  const bool related = condition.op == Operator::kRelated;
  const std::string& key =
      related ? record.sys_id() : ValueAt(store_, record, condition.path);
  if (key.empty()) return related && CountHolds(condition.value, 0);
  std::int64_t count = 0;
  for (const Record* other :
       condition.other.size() == 1
           ? store_.Lookup(condition.table, condition.other[0]->name, key)
           : store_.All(condition.table)) {
    if (Equal(*condition.other.back(), ValueAt(store_, *other, condition.other),
              key) &&
        condition.inner->Matches(*other)) {
      ++count;
    }
  }
  return related ? CountHolds(condition.value, count) : count > 0;
}

bool BoundQuery::HoldsText(const Record& record,
                           const BoundCondition& condition) const {
  return std::all_of(
      condition.list.begin(), condition.list.end(),
      [&](const std::string& word) {
        for (const Field* field : dictionary_.FieldsOf(record.table)) {
          if (field->type == FieldType::kString &&
              absl::StrContains(absl::AsciiStrToLower(record.Get(field->name)),
                                word)) {
            return true;
          }
        }
        return false;
      });
}

bool BoundQuery::Holds(const Record& record, const Record* previous,
                       const BoundCondition& condition) const {
  if (condition.op == Operator::kText) return HoldsText(record, condition);
  if (condition.op == Operator::kRelated || condition.op == Operator::kJoin) {
    return HoldsOnOtherTable(record, condition);
  }
  const Field& field = *condition.path.back();
  const std::string& value = ValueAt(store_, record, condition.path);
  const std::string& wanted = condition.value;
  const auto text = [&] {
    return field.type == FieldType::kReference
               ? ShownAt(store_, record, condition.path)
               : value;
  };
  const auto other = [&] { return ValueAt(store_, record, condition.other); };
  // < and its kind: an empty value is neither.
  const auto compare = [&](const std::string& with) {
    return value.empty() || with.empty()
               ? std::optional<int>()
               : std::optional<int>(CompareValues(field, value, with));
  };
  switch (condition.op) {
    case Operator::kEquals:
      return Equal(field, value, wanted);
    case Operator::kNotEquals:
      return !Equal(field, value, wanted);
    case Operator::kLess:
      return !value.empty() && CompareValues(field, value, wanted) < 0;
    case Operator::kLessOrEqual:
      return !value.empty() && CompareValues(field, value, wanted) <= 0;
    case Operator::kGreater:
      return !value.empty() && CompareValues(field, value, wanted) > 0;
    case Operator::kGreaterOrEqual:
      return !value.empty() && CompareValues(field, value, wanted) >= 0;
    case Operator::kLike:
      return absl::StrContains(text(), wanted);
    case Operator::kNotLike:
      return !absl::StrContains(text(), wanted);
    case Operator::kStartsWith:
      return absl::StartsWith(text(), wanted);
    case Operator::kEndsWith:
      return absl::EndsWith(text(), wanted);
    case Operator::kIn:
      return IsIn(field, value, condition.list);
    case Operator::kNotIn:
      return !IsIn(field, value, condition.list);
    case Operator::kIsEmpty:
    case Operator::kEmptyString:
      return value.empty();
    case Operator::kIsNotEmpty:
      return !value.empty();
    case Operator::kAnything:
      return true;
    case Operator::kBetween:
    case Operator::kOn:
      return IsBetween(field, value, condition.list);
    case Operator::kNotOn:
      return !IsBetween(field, value, condition.list);
    case Operator::kSameAs:
      return Equal(field, value, other());
    case Operator::kNotSameAs:
      return !Equal(field, value, other());
    case Operator::kGreaterField:
      return compare(other()).value_or(0) > 0;
    case Operator::kLessField:
      return compare(other()).value_or(0) < 0;
    case Operator::kGreaterOrEqualField:
      return compare(other()).value_or(-1) >= 0;
    case Operator::kLessOrEqualField:
      return compare(other()).value_or(1) <= 0;
    case Operator::kInstanceOf:
      return dictionary_.Extends(value, wanted);
    case Operator::kChanges:
    case Operator::kChangesFrom:
    case Operator::kChangesTo:
      return HoldsOfChange(record, previous, condition);
    default:
      // Replaced by others when it was bound.
      return false;
  }
}

bool BoundQuery::HoldsOfChange(const Record& record, const Record* previous,
                               const BoundCondition& condition) const {
  const Field& field = *condition.path.back();
  const std::string& wanted = condition.value;
  const std::string& now = ValueAt(store_, record, condition.path);
  const std::string before =
      previous == nullptr ? "" : ValueAt(store_, *previous, condition.path);
  switch (condition.op) {
    case Operator::kChangesFrom:
      return Equal(field, before, wanted) && !Equal(field, now, wanted);
    case Operator::kChangesTo:
      return Equal(field, now, wanted) && !Equal(field, before, wanted);
    default:
      return !Equal(field, now, before);
  }
}

}  // namespace opcon_snow::sandbox::servicenow
