#include "sandbox/servicenow/query_match.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

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

int Sign(bool less, bool greater) { return greater ? 1 : less ? -1 : 0; }

int Compare(const Field& field, const std::string& a, const std::string& b) {
  if (field.type == FieldType::kInteger) {
    std::int64_t x = 0;
    std::int64_t y = 0;
    if (absl::SimpleAtoi(a, &x) && absl::SimpleAtoi(b, &y)) {
      return Sign(x<y, x> y);
    }
  }
  return Sign(a<b, a> b);
}

bool IsId(const Field& field) {
  return field.type == FieldType::kGuid || field.type == FieldType::kReference;
}

bool Equal(const Field& field, absl::string_view a, absl::string_view b) {
  return IsId(field) ? absl::EqualsIgnoreCase(a, b) : a == b;
}

bool IsIn(const Field& field, const std::string& value,
          const std::string& list) {
  const std::vector<absl::string_view> items = absl::StrSplit(list, ',');
  return std::any_of(items.begin(), items.end(), [&](absl::string_view item) {
    return Equal(field, value, item);
  });
}

bool IsBetween(const Field& field, const std::string& value,
               const std::string& range) {
  const std::size_t at = range.find('@');
  // An empty value is outside of every range.
  if (at == std::string::npos || value.empty()) return false;
  return Compare(field, value, range.substr(0, at)) >= 0 &&
         Compare(field, value, range.substr(at + 1)) <= 0;
}

}  // namespace

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

std::string ValueAt(const TableStore& store, const Record& record,
                    const FieldPath& path) {
  const Record* at = Follow(store, record, path);
  if (at == nullptr || path.back()->type == FieldType::kPassword) return "";
  return at->Get(path.back()->name);
}

std::string ShownAt(const TableStore& store, const Record& record,
                    const FieldPath& path) {
  std::string value = ValueAt(store, record, path);
  if (value.empty()) return value;
  // An incident's state is labelled as such in the table task, too.
  const Field& field = *store.dictionary().FindField(
      Follow(store, record, path)->table, path.back()->name);
  if (field.type == FieldType::kReference) {
    return store.DisplayValue(field.reference, value);
  }
  return field.LabelOf(value);
}

BoundQuery::BoundQuery(const Dictionary& dictionary, const TableStore& store,
                       absl::string_view table, const Query& query)
    : dictionary_(dictionary),
      store_(store),
      table_(table),
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

void BoundQuery::BindGroup(const AndList& group) {
  BoundAnd bound;
  for (const OrList& clause : group) {
    BoundOr alternatives;
    for (const Condition& condition : clause) {
      BoundCondition item{ResolvePath(dictionary_, table_, condition.field),
                          condition.op,
                          condition.value,
                          {}};
      const bool compares_columns =
          item.op == Operator::kSameAs || item.op == Operator::kNotSameAs;
      if (compares_columns) {
        item.other = ResolvePath(dictionary_, table_, condition.value);
      }
      if (item.path.empty() || (compares_columns && item.other.empty())) {
        dropped_ = true;
      } else {
        alternatives.push_back(std::move(item));
      }
    }
    if (!alternatives.empty()) bound.push_back(std::move(alternatives));
  }
  if (!bound.empty()) groups_.push_back(std::move(bound));
}

std::vector<const Record*> BoundQuery::Run() const {
  std::vector<const Record*> found = store_.All(table_);
  std::erase_if(found, [this](const Record* r) { return !Matches(*r); });
  if (order_.empty()) return found;
  std::stable_sort(
      found.begin(), found.end(), [this](const Record* a, const Record* b) {
        for (const BoundOrder& order : order_) {
          const Field& field = *order.path.back();
          const bool shown = field.type == FieldType::kReference;
          const int difference =
              shown ? Compare(field, ShownAt(store_, *a, order.path),
                              ShownAt(store_, *b, order.path))
                    : Compare(field, ValueAt(store_, *a, order.path),
                              ValueAt(store_, *b, order.path));
          if (difference != 0) return (difference < 0) != order.descending;
        }
        return false;
      });
  return found;
}

bool BoundQuery::Matches(const Record& record) const {
  if (groups_.empty()) return true;
  const auto holds = [&](const BoundCondition& c) { return Holds(record, c); };
  return std::any_of(groups_.begin(), groups_.end(), [&](const BoundAnd& all) {
    return std::all_of(all.begin(), all.end(), [&](const BoundOr& any) {
      return std::any_of(any.begin(), any.end(), holds);
    });
  });
}

bool BoundQuery::Holds(const Record& record,
                       const BoundCondition& condition) const {
  const Field& field = *condition.path.back();
  const std::string value = ValueAt(store_, record, condition.path);
  const std::string& wanted = condition.value;
  const auto text = [&] {
    return field.type == FieldType::kReference
               ? ShownAt(store_, record, condition.path)
               : value;
  };
  switch (condition.op) {
    case Operator::kEquals:
      return Equal(field, value, wanted);
    case Operator::kNotEquals:
      return !Equal(field, value, wanted);
    case Operator::kLess:
      return !value.empty() && Compare(field, value, wanted) < 0;
    case Operator::kLessOrEqual:
      return !value.empty() && Compare(field, value, wanted) <= 0;
    case Operator::kGreater:
      return !value.empty() && Compare(field, value, wanted) > 0;
    case Operator::kGreaterOrEqual:
      return !value.empty() && Compare(field, value, wanted) >= 0;
    case Operator::kLike:
      return absl::StrContains(text(), wanted);
    case Operator::kNotLike:
      return !absl::StrContains(text(), wanted);
    case Operator::kStartsWith:
      return absl::StartsWith(text(), wanted);
    case Operator::kEndsWith:
      return absl::EndsWith(text(), wanted);
    case Operator::kIn:
      return IsIn(field, value, wanted);
    case Operator::kNotIn:
      return !IsIn(field, value, wanted);
    case Operator::kIsEmpty:
    case Operator::kEmptyString:
      return value.empty();
    case Operator::kIsNotEmpty:
      return !value.empty();
    case Operator::kAnything:
      return true;
    case Operator::kBetween:
      return IsBetween(field, value, wanted);
    case Operator::kSameAs:
      return Equal(field, value, ValueAt(store_, record, condition.other));
    case Operator::kNotSameAs:
      return !Equal(field, value, ValueAt(store_, record, condition.other));
  }
  return false;
}

}  // namespace opcon_snow::sandbox::servicenow
