#include "cli/filters.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/command_line.h"
#include "cli/enum_text.h"
#include "cli/schedule_date.h"
#include "incident/v1/report.pb.h"

namespace opcon_snow::cli {
namespace {

absl::Status Invalid(absl::string_view option, absl::string_view value,
                     absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", Shown(value), " ", what));
}

void Fill(std::chrono::year_month_day from, google::type::Date* date) {
  date->set_year(static_cast<int>(from.year()));
  date->set_month(static_cast<int>(static_cast<unsigned>(from.month())));
  date->set_day(static_cast<int>(static_cast<unsigned>(from.day())));
}

// A time, or a duration that is `sign` times away from now.
absl::Status SetTime(absl::string_view option, const std::string& text,
                     absl::Time now, int sign,
                     google::protobuf::Timestamp* time) {
  absl::Time then;
  absl::Duration away;
  std::string ignored;
  if (absl::ParseDuration(text, &away) && away > absl::ZeroDuration()) {
    then = now + sign * away;
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &then, &ignored)) {
    return Invalid(option, text,
                   "is neither a time such as 2026-01-05T12:00:00Z nor a "
                   "duration such as 24h");
  }
  time->set_seconds(absl::ToUnixSeconds(then));
  return absl::OkStatus();
}

}  // namespace

absl::Status AddStates(const std::vector<std::string>& names,
                       google::protobuf::RepeatedField<int>* states) {
  for (const std::string& name : names) {
    const auto state = ParseEnumText<::incident::v1::ReportState>(name);
    if (!state) {
      return Invalid("--state", name,
                     absl::StrCat("is none of ",
                                  EnumTexts<::incident::v1::ReportState>()));
    }
    states->Add(*state);
  }
  return absl::OkStatus();
}

absl::Status SetDate(const std::string& text, google::type::Date* date) {
  const absl::StatusOr<std::chrono::year_month_day> parsed =
      ParseScheduleDate(text);
  if (!parsed.ok()) return Invalid("--date", text, parsed.status().message());
  Fill(*parsed, date);
  return absl::OkStatus();
}

absl::Status SetSince(const std::string& text, absl::Time now,
                      google::protobuf::Timestamp* time) {
  return SetTime("--since", text, now, /*sign=*/-1, time);
}

absl::Status SetFromNow(absl::string_view option, const std::string& text,
                        absl::Time now, google::protobuf::Timestamp* time) {
  return SetTime(option, text, now, /*sign=*/1, time);
}

absl::StatusOr<::incident::v1::JobKey> ParseJobId(const std::string& text) {
  const absl::Status wrong =
      Invalid("JOB_ID", text,
              "is not the id of a daily job; it is YYYYMMDD|scheduleId|"
              "scheduleInstance|jobName, in quotes: \"20260105|16|1|JOB001\"");
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::MaxSplits('|', 3));
  if (parts.size() != 4 || parts[0].size() != 8 || parts[3].empty()) {
    return wrong;
  }
  ::incident::v1::JobKey key;
  const auto date = ParseScheduleDate(parts[0]);
  std::int32_t id = 0;
  std::int32_t instance = 0;
  if (!date.ok() || !absl::SimpleAtoi(parts[1], &id) ||
      !absl::SimpleAtoi(parts[2], &instance)) {
    return wrong;
  }
  Fill(*date, key.mutable_schedule_date());
  key.set_schedule_id(id);
  key.set_schedule_instance(instance);
  key.set_job_name(parts[3]);
  return key;
}

std::string JobIdText(const ::incident::v1::JobKey& key) {
  const google::type::Date& date = key.schedule_date();
  return absl::StrFormat("%04d%02d%02d|%d|%d|%s", date.year(), date.month(),
                         date.day(), key.schedule_id(), key.schedule_instance(),
                         key.job_name());
}

std::string DateText(const google::type::Date& date) {
  if (date.year() == 0) return "";
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(),
                         date.day());
}

}  // namespace opcon_snow::cli
