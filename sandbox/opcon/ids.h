#ifndef OPCON_SNOW_SANDBOX_OPCON_IDS_H_
#define OPCON_SNOW_SANDBOX_OPCON_IDS_H_

// Ids of the daily tables as the REST API writes them:
//   daily schedule   YYYYMMDD|<scheduleId>|<instance>
//   daily job        YYYYMMDD|<scheduleId>|<instance>|<jobName>

#include <compare>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace opcon_snow::sandbox::opcon {

struct DailyScheduleId {
  absl::CivilDay date;
  int schedule_id = 0;
  int instance = 0;

  // Exact: eight digits, then two positive decimal numbers without sign.
  static std::optional<DailyScheduleId> Parse(absl::string_view text);
  std::string ToString() const;

  friend bool operator==(const DailyScheduleId& a, const DailyScheduleId& b) {
    return a.date == b.date && a.schedule_id == b.schedule_id &&
           a.instance == b.instance;
  }
  friend bool operator<(const DailyScheduleId& a, const DailyScheduleId& b);
};

struct DailyJobId {
  DailyScheduleId schedule;
  std::string job_name;

  // The job name is everything after the third bar and must not be empty.
  static std::optional<DailyJobId> Parse(absl::string_view text);
  std::string ToString() const;

  friend bool operator==(const DailyJobId& a, const DailyJobId& b) {
    return a.schedule == b.schedule && a.job_name == b.job_name;
  }
  friend bool operator<(const DailyJobId& a, const DailyJobId& b);
};

// "2026-01-05", "2026/01/05" or "20260105", optionally followed by "T…" as in
// a full date-time; the forms that clients of the API send.
std::optional<absl::CivilDay> ParseDate(absl::string_view text);

// A decimal number without sign or blanks that fits int; none otherwise.
std::optional<int> ParsePlainInt(absl::string_view text);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_IDS_H_
