#include "incident_service/identity.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/digest/sha256.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr std::size_t kMaxCorrelationId = 100;
constexpr char kMarkerBegin[] = "[OpCon failure ";

bool IsSysId(absl::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// ServiceNow numbers are a prefix of letters and then digits.
bool IsNumber(absl::string_view text) {
  const auto first_digit = std::find_if(
      text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool letters = std::all_of(text.begin(), first_digit,
                                   [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool digits = std::all_of(first_digit, text.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return letters && digits && first_digit != text.begin() &&
         first_digit != text.end() && text.size() <= 40;
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::StrCat(time.seconds(), ".", time.nanos());
}

std::string RunEnd(const ::opcon::v1::JobRun& run) {
  return run.has_end_time() ? TimeText(run.end_time()) : "";
}

// OpCon may round; a report that is made by another clock is not told apart
// any better by more.
constexpr absl::Duration kClockSlack = absl::Seconds(2);

absl::Time EndOf(const ::opcon::v1::JobRun& run) {
  return run.has_end_time() ? ToTime(run.end_time()) : absl::InfinitePast();
}

// When the observation was made, by whichever clock is earlier: it cannot have
// been made after it arrived.
absl::Time ObservedAt(const v1::Report& report) {
  const absl::Time arrived = report.has_create_time()
                                 ? ToTime(report.create_time())
                                 : absl::InfiniteFuture();
  if (!report.event().has_occurred_time()) return arrived;
  return std::min(arrived, ToTime(report.event().occurred_time()));
}

bool SameRun(const ::opcon::v1::JobRun& a, const ::opcon::v1::JobRun& b) {
  return a.job_number() == b.job_number() && RunEnd(a) == RunEnd(b);
}

// What all failures of a report have in common.
v1::Failure FailureFor(const v1::Report& report,
                       const ::opcon::v1::DailyJob& job) {
  v1::Failure failure;
  *failure.mutable_job_key() = report.event().job_key();
  failure.set_kind(report.event().kind());
  failure.set_schedule_name(job.schedule().name().empty()
                                ? report.event().schedule_name()
                                : job.schedule().name());
  failure.set_first_report_id(report.report_id());
  return failure;
}

void TakeRun(const ::opcon::v1::JobRun& run, v1::Failure* failure) {
  failure->set_job_number(run.job_number());
  if (run.has_end_time()) *failure->mutable_run_end_time() = run.end_time();
  failure->set_machine(run.machine());
  failure->set_termination(run.termination());
}

template <class Fits>
bool HasAny(const std::vector<::opcon::v1::JobRun>& runs, Fits fits) {
  return std::any_of(runs.begin(), runs.end(), fits);
}

// The index of the run, of those that `fits` lets through, that the report is
// likely about; `runs` are by their ends, earliest first.
template <class Fits>
std::size_t LikeliestRun(const std::vector<::opcon::v1::JobRun>& runs,
                         absl::Time observed, Fits fits) {
  std::optional<std::size_t> first_after;
  std::optional<std::size_t> last_before;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!fits(runs[i])) continue;
    if (EndOf(runs[i]) <= observed + kClockSlack) {
      last_before = i;
    } else if (!first_after.has_value()) {
      first_after = i;
    }
  }
  return last_before.value_or(first_after.value_or(0));
}

}  // namespace

std::string CompactDate(const ::google::type::Date& date) {
  return absl::StrFormat("%04d%02d%02d", date.year(), date.month(), date.day());
}

std::string IsoDate(const ::google::type::Date& date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(),
                         date.day());
}

std::string JobId(const v1::JobKey& key) {
  return absl::StrCat(CompactDate(key.schedule_date()), "|", key.schedule_id(),
                      "|", key.schedule_instance(), "|", key.job_name());
}

std::optional<v1::JobKey> ParseJobId(absl::string_view text) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('|', 3));
  if (parts.size() != 4 || parts[0].size() != 8) return std::nullopt;
  const auto number = [](absl::string_view digits, auto set) {
    std::int32_t value = 0;
    if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(digits, &value)) {
      return false;
    }
    set(value);
    return true;
  };
  v1::JobKey key;
  ::google::type::Date* date = key.mutable_schedule_date();
  const bool read =
      number(parts[0].substr(0, 4), [&](int n) { date->set_year(n); }) &&
      number(parts[0].substr(4, 2), [&](int n) { date->set_month(n); }) &&
      number(parts[0].substr(6, 2), [&](int n) { date->set_day(n); }) &&
      number(parts[1], [&](int n) { key.set_schedule_id(n); }) &&
      number(parts[2], [&](int n) { key.set_schedule_instance(n); });
  if (!read) return std::nullopt;
  key.set_job_name(std::string(parts[3]));
  return key;
}

