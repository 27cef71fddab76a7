// How BoundQuery finds its records without looking at all of them.

#include <algorithm>
#include <utility>

#include "sandbox/servicenow/query_match.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

bool IsId(const Field& field) {
  return field.type == FieldType::kGuid || field.type == FieldType::kReference;
}

// The index has the order that < and ORDERBY mean.
bool OrderedAsText(const Field& field) {
  return !IsId(field) && field.type != FieldType::kInteger;
}

}  // namespace

std::optional<BoundQuery::Plan> BoundQuery::PlanFor(
    const BoundCondition& condition) {
  if (condition.path.size() != 1 || !condition.path[0]->indexed) {
    return std::nullopt;
  }
  const Field* field = condition.path[0];
  const std::string& value = condition.value;
  if (condition.op == Operator::kEquals) {
    return Plan{field, {{value, value, true}}, true, true};
  }
  if (condition.op == Operator::kIn) {
    Plan plan{field, {}, true, true};
    for (const std::string& item : condition.list) {
      plan.ranges.push_back({item, item, true});
    }
    return plan;
  }
  if (!OrderedAsText(*field)) return std::nullopt;
  switch (condition.op) {
    case Operator::kGreater:
      return Plan{field, {{value, "", false}}, false, false};
    case Operator::kGreaterOrEqual:
      return Plan{field, {{value, "", false}}, !value.empty(), false};
    case Operator::kLess:
    case Operator::kLessOrEqual:
      // Empty values are neither.
      return Plan{field, {{"\x01", value, true}}, false, false};
    case Operator::kBetween:
    case Operator::kOn:
      if (condition.list.size() != 2) return std::nullopt;
      return Plan{field,
                  {{condition.list[0], condition.list[1], true}},
                  !condition.list[0].empty(),
                  false};
    case Operator::kStartsWith:
      if (value.empty()) return std::nullopt;
      // No text goes on with this byte: it is not UTF-8.
      return Plan{field, {{value, value + "\xFF", true}}, false, true};
    default:
      return std::nullopt;
  }
}

std::optional<BoundQuery::Plan> BoundQuery::PlanFor(
    const BoundAnd& group) const {
  std::optional<Plan> best;
  for (const BoundOr& clause : group) {
    if (clause.size() != 1) continue;
    std::optional<Plan> plan = PlanFor(clause[0]);
    if (!plan.has_value()) continue;
    if (plan->equality) {
      best = std::move(plan);
      break;
    }
    if (!best.has_value()) {
      best = std::move(plan);
    } else if (best->field == plan->field) {
      IndexRange& range = best->ranges[0];
      const IndexRange& other = plan->ranges[0];
      range.low = std::max(range.low, other.low);
      if (other.bounded_above &&
          (!range.bounded_above || other.high < range.high)) {
        range.high = other.high;
        range.bounded_above = true;
      }
    }
  }
  if (best.has_value() && group.size() > 1) best->exact = false;
  return best;
}

std::vector<const Record*> BoundQuery::Candidates() const {
  if (groups_.empty()) return store_.All(table_);
  std::vector<Plan> plans;
  for (const BoundAnd& group : groups_) {
    std::optional<Plan> plan = PlanFor(group);
    if (!plan.has_value()) return store_.All(table_);
    plans.push_back(*std::move(plan));
  }
  std::vector<const Record*> found;
  for (const Plan& plan : plans) {
    for (const IndexRange& range : plan.ranges) {
      store_.Walk(table_, *plan.field, range, false, [&](const Record& record) {
        found.push_back(&record);
        return true;
      });
    }
  }
  std::sort(found.begin(), found.end(), [](const Record* a, const Record* b) {
    return a->sequence < b->sequence;
  });
  // Several ranges may hold the same record.
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void BoundQuery::Sort(std::vector<const Record*>& records) const {
  if (order_.empty()) return;
  std::sort(
      records.begin(), records.end(), [this](const Record* a, const Record* b) {
        for (const BoundOrder& order : order_) {
          const Field& field = *order.path.back();
          const bool shown = field.type == FieldType::kReference;
          const int difference =
              shown ? CompareValues(field, ShownAt(store_, *a, order.path),
                                    ShownAt(store_, *b, order.path))
                    : CompareValues(field, ValueAt(store_, *a, order.path),
                                    ValueAt(store_, *b, order.path));
          if (difference != 0) return (difference < 0) != order.descending;
        }
        return a->sequence < b->sequence;
      });
}

std::vector<const Record*> BoundQuery::Run() const {
  std::vector<const Record*> found = Candidates();
  std::erase_if(found, [this](const Record* r) { return !Matches(*r); });
  Sort(found);
  return found;
}

std::optional<BoundQuery::Slice> BoundQuery::RunInOrder(std::size_t offset,
                                                        std::size_t limit,
                                                        bool count) const {
  if (groups_.size() > 1 || !store_.OneClass(table_)) return std::nullopt;
  const std::optional<Plan> plan =
      groups_.empty() ? std::nullopt : PlanFor(groups_[0]);
  const Field* field = nullptr;
  if (!order_.empty()) {
    field = order_[0].path[0];
    if (order_[0].path.size() != 1 || !field->indexed ||
        !OrderedAsText(*field)) {
      return std::nullopt;
    }
  }
  if (plan.has_value() && (plan->equality || plan->field != field)) {
    return std::nullopt;
  }
  const bool all_match = groups_.empty() || (plan.has_value() && plan->exact);
  const std::size_t wanted = offset + limit;
  Slice slice;
  bool enough = limit == 0;
  const auto visit = [&](const Record& record) {
    // Records of an equal first value are all taken: the further columns of the
    // order decide among them.
    if (!enough && slice.records.size() >= wanted &&
        (field == nullptr ||
         record.Get(field->name) != slice.records.back()->Get(field->name))) {
      enough = true;
    }
    if (enough && !count) return false;
    if (!all_match && !Matches(record)) return true;
    ++slice.total;
    if (!enough) slice.records.push_back(&record);
    return true;
  };
  if (field == nullptr) {
    // Nothing is cheaper than the number of records.
    const bool known = count && groups_.empty();
    if (known) count = false;
    store_.WalkAll(table_, visit);
    if (known) slice.total = store_.Count(table_);
  } else {
    store_.Walk(table_, *field,
                plan.has_value() ? plan->ranges[0] : IndexRange{"", "", false},
                order_[0].descending, visit);
  }
  Sort(slice.records);
  return slice;
}

BoundQuery::Slice BoundQuery::Run(std::size_t offset, std::size_t limit,
                                  bool count) const {
  std::optional<Slice> slice = RunInOrder(offset, limit, count);
  if (!slice.has_value()) {
    slice.emplace();
    slice->records = Run();
    slice->total = slice->records.size();
  }
  auto& records = slice->records;
  if (records.size() > offset + limit) records.resize(offset + limit);
  records.erase(records.begin(),
                records.begin() + static_cast<std::ptrdiff_t>(
                                      std::min(offset, records.size())));
  return *std::move(slice);
}

}  // namespace opcon_snow::sandbox::servicenow
