// The texts that name jobs, schedules, days and times: what is taken for one
// has its form, and is found again by it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "opcon/v1/daily_job.pb.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/wire_time.h"

namespace {

using opcon_snow::opcon::FormatDate;
using opcon_snow::opcon::IsDailyJobId;
using opcon_snow::opcon::IsDailyScheduleId;
using opcon_snow::opcon::IsSelected;
using opcon_snow::opcon::IsValidDate;
using opcon_snow::opcon::ParseIdDate;
using opcon_snow::opcon::ParseWireDate;
using opcon_snow::opcon::ParseWireTime;
using opcon_snow::opcon::SelectorText;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckIds(const std::string& text) {
  Require(!IsDailyJobId(text) || !IsDailyScheduleId(text));
  if (IsDailyScheduleId(text)) {
    Require(std::count(text.begin(), text.end(), '|') == 2);
    Require(IsDailyJobId(text + "|JOB"));
  }
  if (!IsDailyJobId(text)) return;
  Require(ParseIdDate(text.substr(0, 8)).has_value());
  opcon::v1::JobSelector selector;
  selector.set_id(text);
  opcon::v1::DailyJob job;
  job.set_id(text);
  Require(IsSelected(selector, job));
  Require(SelectorText(selector) == absl::StrCat("id ", text));
  job.set_id(text + "x");
  Require(!IsSelected(selector, job));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckIds(text);
  if (const auto date = ParseWireDate(text)) {
    Require(IsValidDate(*date));
    Require(absl::StartsWith(text, FormatDate(*date)));
  }
  static const absl::TimeZone zone = absl::FixedTimeZone(5 * 60 * 60);
  const auto time = ParseWireTime(text);
  Require(ParseWireTime(text, zone).has_value() || !time.has_value() ||
          time->time < absl::UnixEpoch() + absl::Hours(24));
  if (time) Require(time->time >= absl::UnixEpoch());
  return 0;
}