const v1::JobKey& JobKeyOf(const v1::Report& report) {
  if (report.has_ticket_change()) return report.ticket_change().job_key();
  return report.has_job_recovery() ? report.job_recovery().job_key()
                                   : report.event().job_key();
}

std::string JobKeyText(const v1::JobKey& key) {
  return absl::StrCat(key.opcon(), "/", JobId(key));
}

bool TellsOfAFailedRun(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_MISSED_START_TIME:
    case v1::EVENT_KIND_EXCEEDED_MAX_RUNTIME:
    case v1::EVENT_KIND_LATE_TO_START:
    case v1::EVENT_KIND_LATE_TO_FINISH:
    case v1::EVENT_KIND_WAIT_MACHINE:
    case v1::EVENT_KIND_STILL_ATTEMPTING_TO_START:
    case v1::EVENT_KIND_TO_BE_KILLED:
    case v1::EVENT_KIND_PRERUN_FAILED:
    case v1::EVENT_KIND_CANCELLED:
    case v1::EVENT_KIND_RECOVERED:
      return false;
    default:
      return true;
  }
}

bool ShowsAFailedRun(const ::opcon::v1::JobStatus& status) {
  return status.category() == ::opcon::v1::JOB_CATEGORY_FAILED ||
         status.category() == ::opcon::v1::JOB_CATEGORY_UNDER_REVIEW ||
         status.category() == ::opcon::v1::JOB_CATEGORY_FIXED;
}

bool IsWell(const ::opcon::v1::JobStatus& status) {
  return status.category() == ::opcon::v1::JOB_CATEGORY_FINISHED_OK ||
         status.category() == ::opcon::v1::JOB_CATEGORY_SKIPPED ||
         status.category() == ::opcon::v1::JOB_CATEGORY_FIXED;
}

::opcon::v1::JobRun LatestRun(const ::opcon::v1::DailyJob& job) {
  ::opcon::v1::JobRun run;
  run.set_job_id(job.id());
  run.set_job_number(job.job_number());
  *run.mutable_status() = job.status();
  run.set_termination(job.termination());
  if (job.has_start_time()) *run.mutable_start_time() = job.start_time();
  if (job.has_end_time()) *run.mutable_end_time() = job.end_time();
  run.set_machine(job.start_machine());
  return run;
}

bool IsAboutTheLatestRun(const v1::Report& report,
                         const ::opcon::v1::DailyJob& job) {
  const v1::JobEvent& event = report.event();
  const ::opcon::v1::JobRun latest = LatestRun(job);
  return ShowsAFailedRun(job.status()) &&
         (event.job_number() == 0 || event.job_number() == job.job_number()) &&
         (event.termination().empty() || job.termination().empty() ||
          event.termination() == job.termination()) &&
         EndOf(latest) <= ObservedAt(report) + kClockSlack;
}

std::optional<::opcon::v1::JobRun> NamedRun(const v1::Report& report,
                                            const ::opcon::v1::DailyJob& job) {
  const v1::JobEvent& event = report.event();
  if (!event.has_run_end_time() || event.job_number() == 0) return std::nullopt;
  ::opcon::v1::JobRun run;
  run.set_job_id(JobId(event.job_key()));
  run.set_job_number(event.job_number());
  run.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_FAILED);
  run.mutable_status()->set_description("Failed");
  run.set_termination(event.termination());
  *run.mutable_end_time() = event.run_end_time();
  run.set_machine(event.machine());
  const ::opcon::v1::JobRun latest = LatestRun(job);
  return ShowsAFailedRun(job.status()) && SameRun(run, latest) ? latest : run;
}

