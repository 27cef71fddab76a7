#include "incident_service/templates/facts.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// When it happened, on the site's clock.
struct LocalMoment {
  std::string date;
  std::string time;
  std::string clock;
};

LocalMoment MomentOf(const TemplateFacts& facts) {
  const ::opcon::v1::DailyJob& job = facts.job;
  const google::protobuf::Timestamp* moment = nullptr;
  if (facts.failure.has_run_end_time()) {
    moment = &facts.failure.run_end_time();
  } else if (job.has_end_time()) {
    moment = &job.end_time();
  } else if (job.has_start_time()) {
    moment = &job.start_time();
  }
  if (moment == nullptr) return {"unknown", "unknown", "unknown"};
  const absl::TimeZone zone =
      absl::FixedTimeZone(static_cast<int>(job.utc_offset().seconds()));
  const absl::Time time = ToTime(*moment);
  return {absl::FormatTime("%Y-%m-%d", time, zone),
          absl::FormatTime("%H:%M:%S %Ez", time, zone),
          absl::FormatTime("%H%M%S", time, zone)};
}

std::string OrNone(const std::string& text) {
  return text.empty() ? "none" : text;
}

}  // namespace

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

MustacheValues ValuesOf(const TemplateFacts& facts) {
  const v1::Failure& failure = facts.failure;
  const ::opcon::v1::DailyJob& job = facts.job;
  const v1::JobKey& key = failure.job_key();
  const LocalMoment moment = MomentOf(facts);
  MustacheValues values;
  values.values = {
      {"opcon", key.opcon()},
      {"job", key.job_name()},
      {"job_id", JobId(key)},
      {"job_number", absl::StrCat(failure.job_number())},
      {"job_type", job.job_type()},
      {"schedule", failure.schedule_name()},
      {"schedule_date", IsoDate(key.schedule_date())},
      {"schedule_id", absl::StrCat(key.schedule_id())},
      {"schedule_instance", absl::StrCat(key.schedule_instance())},
      {"machine", OrNone(failure.machine())},
      {"termination", OrNone(failure.termination())},
      {"status", job.status().description()},
      {"event", EventWords(failure.kind())},
      {"date", moment.date},
      {"time", moment.time},
      {"clock", moment.clock},
      {"frequency", job.frequency()},
      {"department", job.department()},
      // Our own lines in it have markers, of other failures.
      {"documentation", WithoutMarkers(job.documentation().job_text())},
      {"previous_ticket", facts.previous_ticket},
      {"failure_id", failure.failure_id()},
  };
  values.lists["tags"] = {job.tags().begin(), job.tags().end()};
  return values;
}

const MustacheValues& KnownNames() {
  static const MustacheValues* const known = [] {
    const v1::Failure failure;
    const ::opcon::v1::DailyJob job;
    auto* values = new MustacheValues(ValuesOf({failure, job}));
    return values;
  }();
  return *known;
}

}  // namespace opcon_snow::incident
