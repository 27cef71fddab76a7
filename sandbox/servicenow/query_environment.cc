#include "sandbox/servicenow/query_environment.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

absl::CivilSecond Civil(absl::Time time) {
  return absl::ToCivilSecond(time, absl::UTCTimeZone());
}

absl::Time Absolute(absl::CivilSecond civil) {
  return absl::FromCivil(civil, absl::UTCTimeZone());
}

enum class Unit { kMinute, kHour, kDay, kWeek, kMonth, kQuarter, kYear };

std::optional<Unit> UnitOf(absl::string_view name) {
  static constexpr std::array<std::pair<absl::string_view, Unit>, 9> kUnits = {
      {{"minute", Unit::kMinute},
       {"hour", Unit::kHour},
       {"day", Unit::kDay},
       {"dayofweek", Unit::kDay},
       {"week", Unit::kWeek},
       {"weekofyear", Unit::kWeek},
       {"month", Unit::kMonth},
       {"quarter", Unit::kQuarter},
       {"year", Unit::kYear}}};
  for (const auto& [text, unit] : kUnits) {
    if (text == name) return unit;
  }
  return std::nullopt;
}

absl::Time Move(absl::Time time, Unit unit, std::int64_t count) {
  const absl::CivilSecond at = Civil(time);
  const auto months = [&](std::int64_t n) {
    // A day that the month does not have runs over into the next one.
    const absl::CivilMonth month = absl::CivilMonth(at) + n;
    return Absolute(absl::CivilSecond(month.year(), month.month(), at.day(),
                                      at.hour(), at.minute(), at.second()));
  };
  switch (unit) {
    case Unit::kMinute:
      return time + absl::Minutes(count);
    case Unit::kHour:
      return time + absl::Hours(count);
    case Unit::kDay:
      return time + absl::Hours(24 * count);
    case Unit::kWeek:
      return time + absl::Hours(24 * 7 * count);
    case Unit::kMonth:
      return months(count);
    case Unit::kQuarter:
      return months(3 * count);
    case Unit::kYear:
      return months(12 * count);
  }
  return time;
}

// The first second of the unit that `time` lies in.
absl::Time StartOf(absl::Time time, Unit unit) {
  const absl::CivilSecond at = Civil(time);
  switch (unit) {
    case Unit::kMinute:
      return Absolute(absl::CivilSecond(absl::CivilMinute(at)));
    case Unit::kHour:
      return Absolute(absl::CivilSecond(absl::CivilHour(at)));
    case Unit::kDay:
      return Absolute(absl::CivilSecond(absl::CivilDay(at)));
    case Unit::kWeek: {
      const absl::CivilDay day(at);
      return Absolute(
          absl::CivilSecond(absl::PrevWeekday(day + 1, absl::Weekday::monday)));
    }
    case Unit::kMonth:
      return Absolute(absl::CivilSecond(absl::CivilMonth(at)));
    case Unit::kQuarter: {
      const int month = (at.month() - 1) / 3 * 3 + 1;
      return Absolute(absl::CivilSecond(at.year(), month));
    }
    case Unit::kYear:
      return Absolute(absl::CivilSecond(absl::CivilYear(at)));
  }
  return time;
}

absl::Time EndOf(absl::Time time, Unit unit) {
  return StartOf(Move(StartOf(time, unit), unit, 1), unit) - absl::Seconds(1);
}

// "daysAgo", "monthsAgoStart", "yearsAgoEnd".
std::optional<absl::Time> Ago(absl::string_view function, std::int64_t count,
                              absl::Time now) {
  const std::size_t at = function.find("sAgo");
  if (at == absl::string_view::npos) return std::nullopt;
  const std::optional<Unit> unit = UnitOf(function.substr(0, at));
  if (!unit.has_value()) return std::nullopt;
  const absl::string_view edge = function.substr(at + 4);
  const absl::Time time = Move(now, *unit, -count);
  if (edge.empty()) return time;
  if (edge == "Start") return StartOf(time, *unit);
  if (edge == "End") return EndOf(time, *unit);
  return std::nullopt;
}