std::vector<::opcon::v1::JobRun> FailedRunsOf(
    const v1::Report& report, const ::opcon::v1::DailyJob& job,
    const std::vector<::opcon::v1::JobRun>& history) {
  std::vector<::opcon::v1::JobRun> runs;
  if (ShowsAFailedRun(job.status())) runs.push_back(LatestRun(job));
  for (const ::opcon::v1::JobRun& run : history) {
    const bool known = HasAny(runs, [&](const ::opcon::v1::JobRun& other) {
      return SameRun(run, other);
    });
    if (!known && run.job_id() == job.id() && ShowsAFailedRun(run.status())) {
      runs.push_back(run);
    }
  }
  if (runs.empty()) return runs;
  std::stable_sort(
      runs.begin(), runs.end(),
      [](const ::opcon::v1::JobRun& a, const ::opcon::v1::JobRun& b) {
        return EndOf(a) < EndOf(b);
      });

  const v1::JobEvent& event = report.event();
  const auto has_number = [&](const ::opcon::v1::JobRun& run) {
    return event.job_number() == 0 || run.job_number() == event.job_number();
  };
  const bool by_number = HasAny(runs, has_number);
  const auto has_termination = [&](const ::opcon::v1::JobRun& run) {
    return (!by_number || has_number(run)) &&
           (event.termination().empty() ||
            run.termination() == event.termination());
  };
  const bool by_termination = HasAny(runs, has_termination);
  const std::size_t likeliest = LikeliestRun(
      runs, ObservedAt(report), [&](const ::opcon::v1::JobRun& run) {
        return by_termination ? has_termination(run)
                              : !by_number || has_number(run);
      });

  std::vector<::opcon::v1::JobRun> ordered(
      runs.begin() + static_cast<std::ptrdiff_t>(likeliest), runs.end());
  for (std::size_t i = likeliest; i > 0; --i) ordered.push_back(runs[i - 1]);
  return ordered;
}

v1::Failure FailureOfRun(const v1::Report& report,
                         const ::opcon::v1::DailyJob& job,
                         const ::opcon::v1::JobRun& run) {
  v1::Failure failure = FailureFor(report, job);
  TakeRun(run, &failure);
  failure.set_failure_id(
      Fingerprint({"failed", "run", JobKeyText(failure.job_key()),
                   absl::StrCat(run.job_number()), RunEnd(run)}));
  return failure;
}

v1::Failure FailureOfEvent(const v1::Report& report,
                           const ::opcon::v1::DailyJob& job) {
  v1::Failure failure = FailureFor(report, job);
  const ::opcon::v1::JobRun run = LatestRun(job);
  TakeRun(run, &failure);
  const std::string key = JobKeyText(failure.job_key());
  if (failure.kind() == v1::EVENT_KIND_RECOVERED) {
    // The recovery of a run is not its failure, though both show the same run.
    failure.set_failure_id(
        Fingerprint({"recovered", "run", key, absl::StrCat(run.job_number()),
                     RunEnd(run)}));
  } else {
    failure.set_failure_id(Fingerprint(
        {"event", v1::EventKind_Name(failure.kind()), key,
         absl::StrCat(run.job_number()),
         run.has_start_time() ? TimeText(run.start_time()) : "", RunEnd(run)}));
  }
  return failure;
}

v1::Failure ProvisionalFailure(const v1::Report& report,
                               const ::opcon::v1::DailyJob& job) {
  const v1::JobEvent& event = report.event();
  v1::Failure failure = FailureFor(report, job);
  failure.set_provisional(true);
  failure.set_job_number(event.job_number());
  failure.set_machine(event.machine());
  failure.set_termination(event.termination());
  const std::string key = JobKeyText(event.job_key());
  // Where OpCon keeps the number on a restart, it tells nothing.
  const bool numbered = event.job_number() != 0 && job.job_number() != 0 &&
                        event.job_number() != job.job_number();
  failure.set_failure_id(
      numbered ? Fingerprint({"failed", "number", key,
                              absl::StrCat(event.job_number())})
               : Fingerprint({"failed", "report", key, report.report_id()}));
  return failure;
}

