#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sandbox/servicenow/script/script_host.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

// Groups that addEncodedQuery with "^NQ" may multiply to.
constexpr std::size_t kMostGroups = 64;

// addQuery spells some operators in a way of its own.
std::string Spelled(const std::string& name) {
  std::string upper = absl::AsciiStrToUpper(name);
  if (upper == "CONTAINS") return "LIKE";
  if (upper == "DOES NOT CONTAIN") return "NOT LIKE";
  if (upper == "NOT EQUALS" || upper == "<>") return "!=";
  if (upper == "==" || upper == "EQUALS") return "=";
  return upper;
}

// The operator by the way queries are read; nullopt: there is none.
absl::StatusOr<std::optional<Condition>> ConditionOf(const Json& value) {
  const auto name = Spelled(value.at("operator").get<std::string>());
  const absl::StatusOr<Query> sample = ParseQuery(absl::StrCat("x", name));
  if (!sample.ok()) return sample.status();
  if (sample->groups.size() != 1 || sample->groups[0].size() != 1 ||
      sample->groups[0][0].size() != 1) {
    return std::nullopt;
  }
  Condition condition = sample->groups[0][0][0];
  if (condition.field != "x" || !condition.value.empty()) return std::nullopt;
  condition.field = value.at("field").get<std::string>();
  condition.value = value.at("value").get<std::string>();
  return condition;
}

// What holds in both.
std::vector<AndList> Both(const std::vector<AndList>& a,
                          const std::vector<AndList>& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  std::vector<AndList> both;
  for (const AndList& left : a) {
    for (const AndList& right : b) {
      if (both.size() == kMostGroups) return both;
      both.push_back(left);
      both.back().insert(both.back().end(), right.begin(), right.end());
    }
  }
  return both;
}

}  // namespace

absl::StatusOr<Query> ReadQuery(const Json& with) {
  Query query;
  for (const Json& part : with.at("conditions")) {
    if (part.contains("encoded")) {
      absl::StatusOr<Query> encoded =
          ParseQuery(part.at("encoded").get<std::string>());
      if (!encoded.ok()) return encoded.status();
      query.groups = Both(query.groups, encoded->groups);
      query.order.insert(query.order.end(), encoded->order.begin(),
                         encoded->order.end());
      query.dropped_a_part = query.dropped_a_part || encoded->dropped_a_part;
      continue;
    }
    OrList any;
    for (const Json& value : part.at("any")) {
      absl::StatusOr<std::optional<Condition>> condition = ConditionOf(value);
      if (!condition.ok()) return condition.status();
      if (condition->has_value()) {
        any.push_back(**std::move(condition));
      } else {
        query.dropped_a_part = true;
      }
    }
    if (!any.empty()) query.groups = Both(query.groups, {{std::move(any)}});
  }
  for (const Json& order : with.at("order")) {
    query.order.push_back({order.at("field").get<std::string>(),
                           order.at("descending").get<bool>()});
  }
  return query;
}

}  // namespace opcon_snow::sandbox::servicenow
