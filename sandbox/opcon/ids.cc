#include "sandbox/opcon/ids.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace opcon_snow::sandbox::opcon {
namespace {

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

std::optional<absl::CivilDay> MakeDate(absl::string_view year,
                                       absl::string_view month,
                                       absl::string_view day) {
  const std::optional<int> y = ParsePlainInt(year);
  const std::optional<int> m = ParsePlainInt(month);
  const std::optional<int> d = ParsePlainInt(day);
  if (!y || !m || !d || year.size() != 4 || *y < 1900) return std::nullopt;
  const absl::CivilDay date(*y, *m, *d);
  // CivilDay carries an excess over: 2026-02-30 would become March 2nd.
  if (date.month() != *m || date.day() != *d) return std::nullopt;
  return date;
}

// Takes the text before the next bar from `text`; none if there is no bar.
std::optional<absl::string_view> TakeField(absl::string_view& text) {
  const std::size_t bar = text.find('|');
  if (bar == absl::string_view::npos) return std::nullopt;
  const absl::string_view field = text.substr(0, bar);
  text.remove_prefix(bar + 1);
  return field;
}

std::optional<DailyScheduleId> MakeScheduleId(absl::string_view date,
                                              absl::string_view schedule,
                                              absl::string_view instance) {
  if (date.size() != 8 || !AllDigits(date)) return std::nullopt;
  const auto day =
      MakeDate(date.substr(0, 4), date.substr(4, 2), date.substr(6, 2));
  const std::optional<int> schedule_id = ParsePlainInt(schedule);
  const std::optional<int> number = ParsePlainInt(instance);
  if (!day || !schedule_id || !number) return std::nullopt;
  return DailyScheduleId{*day, *schedule_id, *number};
}

}  // namespace

std::optional<int> ParsePlainInt(absl::string_view text) {
  int value = 0;
  if (!AllDigits(text) || !absl::SimpleAtoi(text, &value)) return std::nullopt;
  return value;
}

std::optional<absl::CivilDay> ParseDate(absl::string_view text) {
  text = text.substr(0, text.find('T'));
  if (text.size() == 8 && AllDigits(text)) {
    return MakeDate(text.substr(0, 4), text.substr(4, 2), text.substr(6, 2));
  }
  if (text.size() != 10 || text[4] != text[7] ||
      (text[4] != '-' && text[4] != '/')) {
    return std::nullopt;
  }
  return MakeDate(text.substr(0, 4), text.substr(5, 2), text.substr(8, 2));
}

bool operator<(const DailyScheduleId& a, const DailyScheduleId& b) {
  return std::tie(a.date, a.schedule_id, a.instance) <
         std::tie(b.date, b.schedule_id, b.instance);
}

bool operator<(const DailyJobId& a, const DailyJobId& b) {
  return std::tie(a.schedule, a.job_name) < std::tie(b.schedule, b.job_name);
}

std::optional<DailyScheduleId> DailyScheduleId::Parse(absl::string_view text) {
  const auto date = TakeField(text);
  if (!date) return std::nullopt;
  const auto schedule = TakeField(text);
  if (!schedule) return std::nullopt;
  return MakeScheduleId(*date, *schedule, text);
}

std::string DailyScheduleId::ToString() const {
  return absl::StrFormat("%04d%02d%02d|%d|%d", date.year(), date.month(),
                         date.day(), schedule_id, instance);
}

std::optional<DailyJobId> DailyJobId::Parse(absl::string_view text) {
  const auto date = TakeField(text);
  if (!date) return std::nullopt;
  const auto schedule = TakeField(text);
  if (!schedule) return std::nullopt;
  const auto instance = TakeField(text);
  if (!instance || text.empty()) return std::nullopt;
  const auto schedule_id = MakeScheduleId(*date, *schedule, *instance);
  if (!schedule_id) return std::nullopt;
  return DailyJobId{*schedule_id, std::string(text)};
}

std::string DailyJobId::ToString() const {
  return absl::StrCat(schedule.ToString(), "|", job_name);
}

}  // namespace opcon_snow::sandbox::opcon
