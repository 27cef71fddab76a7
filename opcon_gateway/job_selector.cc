#include "opcon_gateway/job_selector.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using ::opcon::v1::JobSelector;

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

// Date, schedule id and instance.
bool AreScheduleParts(const std::vector<absl::string_view>& parts) {
  return ParseIdDate(parts[0]).has_value() && AllDigits(parts[1]) &&
         parts[1].size() <= 10 && AllDigits(parts[2]) && parts[2].size() <= 10;
}

}  // namespace

bool SameDate(const google::type::Date& a, const google::type::Date& b) {
  return a.year() == b.year() && a.month() == b.month() && a.day() == b.day();
}

std::string SelectorText(const JobSelector& selector) {
  switch (selector.selector_case()) {
    case JobSelector::kId:
      return absl::StrCat("id ", selector.id());
    case JobSelector::kUid:
      return absl::StrCat("uid ", selector.uid());
    case JobSelector::kName:
      return absl::StrCat("job \"", selector.name().job_name(),
                          "\" of schedule \"", selector.name().schedule_name(),
                          "\" on ",
                          FormatDate(selector.name().schedule_date()));
    case JobSelector::kJobNumber:
      return absl::StrCat("job number ", selector.job_number());
    case JobSelector::SELECTOR_NOT_SET:
      break;
  }
  return "";
}

bool IsSelected(const JobSelector& selector, const ::opcon::v1::DailyJob& job) {
  switch (selector.selector_case()) {
    case JobSelector::kId:
      return absl::EqualsIgnoreCase(job.id(), selector.id());
    case JobSelector::kUid:
      return job.uid() == selector.uid();
    case JobSelector::kName:
      return job.name() == selector.name().job_name() &&
             job.schedule().name() == selector.name().schedule_name() &&
             SameDate(job.schedule().date(), selector.name().schedule_date());
    case JobSelector::kJobNumber:
      return job.job_number() == selector.job_number();
    case JobSelector::SELECTOR_NOT_SET:
      break;
  }
  return false;
}

bool IsDailyJobId(absl::string_view id) {
  // A job name holds no bar, but that is OpCon's affair.
  const std::vector<absl::string_view> parts =
      absl::StrSplit(id, absl::MaxSplits('|', 3));
  return parts.size() == 4 && AreScheduleParts(parts) && !parts[3].empty();
}

bool IsDailyScheduleId(absl::string_view id) {
  const std::vector<absl::string_view> parts = absl::StrSplit(id, '|');
  return parts.size() == 3 && AreScheduleParts(parts);
}

}  // namespace opcon_snow::opcon
