#include "incident_service/service/silence_request.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "incident_service/identity.h"
#include "incident_service/service/request_check.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/silence_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr int kMaxMatchers = 20;
constexpr int kMaxReason = 1000;

// Of the years 1 to 9999, as Timestamp has it.
bool IsTime(const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kFirst = -62135596800;
  constexpr std::int64_t kLast = 253402300799;
  return time.seconds() >= kFirst && time.seconds() <= kLast &&
         time.nanos() >= 0 && time.nanos() < 1000000000;
}

void CheckTimes(const v1::Silence& silence, RequestCheck* check) {
  if (!silence.has_expire_time() || !IsTime(silence.expire_time())) {
    check->Add("silence.expire_time", "must say until when");
    return;
  }
  if (!silence.has_start_time()) return;
  if (!IsTime(silence.start_time())) {
    check->Add("silence.start_time", "is no time");
    return;
  }
  if (ToTime(silence.expire_time()) <= ToTime(silence.start_time())) {
    check->Add("silence.expire_time", "must be after start_time");
  }
}

}  // namespace

absl::Status CheckSilence(const v1::CreateSilenceRequest& request) {
  const v1::Silence& silence = request.silence();
  RequestCheck check;
  check.RequestId("request_id", request.request_id());
  check.Text("silence.reason", silence.reason(), 1, kMaxReason);
  CheckTimes(silence, &check);
  if (silence.matchers().empty() || silence.matchers_size() > kMaxMatchers) {
    check.Add("silence.matchers", absl::StrCat("must be 1 to ", kMaxMatchers,
                                               ": what the silence is about"));
    return check.Result();
  }
  for (int i = 0; i < silence.matchers_size(); ++i) {
    const std::string problem = MatcherProblem(silence.matchers(i));
    if (problem.empty()) continue;
    check.Add(absl::StrCat("silence.matchers[", i, "]"), problem);
  }
  return check.Result();
}

Store::NewSilence NewSilenceOf(const v1::CreateSilenceRequest& request,
                               const std::string& actor) {
  Store::NewSilence fresh;
  const v1::Silence& asked = request.silence();
  *fresh.silence.mutable_matchers() = asked.matchers();
  if (asked.has_start_time()) {
    *fresh.silence.mutable_start_time() = asked.start_time();
  }
  *fresh.silence.mutable_expire_time() = asked.expire_time();
  fresh.silence.set_reason(asked.reason());
  fresh.digest = Fingerprint({fresh.silence.SerializeAsString()});
  fresh.silence.set_created_by(actor);
  fresh.request_id = request.request_id();
  return fresh;
}

}  // namespace opcon_snow::incident
