#include "incident_service/identity.h"

#include <algorithm>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/digest/sha256.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr std::size_t kMaxCorrelationId = 100;

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

bool ShowsTheRun(const v1::JobEvent& event, const ::opcon::v1::DailyJob& job) {
  if (event.job_number() != 0 && event.job_number() != job.job_number()) {
    return false;
  }
  switch (job.status().category()) {
    case ::opcon::v1::JOB_CATEGORY_FAILED:
    case ::opcon::v1::JOB_CATEGORY_UNDER_REVIEW:
    case ::opcon::v1::JOB_CATEGORY_FIXED:
      return true;
    default:
      // Missed start, late, cancelled and the like say nothing of an ended
      // run: for them the job's present run is the one.
      return event.kind() != v1::EVENT_KIND_JOB_FAILED &&
             event.kind() != v1::EVENT_KIND_UNSPECIFIED;
  }
}

std::string RunEnd(const ::opcon::v1::DailyJob& job) {
  if (!job.has_end_time()) return "";
  return absl::StrCat(job.end_time().seconds(), ".", job.end_time().nanos());
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

std::string JobKeyText(const v1::JobKey& key) {
  return absl::StrCat(key.opcon(), "/", JobId(key));
}

v1::Failure IdentifyFailure(const v1::Report& report,
                            const ::opcon::v1::DailyJob& job) {
  const v1::JobEvent& event = report.event();
  v1::Failure failure;
  *failure.mutable_job_key() = event.job_key();
  failure.set_kind(event.kind());
  failure.set_schedule_name(job.schedule().name());
  failure.set_first_report_id(report.report_id());
  const std::string key = JobKeyText(event.job_key());
  // The recovery of a run is not its failure, though both show the same run.
  const absl::string_view what =
      event.kind() == v1::EVENT_KIND_RECOVERED ? "recovered" : "failed";
  if (ShowsTheRun(event, job)) {
    failure.set_job_number(job.job_number());
    if (job.has_end_time()) *failure.mutable_run_end_time() = job.end_time();
    failure.set_machine(job.start_machine());
    failure.set_termination(job.termination());
    failure.set_failure_id(Fingerprint(
        {what, "run", key, absl::StrCat(job.job_number()), RunEnd(job)}));
    return failure;
  }
  failure.set_provisional(true);
  failure.set_job_number(event.job_number());
  failure.set_machine(event.machine());
  failure.set_termination(event.termination());
  // The reporter's run number tells reports of one run together; without it
  // each report stands for itself.
  failure.set_failure_id(
      event.job_number() != 0
          ? Fingerprint({what, "number", key, absl::StrCat(event.job_number())})
          : Fingerprint({what, "report", key, report.report_id()}));
  return failure;
}

std::string FailureMarker(absl::string_view failure_id) {
  return absl::StrCat("[OpCon failure ", failure_id.substr(0, 16), "]");
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
  // ServiceNow counts characters; bytes are never fewer.
  if (full.size() <= kMaxCorrelationId) return full;
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
