#include "incident_service/store/silence_changes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";

absl::Status WrongEnd(absl::Time end, absl::string_view problem) {
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat("silence.expire_time ",
                   absl::FormatTime(end, absl::UTCTimeZone()), " ", problem),
      {.reason = "INVALID_REQUEST",
       .domain = kDomain,
       .violations = {{"silence.expire_time", std::string(problem)}}});
}

}  // namespace

absl::StatusOr<v1::Silence> BeginSilence(const Store::NewSilence& fresh,
                                         const std::string& silence_id,
                                         absl::Time now) {
  v1::Silence silence = fresh.silence;
  silence.set_silence_id(silence_id);
  SetTime(now, silence.mutable_create_time());
  if (!silence.has_start_time()) SetTime(now, silence.mutable_start_time());
  silence.clear_suppressed_count();
  const absl::Time end = ToTime(silence.expire_time());
  if (end <= now) return WrongEnd(end, "must be after now");
  if (end - ToTime(silence.start_time()) > Store::kLongestSilence) {
    return WrongEnd(end, "must be at most 90 days after the start");
  }
  return silence;
}

bool EndSilence(absl::Time now, v1::Silence* silence) {
  if (ToTime(silence->expire_time()) <= now) return false;
  SetTime(now, silence->mutable_expire_time());
  SetTime(std::min(now, ToTime(silence->start_time())),
          silence->mutable_start_time());
  return true;
}

bool IsInForce(const v1::Silence& silence, absl::Time time) {
  return ToTime(silence.start_time()) <= time &&
         time < ToTime(silence.expire_time());
}

void CountSuppressed(v1::Silence* silence) {
  silence->set_suppressed_count(silence->suppressed_count() + 1);
}

v1::AuditEntry SilenceEntry(absl::string_view action,
                            absl::string_view silence_id,
                            const Decision& decision) {
  v1::AuditEntry entry = DecisionEntry(action, silence_id, decision);
  entry.clear_report_id();
  return entry;
}

absl::Status NoSuchSilence(absl::string_view silence_id) {
  return MakeError(
      absl::StatusCode::kNotFound,
      absl::StrCat("there is no silence ", silence_id,
                   ", or it is past its retention; `incidentctl silences list "
                   "--all` shows what there is"),
      {.reason = "RECORD_NOT_FOUND",
       .domain = kDomain,
       .metadata = {{"silence_id", std::string(silence_id)}}});
}

absl::Status SilenceRequestIdReused(absl::string_view request_id,
                                    absl::string_view silence_id) {
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat("request_id ", request_id,
                   " has been used for another silence (", silence_id,
                   "): make a new request_id for each"),
      {.reason = "REQUEST_ID_REUSED",
       .domain = kDomain,
       .metadata = {{"silence_id", std::string(silence_id)}}});
}

absl::Status TooManySilences() {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("there are ", Store::kMaxSilences,
                   " silences that have not ended, as many as may be: end some "
                   "with `incidentctl silences expire`, or make one with a "
                   "regular expression of several"),
      {.reason = "OVERLOADED", .domain = kDomain});
}

}  // namespace opcon_snow::incident
