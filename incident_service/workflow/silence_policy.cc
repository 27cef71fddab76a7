#include "incident_service/workflow/silence_policy.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "re2/re2.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::incident_store::v1::Memo;

constexpr std::size_t kMaxText = 255;
constexpr std::size_t kMaxRegex = 1000;
// Of the compiled expression; RE2 refuses what needs more.
constexpr std::int64_t kMaxRegexMemory = std::int64_t{1} << 20;

re2::RE2::Options RegexOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  return options;
}

// The values of a field; one of them has to match.
std::vector<std::string> Values(v1::MatcherField field,
                                const v1::Report& report, const Memo& memo) {
  const v1::JobEvent& event = report.event();
  const auto known = [](const std::string& shown, const std::string& said) {
    return std::vector<std::string>{shown.empty() ? said : shown};
  };
  switch (field) {
    case v1::MATCHER_FIELD_OPCON:
      return {event.job_key().opcon()};
    case v1::MATCHER_FIELD_SCHEDULE:
      return known(memo.job().schedule().name(), event.schedule_name());
    case v1::MATCHER_FIELD_JOB:
      return {event.job_key().job_name()};
    case v1::MATCHER_FIELD_MACHINE:
      return known(memo.failure().machine(), event.machine());
    case v1::MATCHER_FIELD_TAG:
      return {memo.job().tags().begin(), memo.job().tags().end()};
    case v1::MATCHER_FIELD_TERMINATION:
      return known(memo.failure().termination(), event.termination());
    default:
      return {};
  }
}

bool Fits(const v1::Matcher& matcher, const v1::Report& report,
          const Memo& memo) {
  if (matcher.has_event_kind()) {
    return matcher.event_kind() == report.event().kind();
  }
  const std::vector<std::string> values = Values(matcher.field(), report, memo);
  if (!matcher.has_regex()) {
    return std::find(values.begin(), values.end(), matcher.equals()) !=
           values.end();
  }
  const re2::RE2 regex(matcher.regex(), RegexOptions());
  return std::any_of(values.begin(), values.end(),
                     [&regex](const std::string& value) {
                       return re2::RE2::FullMatch(value, regex);
                     });
}

}  // namespace

bool Fits(const v1::Silence& silence, const v1::Report& report,
          const Memo& memo) {
  return std::all_of(
      silence.matchers().begin(), silence.matchers().end(),
      [&](const v1::Matcher& matcher) { return Fits(matcher, report, memo); });
}

std::string MatcherProblem(const v1::Matcher& matcher) {
  if (matcher.field() == v1::MATCHER_FIELD_UNSPECIFIED ||
      !v1::MatcherField_IsValid(matcher.field())) {
    return "field must say what is looked at";
  }
  const bool kind = matcher.field() == v1::MATCHER_FIELD_EVENT_KIND;
  switch (matcher.match_case()) {
    case v1::Matcher::kEventKind:
      if (!kind) return "event_kind is only for the field EVENT_KIND";
      return matcher.event_kind() == v1::EVENT_KIND_UNSPECIFIED ||
                     !v1::EventKind_IsValid(matcher.event_kind())
                 ? "event_kind is none"
             : matcher.event_kind() == v1::EVENT_KIND_RECOVERED
                 ? "a recovery is never silenced"
                 : "";
    case v1::Matcher::kEquals:
      if (kind) return "the field EVENT_KIND is compared with event_kind";
      return matcher.equals().empty() || matcher.equals().size() > kMaxText
                 ? "equals must have 1 to 255 characters"
                 : "";
    case v1::Matcher::kRegex: {
      if (kind) return "the field EVENT_KIND is compared with event_kind";
      if (matcher.regex().empty() || matcher.regex().size() > kMaxRegex) {
        return "regex must have 1 to 1000 characters";
      }
      const re2::RE2 regex(matcher.regex(), RegexOptions());
      return regex.ok()
                 ? ""
                 : absl::StrCat("regex is no regular expression of RE2 (",
                                regex.error(), ")");
    }
    default:
      return "one of equals, regex and event_kind must be given";
  }
}

}  // namespace opcon_snow::incident
