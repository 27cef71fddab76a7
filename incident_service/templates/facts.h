#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_FACTS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_FACTS_H_

// The names that templates may use, and their values for one failure. They are
// documented at config.v1.Template.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "incident/v1/job_event.pb.h"
#include "incident/v1/report.pb.h"
#include "incident_service/templates/mustache_text.h"
#include "incident_store/v1/records.pb.h"
#include "opcon/v1/daily_job.pb.h"

namespace opcon_snow::incident {

// What a template may speak of.
struct TemplateFacts {
  const ::incident::v1::Failure& failure;
  const ::opcon::v1::DailyJob& job;
  // The number of the incident that a new one replaces, and why; empty if it
  // replaces none.
  std::string previous_ticket{};
  std::string previous_reason{};
  // For work notes: the description that an update takes the place of, if no
  // note tells it yet, and whether the job has become well again by itself.
  std::string overwritten_description{};
  bool well_again = false;
  // When the failure was observed; used where OpCon does not say when it was.
  absl::Time observed = absl::InfinitePast();
  // What was fetched for the template beside the job.
  ::incident_store::v1::TemplateContext context{};
};

// Names that cost a call to OpCon.
inline constexpr char kLastRuns[] = "last_runs";
inline constexpr char kLogTail[] = "log_tail";
// How much of them there is at most.
inline constexpr int kMaxLastRuns = 10;
inline constexpr int kMaxLogTail = 2000;  // characters

// When it happened: by OpCon, else when it was observed; InfinitePast if
// nobody knows.
absl::Time MomentOf(const TemplateFacts& facts);
// `wanted`, or the offset that OpCon's times had.
absl::TimeZone SiteZone(const TemplateFacts& facts,
                        const std::optional<absl::TimeZone>& wanted);

// Times are told in `zone`.
MustacheValues ValuesOf(const TemplateFacts& facts, absl::TimeZone zone);

// Every name, with values of no meaning.
const MustacheValues& KnownNames();

// What happened, in words that follow "job X": `failed`.
std::string EventWords(::incident::v1::EventKind kind);
// The same as a word for rules: `job_failed`.
std::string EventName(::incident::v1::EventKind kind);

// The number in an exit condition, without leading zeros, such as `5` of
// `0000000005` or `+000000005:0000:N`; empty if there is none.
std::string ExitCode(absl::string_view termination);

// A run as `last_runs` tells it.
std::string RunWords(const ::opcon::v1::JobRun& run, absl::TimeZone zone);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_FACTS_H_