// "beginningOfLastMonth", "endOfToday".
std::optional<absl::Time> Edge(absl::string_view function, absl::Time now) {
  const bool begins = absl::ConsumePrefix(&function, "beginningOf");
  if (!begins && !absl::ConsumePrefix(&function, "endOf")) return std::nullopt;
  struct Period {
    absl::string_view name;
    Unit unit;
    int offset;
  };
  static constexpr std::array<Period, 13> kPeriods = {
      {{"Today", Unit::kDay, 0},
       {"Yesterday", Unit::kDay, -1},
       {"Tomorrow", Unit::kDay, 1},
       {"ThisWeek", Unit::kWeek, 0},
       {"LastWeek", Unit::kWeek, -1},
       {"NextWeek", Unit::kWeek, 1},
       {"ThisMonth", Unit::kMonth, 0},
       {"LastMonth", Unit::kMonth, -1},
       {"NextMonth", Unit::kMonth, 1},
       {"ThisQuarter", Unit::kQuarter, 0},
       {"LastQuarter", Unit::kQuarter, -1},
       {"ThisYear", Unit::kYear, 0},
       {"LastYear", Unit::kYear, -1}}};
  for (const Period& period : kPeriods) {
    if (function != period.name) continue;
    const absl::Time time =
        Move(StartOf(now, period.unit), period.unit, period.offset);
    return begins ? time : EndOf(time, period.unit);
  }
  return std::nullopt;
}

std::optional<std::string> DateGenerate(
    const std::vector<std::string>& arguments) {
  if (arguments.size() != 2) return std::nullopt;
  std::string clock = arguments[1];
  if (clock == "start") clock = "00:00:00";
  if (clock == "end") clock = "23:59:59";
  absl::Time time;
  const std::string text = absl::StrCat(arguments[0], " ", clock);
  if (!ParseTimestamp(text, absl::ZeroDuration(), &time)) return std::nullopt;
  return FormatTimestamp(time);
}

std::optional<std::string> BuiltIn(absl::string_view expression,
                                   const QueryEnvironment& environment) {
  absl::ConsumeSuffix(&expression, ";");
  const std::size_t open = expression.find('(');
  if (!absl::ConsumePrefix(&expression, "gs.") ||
      open == absl::string_view::npos || !absl::EndsWith(expression, ")")) {
    return std::nullopt;
  }
  const absl::string_view function = expression.substr(0, open - 3);
  const std::string inside = absl::StrReplaceAll(
      expression.substr(open - 2, expression.size() - open + 1),
      {{"'", ""}, {"\"", ""}, {" ", ""}});
  const std::vector<std::string> arguments =
      absl::StrSplit(inside, ',', absl::SkipEmpty());
  if (function == "getUserID") return environment.user_sys_id;
  if (function == "getUserName") return environment.user_name;
  if (function == "nowDateTime") return FormatTimestamp(environment.now);
  if (function == "now" || function == "nowNoTZ") {
    return FormatTimestamp(environment.now).substr(0, 10);
  }
  if (function == "dateGenerate") return DateGenerate(arguments);
  std::int64_t count = 0;
  if (arguments.size() == 1 && absl::SimpleAtoi(arguments[0], &count)) {
    const std::optional<absl::Time> ago = Ago(function, count, environment.now);
    if (ago.has_value()) return FormatTimestamp(*ago);
  }
  const std::optional<absl::Time> edge = Edge(function, environment.now);
  if (edge.has_value()) return FormatTimestamp(*edge);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> EvaluateExpression(
    absl::string_view expression, const QueryEnvironment& environment) {
  std::optional<std::string> value = BuiltIn(expression, environment);
  if (!value.has_value() && environment.evaluate != nullptr) {
    value = environment.evaluate(std::string(expression));
  }
  return value;
}

std::optional<absl::Time> MoveTime(absl::Time time, absl::string_view unit,
                                   std::int64_t count) {
  const std::optional<Unit> known = UnitOf(unit);
  if (!known.has_value()) return std::nullopt;
  return Move(time, *known, count);
}

}  // namespace opcon_snow::sandbox::servicenow
