#include "incident_service/templates/facts.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// When it happened, on the site's clock.
struct LocalMoment {
  std::string date = "unknown";
  std::string time = "unknown";
  std::string clock = "unknown";
  std::string year, month, day, hour, minute, weekday;
};

constexpr char kTimeFormat[] = "%H:%M:%S %Ez";
constexpr char kDateTimeFormat[] = "%Y-%m-%d %H:%M:%S %Ez";

LocalMoment Local(absl::Time time, absl::TimeZone zone) {
  LocalMoment local;
  if (time == absl::InfinitePast()) return local;
  const auto as = [&](const char* format) {
    return absl::FormatTime(format, time, zone);
  };
  local.date = as("%Y-%m-%d");
  local.time = as(kTimeFormat);
  local.clock = as("%H%M%S");
  local.year = as("%Y");
  local.month = as("%m");
  local.day = as("%d");
  local.hour = as("%H");
  local.minute = as("%M");
  local.weekday = absl::AsciiStrToLower(as("%A"));
  return local;
}

// Every byte that is not unreserved in RFC 3986.
std::string ForUrl(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// How long the run took, in whole seconds; empty if OpCon does not say.
std::string DurationOf(const TemplateFacts& facts) {
  const ::opcon::v1::DailyJob& job = facts.job;
  if (!job.has_start_time()) return "";
  const absl::Time begin = ToTime(job.start_time());
  absl::Time end = begin;
  if (facts.failure.has_run_end_time()) {
    end = ToTime(facts.failure.run_end_time());
  } else if (job.has_end_time()) {
    end = ToTime(job.end_time());
  } else {
    return "";
  }
  if (end < begin) return "";
  return absl::FormatDuration(absl::Trunc(end - begin, absl::Seconds(1)));
}

std::string OrNone(const std::string& text) {
  return text.empty() ? "none" : text;
}

}  // namespace

absl::Time MomentOf(const TemplateFacts& facts) {
  const ::opcon::v1::DailyJob& job = facts.job;
  if (facts.failure.has_run_end_time()) {
    return ToTime(facts.failure.run_end_time());
  }
  if (job.has_end_time()) return ToTime(job.end_time());
  if (job.has_start_time()) return ToTime(job.start_time());
  return facts.observed;
}

absl::TimeZone SiteZone(const TemplateFacts& facts,
                        const std::optional<absl::TimeZone>& wanted) {
  return wanted.value_or(
      absl::FixedTimeZone(static_cast<int>(facts.job.utc_offset().seconds())));
}

std::string EventName(v1::EventKind kind) {
  return absl::AsciiStrToLower(
      absl::StripPrefix(v1::EventKind_Name(kind), "EVENT_KIND_"));
}

std::string ExitCode(absl::string_view termination) {
  const std::size_t end = termination.find(':');
  absl::string_view number = termination.substr(0, end);
  absl::ConsumePrefix(&number, "+");
  std::int64_t code = 0;
  if (!absl::SimpleAtoi(number, &code)) return "";
  return absl::StrCat(code);
}

std::string RunWords(const ::opcon::v1::JobRun& run, absl::TimeZone zone) {
  const std::string when =
      run.has_end_time()
          ? absl::FormatTime(kDateTimeFormat, ToTime(run.end_time()), zone)
          : "at an unknown time";
  return absl::StrCat(when, ": ", run.status().description(),
                      run.termination().empty() ? "" : " ", run.termination(),
                      " (run ", run.job_number(), ")");
}

std::string EventWords(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_MARKED_FAILED:
      return "was marked failed";
    case v1::EVENT_KIND_INITIALIZATION_ERROR:
      return "could not be initialized";
    case v1::EVENT_KIND_PRERUN_FAILED:
      return "failed in its pre-run";
    case v1::EVENT_KIND_MISSED_START_TIME:
      return "missed its start time";
    case v1::EVENT_KIND_EXCEEDED_MAX_RUNTIME:
      return "runs longer than it may";
    case v1::EVENT_KIND_LATE_TO_START:
      return "is late to start";
    case v1::EVENT_KIND_LATE_TO_FINISH:
      return "is late to finish";
    case v1::EVENT_KIND_WAIT_MACHINE:
      return "waits for a machine";
    case v1::EVENT_KIND_STILL_ATTEMPTING_TO_START:
      return "still attempts to start";
    case v1::EVENT_KIND_TO_BE_KILLED:
      return "is about to be terminated";
    case v1::EVENT_KIND_CANCELLED:
      return "was cancelled";
    case v1::EVENT_KIND_RECOVERED:
      return "recovered";
    default:
      return "failed";
  }
}

MustacheValues ValuesOf(const TemplateFacts& facts, absl::TimeZone zone) {
  const v1::Failure& failure = facts.failure;
  const ::opcon::v1::DailyJob& job = facts.job;
  const v1::JobKey& key = failure.job_key();
  const LocalMoment moment = Local(MomentOf(facts), zone);
  MustacheValues values;
  values.values = {
      {"opcon", key.opcon()},
      {"job", key.job_name()},
      {"job_id", JobId(key)},
      {"job_id_in_url", ForUrl(JobId(key))},
      {"job_number", absl::StrCat(failure.job_number())},
      {"unique_job_id", job.unique_job_id()},
      {"job_type", job.job_type()},
      {"schedule", failure.schedule_name()},
      {"schedule_date", IsoDate(key.schedule_date())},
      {"schedule_id", absl::StrCat(key.schedule_id())},
      {"schedule_instance", absl::StrCat(key.schedule_instance())},
      {"machine", OrNone(failure.machine())},
      {"termination", OrNone(failure.termination())},
      {"exit_code", ExitCode(failure.termination())},
      {"status", job.status().description()},
      {"event", EventWords(failure.kind())},
      {"event_kind", EventName(failure.kind())},
      {"date", moment.date},
      {"time", moment.time},
      {"clock", moment.clock},
      {"year", moment.year},
      {"month", moment.month},
      {"day", moment.day},
      {"hour", moment.hour},
      {"minute", moment.minute},
      {"weekday", moment.weekday},
      {"start_time",
       job.has_start_time()
           ? absl::FormatTime(kDateTimeFormat, ToTime(job.start_time()), zone)
           : ""},
      {"duration", DurationOf(facts)},
      {"frequency", job.frequency()},
      {"department", job.department()},
      // Our own lines in it have markers, of other failures.
      {"documentation", WithoutMarkers(job.documentation().job_text())},
      {"previous_ticket", facts.previous_ticket},
      {"failure_id", failure.failure_id()},
      {kLogTail, facts.context.log_tail()},
  };
  values.lists["tags"] = {job.tags().begin(), job.tags().end()};
  const auto& runs = facts.context.last_runs();
  values.lists[kLastRuns] = {runs.begin(), runs.end()};
  std::vector<std::string>& properties = values.lists["properties"];
  for (const auto& [name, value] : job.properties()) {
    properties.push_back(absl::StrCat(name, "=", value));
  }
  std::sort(properties.begin(), properties.end());
  return values;
}

const MustacheValues& KnownNames() {
  static const MustacheValues* const known = [] {
    const v1::Failure failure;
    const ::opcon::v1::DailyJob job;
    auto* values =
        new MustacheValues(ValuesOf({failure, job}, absl::UTCTimeZone()));
    return values;
  }();
  return *known;
}

}  // namespace opcon_snow::incident