::opcon::v1::DailyJob JobAtRun(::opcon::v1::DailyJob job,
                               const ::opcon::v1::JobRun& run) {
  job.set_job_number(run.job_number());
  *job.mutable_status() = run.status();
  job.set_termination(run.termination());
  job.clear_start_time();
  if (run.has_start_time()) *job.mutable_start_time() = run.start_time();
  job.clear_end_time();
  if (run.has_end_time()) *job.mutable_end_time() = run.end_time();
  if (!run.machine().empty()) job.set_start_machine(run.machine());
  job.clear_detail_messages();
  return job;
}

::opcon::v1::DailyJob JobFromReport(const v1::Report& report) {
  const v1::JobEvent& event = report.event();
  const v1::JobKey& key = event.job_key();
  ::opcon::v1::DailyJob job;
  job.set_id(JobId(key));
  job.set_name(key.job_name());
  job.mutable_schedule()->set_name(event.schedule_name());
  *job.mutable_schedule()->mutable_date() = key.schedule_date();
  job.mutable_schedule()->set_schedule_id(key.schedule_id());
  job.mutable_schedule()->set_schedule_instance(key.schedule_instance());
  job.set_start_machine(event.machine());
  job.set_termination(event.termination());
  job.mutable_status()->set_description("not known, OpCon could not be asked");
  return job;
}

std::string FailureMarker(absl::string_view failure_id) {
  return absl::StrCat(kMarkerBegin, failure_id.substr(0, 16), "]");
}

std::string WithoutMarkers(absl::string_view text) {
  std::string rest;
  while (true) {
    const std::size_t begin = text.find(kMarkerBegin);
    const std::size_t end =
        begin == absl::string_view::npos ? begin : text.find(']', begin);
    if (end == absl::string_view::npos) break;
    absl::string_view before = text.substr(0, begin);
    absl::ConsumeSuffix(&before, " ");
    absl::StrAppend(&rest, before);
    text.remove_prefix(end + 1);
  }
  absl::StrAppend(&rest, text);
  return rest;
}

std::string ChooseSysId(absl::string_view deployment,
                        absl::string_view failure_id,
                        absl::string_view servicenow, int generation) {
  return Fingerprint(
      {"sys_id", deployment, failure_id, servicenow, absl::StrCat(generation)});
}

std::string CorrelationId(absl::string_view public_address,
                          const ::opcon::v1::DailyJob& job) {
  std::string full = absl::StrCat(public_address, ",", job.id());
  // ServiceNow counts characters; bytes are never fewer. And its queries have
  // no escape for "^", so that nobody could look for an id that has one.
  if (full.size() <= kMaxCorrelationId && !absl::StrContains(full, '^')) {
    return full;
  }
  if (job.uid() == 0) {
    // Only OpCon can tell it: a name that no job has, until it was asked.
    return absl::StrCat(public_address, ",#unknown-",
                        Fingerprint({job.id()}).substr(0, 16));
  }
  return absl::StrCat(public_address, ",#", job.uid());
}

TicketId ParseTicketId(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('/', 1));
  TicketId id;
  if (IsSysId(text)) {
    id.sys_id = std::string(text);
  } else if (IsNumber(parts.first)) {
    id.number = std::string(parts.first);
    if (IsSysId(parts.second)) id.sys_id = std::string(parts.second);
  }
  return id;
}

std::string Fingerprint(std::initializer_list<absl::string_view> parts) {
  std::string text;
  for (const absl::string_view part : parts) {
    absl::StrAppend(&text, part.size(), ":", part);
  }
  return Sha256Hex(text).substr(0, 32);
}

std::string MakeReportId(absl::Time now, std::uint32_t counter,
                         std::uint64_t random) {
  static constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  // 48 bits of time, 32 of counter, 48 of random: 128 in 26 digits of 5.
  const auto millis = static_cast<std::uint64_t>(absl::ToUnixMillis(now));
  const unsigned __int128 value =
      (static_cast<unsigned __int128>(millis & 0xffffffffffff) << 80) |
      (static_cast<unsigned __int128>(counter) << 48) |
      (random & 0xffffffffffff);
  std::string id(26, '0');
  unsigned __int128 rest = value;
  for (auto digit = id.rbegin(); digit != id.rend(); ++digit) {
    *digit = kDigits[static_cast<std::size_t>(rest & 31)];
    rest >>= 5;
  }
  return id;
}

}  // namespace opcon_snow::incident
